import { sql } from 'kysely';
import type { EnvelopeId, InstallId, TenantId } from '#core/ids';
import { isPostgres, type Tx } from '#store/database';

/** Of whom nothing shall be left: a CRM contact, the envelopes that the contact's people were on, and their addresses. */
export interface Forgotten {
  contact: string;
  envelopes: readonly { id: EnvelopeId; sign: InstallId; remote: string | null }[];
  addresses: readonly string[];
}

/** Empties everything outside the ledgers that may name them: deliveries, what waits, and what was written. */
export async function eraseTraces(tx: Tx, tenant: TenantId, forgotten: Forgotten): Promise<void> {
  await eraseDeliveries(tx, tenant, forgotten);
  await eraseWaiting(tx, tenant, forgotten);
  await eraseWritten(tx, tenant, forgotten);
}

/** Messages of their envelopes, and those of the same accounts that meant nothing to us: nobody can tell whom they name without reading them. */
async function eraseDeliveries(tx: Tx, tenant: TenantId, { envelopes }: Forgotten): Promise<void> {
  if (envelopes.length === 0) return;
  const ids = envelopes.map(({ id }) => id);
  const told = tx.selectFrom('facts').select('notice').where('tenant', '=', tenant).where('envelope', 'in', ids).where('notice', 'is not', null);
  const accounts = [...new Set(envelopes.map(({ sign }) => sign))];
  const theirs = tx
    .selectFrom('inbox')
    .select('delivery')
    .where('tenant', '=', tenant)
    .where(({ or, and, eb }) => or([eb('id', 'in', told), and([eb('install', 'in', accounts), eb('state', '=', 'noted')])]));
  await tx
    .updateTable('deliveries')
    .set({ body: null, headers: '{}' })
    .where('id', 'in', theirs)
    // One delivery may tell of several tenants' records, by their ids alone.
    .where(({ not, exists, selectFrom }) => {
      // The second wall hides the others' notices, so PostgreSQL is asked by the function that looks over it.
      if (isPostgres(tx)) return not(sql<boolean>`countersign_is_shared(deliveries.id, ${tenant})`);
      return not(exists(selectFrom('inbox').select('inbox.id').whereRef('inbox.delivery', '=', 'deliveries.id').where('inbox.tenant', '<>', tenant)));
    })
    .execute();
  await tx.updateTable('inbox').set({ payload: null }).where('tenant', '=', tenant).where('id', 'in', told).execute();
  await eraseDeadDeliveries(tx, tenant, envelopes);
}

async function eraseDeadDeliveries(tx: Tx, tenant: TenantId, envelopes: Forgotten['envelopes']): Promise<void> {
  const dead = await tx
    .selectFrom('inbox')
    .innerJoin('deliveries', 'deliveries.id', 'inbox.delivery')
    .select(['deliveries.id', 'deliveries.body'])
    .where('inbox.tenant', '=', tenant)
    .where('inbox.state', '=', 'dead')
    .execute();
  const named = dead.filter(({ body }) => body && envelopes.some(({ remote }) => remote !== null && Buffer.from(body).includes(remote))).map(({ id }) => id);
  if (named.length > 0) await tx.updateTable('deliveries').set({ body: null, headers: '{}' }).where('id', 'in', named).execute();
}

/** What waits to be decided or read holds a deal's people whole: it is given up, for it cannot be done without them. */
async function eraseWaiting(tx: Tx, tenant: TenantId, { contact, addresses }: Forgotten): Promise<void> {
  const names = (text: string | null) => text !== null && [`"${contact}"`, ...addresses.map((address) => JSON.stringify(address))].some((name) => text.includes(name));
  const notices = await tx
    .selectFrom('inbox')
    .select(['id', 'payload'])
    .where('tenant', '=', tenant)
    .where('state', 'in', ['ready', 'dead'])
    .where('payload', 'is not', null)
    .execute();
  const given = notices.filter(({ payload }) => names(payload)).map(({ id }) => id);
  if (given.length > 0) await tx.updateTable('inbox').set({ state: 'noted', payload: null }).where('tenant', '=', tenant).where('id', 'in', given).execute();
  const reads = await tx
    .selectFrom('outbox')
    .select(['id', 'data'])
    .where('tenant', '=', tenant)
    .where('kind', '=', 'deal.read')
    .where('state', 'in', ['ready', 'leased', 'parked', 'held'])
    .execute();
  for (const { id, data } of reads.filter((read) => names(read.data))) {
    const { deal } = JSON.parse(data) as { deal: string };
    await tx
      .updateTable('outbox')
      .set({ state: 'cancelled', data: JSON.stringify({ deal }), error: null })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .execute();
  }
}

/**
 * Of what was written for them the names of the fields stay, which tell later writes what is newer; values and the vendor's words go, and with
 * them the dead letters that they made.
 */
async function eraseWritten(tx: Tx, tenant: TenantId, { contact, envelopes }: Forgotten): Promise<void> {
  const ids = envelopes.map(({ id }) => id);
  const effects = await tx
    .selectFrom('outbox')
    .select(['id', 'kind', 'state', 'data'])
    .where('tenant', '=', tenant)
    .where('state', 'in', ['done', 'cancelled', 'parked'])
    .where(({ or, eb }) => or([eb('record', '=', `contact:${contact}`), ...(ids.length > 0 ? [eb('envelope', 'in', ids)] : [])]))
    .execute();
  for (const { id, kind, state, data } of effects) {
    const left = kind === 'record.write' ? withoutValues(data) : withoutWords(data);
    await tx
      .updateTable('outbox')
      .set({ state: state === 'parked' ? 'cancelled' : state, data: left, error: null })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .execute();
  }
}

/** A write of which only the fields are told. */
export function withoutValues(data: string): string {
  const write = JSON.parse(data) as { set: Record<string, unknown> };
  return JSON.stringify({ ...write, set: Object.fromEntries(Object.keys(write.set).map((field) => [field, null])) });
}

function withoutWords(data: string): string {
  const { reason: _reason, subject: _subject, body: _body, ...rest } = JSON.parse(data) as Record<string, unknown>;
  return JSON.stringify(rest);
}
