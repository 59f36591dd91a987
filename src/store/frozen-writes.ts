import { groupBy } from '#lib/group';
import type { EnvelopeId, InstallId, TenantId } from '#core/ids';
import { RESTORE_KEY } from '#core/overwrite';
import type { FieldValue } from '#core/records';
import type { Db } from '#store/database';

/** A write-once field as we left it. */
export interface FrozenWrite {
  record: string;
  field: string;
  /** What was written when the field was empty. */
  value: FieldValue;
  envelope: EnvelopeId;
  /** When a write of ours last set it. */
  at: number;
}
/** So many writes of a deal and what stands around it are looked at, the oldest first: what is written once is among the first. */
const WRITES_SEEN = 5000;

interface Write {
  record: { type: string; id: string };
  set?: Record<string, FieldValue>;
  once?: string[];
}

/** The write-once fields of these records (`type:id`) that hold a value of ours, as far as the CRM confirmed it: a field that held something already was never ours. */
export async function frozenWrites(db: Db, tenant: TenantId, install: InstallId, records: readonly string[]): Promise<FrozenWrite[]> {
  if (records.length === 0) return [];
  const rows = await db
    .selectFrom('outbox')
    .select(['id', 'key', 'record', 'data', 'envelope', 'updated_at'])
    .where('tenant', '=', tenant)
    .where('record', 'in', records)
    .where('install', '=', install)
    .where('state', '=', 'done')
    .orderBy('ordinal')
    .limit(WRITES_SEEN)
    .execute();
  const writes = rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Write }));
  const once = writes.filter(({ data }) => data.once && data.once.length > 0);
  if (once.length === 0) return [];
  const written = await writtenFields(
    db,
    tenant,
    once.map(({ id }) => id),
  );
  return fold(writes, written);
}

type Done = { id: string; key: string; record: string | null; data: Write; envelope: EnvelopeId | null; updated_at: number };

/** The first write of each field, and when it was restored since. A field that a later mapping writes each time is not kept any more. */
function fold(writes: readonly Done[], written: ReadonlyMap<string, ReadonlySet<string>>): FrozenWrite[] {
  const found = new Map<string, FrozenWrite>();
  for (const write of writes) {
    for (const field of Object.keys(write.data.set ?? {})) {
      const key = `${write.record ?? ''}|${field}`;
      const next = after(found.get(key), write, field, written.get(write.id)?.has(field) ?? false);
      if (next) found.set(key, next);
      else found.delete(key);
    }
  }
  return [...found.values()];
}

function after(known: FrozenWrite | undefined, { key, record, data, envelope, updated_at: at }: Done, field: string, confirmed: boolean): FrozenWrite | undefined {
  if (data.once?.includes(field)) return known ?? (confirmed && envelope !== null ? { record: record ?? '', field, value: data.set?.[field] ?? null, envelope, at } : undefined);
  return known && key.startsWith(RESTORE_KEY) ? { ...known, at } : undefined;
}

async function writtenFields(db: Db, tenant: TenantId, effects: `eff_${string}`[]): Promise<Map<string, Set<string>>> {
  const receipts = await db
    .selectFrom('receipts')
    .select(['effect', 'detail'])
    .where('tenant', '=', tenant)
    .where('effect', 'in', effects)
    .where('outcome', 'in', ['done', 'partly'])
    .execute();
  const byEffect = groupBy(receipts, ({ effect }) => effect);
  return new Map([...byEffect].map(([effect, some]) => [effect, new Set(some.flatMap(({ detail }) => (JSON.parse(detail) as { fields?: string[] }).fields ?? []))]));
}
