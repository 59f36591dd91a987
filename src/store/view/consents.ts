import type { ConsentStatus, ConsentType } from '#core/consent';
import type { ConsentId, EffectId, InstallId, PersonId, TenantId } from '#core/ids';
import { isObject } from '#lib/json';
import type { Db } from '#store/database';
import type { Consent } from '#store/consents';
import type { EffectState } from '#store/view/outbox';
import { cut, type Ask, type Page } from '#store/view/page';

export interface ConsentFilter {
  type?: ConsentType | undefined;
  status?: ConsentStatus | undefined;
  person?: PersonId | undefined;
  /** The whole of a person's or a record's id, a purpose, a channel or the name of a text. */
  text?: string | undefined;
}

/** Acts from the newest to the oldest; `after` is a place in the ledger. */
export async function listConsentActs(db: Db, tenant: TenantId, filter: ConsentFilter, ask: Ask): Promise<Page<Consent>> {
  let query = db.selectFrom('consents').selectAll().where('tenant', '=', tenant);
  if (ask.after) query = query.where('seq', '<', Number(ask.after) || 0);
  if (filter.type) query = query.where('type', '=', filter.type);
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.person) query = query.where('person', '=', filter.person);
  const text = filter.text?.trim();
  if (text)
    query = query.where((where) =>
      where.or([
        where('person', '=', text as PersonId),
        where('id', '=', text as ConsentId),
        where('purpose', '=', text),
        where('channel', '=', text as NonNullable<Consent['channel']>),
        where('text_name', '=', text),
      ]),
    );
  const rows = await query
    .orderBy('seq', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => String(row.seq));
}

/** How one system was told of one act. */
export interface Telling {
  effect: EffectId;
  consent: ConsentId;
  install: InstallId;
  vendor: string | null;
  account: string | null;
  state: EffectState;
  /** Until when it should know, milliseconds since the epoch; null where nobody said. */
  dueAt: number | null;
  doneAt: number | null;
  /** What the receipt says of it: `told`, `already`, `no-place`, `kept-out`. */
  outcome: string | null;
  note: string | null;
}

const ASKED_AT_ONCE = 500;

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = text === '' ? null : JSON.parse(text);
  return isObject(value) ? value : {};
}

/** Which systems were told of these acts, with what their receipts say. */
export async function listTellings(db: Db, tenant: TenantId, consents: readonly ConsentId[]): Promise<Telling[]> {
  const installs = await db.selectFrom('installs').select(['id', 'vendor', 'name']).where('tenant', '=', tenant).execute();
  const keys = consents.slice(0, ASKED_AT_ONCE).flatMap((consent) => installs.map(({ id }) => ({ key: `consent|${consent}|${id}`, consent, install: id })));
  if (keys.length === 0) return [];
  const effects = await db
    .selectFrom('outbox')
    .select(['id', 'key', 'state', 'data'])
    .where('tenant', '=', tenant)
    .where('kind', '=', 'consent.tell')
    .where(
      'key',
      'in',
      keys.map(({ key }) => key),
    )
    .execute();
  if (effects.length === 0) return [];
  const receipts = await db
    .selectFrom('receipts')
    .select(['effect', 'at', 'outcome', 'detail'])
    .where('tenant', '=', tenant)
    .where(
      'effect',
      'in',
      effects.map(({ id }) => id),
    )
    .orderBy('seq')
    .execute();
  return effects.flatMap((effect): Telling[] => {
    const named = keys.find(({ key }) => key === effect.key);
    if (!named) return [];
    const install = installs.find(({ id }) => id === named.install);
    const receipt = receipts.findLast((one) => one.effect === effect.id);
    const { dueAt } = objectOf(effect.data);
    const { outcome, note } = objectOf(receipt?.detail ?? '');
    const done = receipt?.outcome === 'done' || receipt?.outcome === 'partly';
    return [
      {
        ...{ effect: effect.id, consent: named.consent, install: named.install, state: effect.state },
        ...{ vendor: install?.vendor ?? null, account: install?.name ?? null },
        dueAt: typeof dueAt === 'number' ? dueAt : null,
        doneAt: done ? receipt.at : null,
        outcome: typeof outcome === 'string' ? outcome : null,
        note: typeof note === 'string' ? note : null,
      },
    ];
  });
}
