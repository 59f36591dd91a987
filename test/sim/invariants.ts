import type { RecordWrite } from '#ports/crm';
import type { Tenant } from './base.ts';
import type { Disk } from './disk.ts';
import { NEEDS } from './mappings.ts';
import type { Asked } from './network.ts';

/*
 * What may never be, at the moment at which it would be. What holds of a whole story is in outcome.ts. Each is written from what the issue promises and reads the
 * database past the product: none of them asks the code that it judges.
 */

/** The highest place that a write to a field had in the ledger, by record and field. */
export type Written = Map<string, number>;
/** How far a tenant's ledger of consents had come, and when that was seen. */
export interface Seen {
  tenant: string;
  seq: number;
  at: number;
}

/** No byte of one tenant in another's call: neither its people, nor its ids, nor its token. */
export async function noForeignBytes(disk: Disk, tenants: readonly Tenant[], tenant: Tenant, { place, token, name, sent }: Asked): Promise<string | null> {
  if (token !== null && !token.startsWith(`${place.name}#`)) return `${place.name} was asked to ${name} with the token ${token}.`;
  const text = JSON.stringify(sent) ?? '';
  for (const other of tenants) {
    if (other === tenant) continue;
    const foreign = [`${other.mark} `, `@${other.mark}.`, `${other.mark}-`, other.id, other.crm.install, other.sign.install].find((part) => text.includes(part));
    if (foreign !== undefined) return `${place.name} was asked to ${name} with "${foreign}" of another tenant.`;
  }
  for (const id of new Set(text.match(/\b(env|eff|cor)_[0-9a-z]{26}\b/g))) {
    const [row] = await disk.query<{ tenant: string }>(
      'select tenant from envelopes where id = ? union select tenant from outbox where id = ? union select tenant from facts where correlation = ?',
      id,
      id,
      id,
    );
    if (row && row.tenant !== tenant.id) return `${place.name} was asked to ${name} with ${id} of another tenant.`;
  }
  return null;
}

/** No field write older than the last: what lands comes from a fact no earlier than what landed there before. */
export async function noOlderWrite(disk: Disk, tenant: Tenant, written: Written, { record, set }: RecordWrite, landed: readonly string[]): Promise<string | null> {
  const rows = await disk.query<{ ordinal: number; data: string }>(
    "select ordinal, data from outbox where tenant = ? and install = ? and kind = 'record.write' and record = ?",
    tenant.id,
    tenant.crm.install,
    `${record.type}:${record.id}`,
  );
  for (const field of landed) {
    const from = rows.filter(({ data }) => {
      const asked = (JSON.parse(data) as { set: Record<string, unknown> }).set;
      return field in asked && asked[field] === set[field];
    });
    if (from.length === 0) continue;
    const ordinal = Math.max(...from.map((row) => row.ordinal));
    const key = `${tenant.mark}|${record.type}:${record.id}|${field}`;
    const before = written.get(key);
    if (before !== undefined && ordinal < before)
      return `${field} of ${record.type} ${record.id} became "${String(set[field])}" of fact ${Math.floor(ordinal / 1000)}, after fact ${Math.floor(before / 1000)} had been written.`;
    written.set(key, ordinal);
  }
  return null;
}

/** From asking whether a step is allowed to its arrival: a token may have to be had first, and calls wait for each other. */
const ON_ITS_WAY_MS = 3 * 60_000;

/** No journey event without consent: what the step asks for was in the ledger, and no withdrawal had been there for longer than a call is on its way. */
export async function noJourneyWithoutConsent(
  disk: Disk,
  tenant: Tenant,
  seen: readonly Seen[],
  now: number,
  contact: string,
  { list, event }: { list?: string; event?: string },
): Promise<string | null> {
  const name = list ?? event ?? '';
  const need = NEEDS[name];
  if (need === undefined) return `${contact} was reached by "${name}", which no mapping has.`;
  if (need === 'none') return null;
  const acts = await disk.query<{ seq: number; status: string }>(
    `select c.seq, c.status from consents c where c.tenant = ? and c.type = 'marketing' and c.person in (
       select person from recipients where tenant = ? and contact = ? union select person from person_records where tenant = ? and contact = ?)`,
    ...[tenant.id, tenant.id, contact, tenant.id, contact],
  );
  const settled = Math.max(0, ...seen.filter((one) => one.tenant === tenant.id && one.at <= now - ON_ITS_WAY_MS).map(({ seq }) => seq));
  if (acts.some(({ seq, status }) => status === 'withdrawn' && seq <= settled)) return `${contact} was reached by "${name}" long after withdrawing.`;
  if (need === 'newsletter' && !acts.some(({ status }) => status === 'granted')) return `${contact} was reached by "${name}" and never agreed to it.`;
  return null;
}

/** Notes how far the consents have come. */
export async function noteConsents(disk: Disk, seen: Seen[], now: number): Promise<void> {
  for (const { tenant, seq } of await disk.query<{ tenant: string; seq: number }>("select tenant, seq from ledger_heads where ledger = 'consents'"))
    if (!seen.some((one) => one.tenant === tenant && one.seq === seq)) seen.push({ tenant, seq, at: now });
}
