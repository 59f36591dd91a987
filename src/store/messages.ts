import { sql, type Selectable } from 'kysely';
import { newId } from '#lib/ids';
import type { EventType } from '#core/events';
import type { Correlation, EndpointId, EnvelopeId, MessageId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { isPostgres, type Db, type Tx } from '#store/database';
import type { Endpoint } from '#store/endpoints';
import type { MessagesTable } from '#store/endpoints-schema';
import { endOf, readWhen, type When } from '#store/leases';
import { wakeLanes, withWakes } from '#store/wakes';

export type Message = Selectable<MessagesTable>;
/** How long a process may work on what it took before another takes it over: longer than a turn of slow answers. */
const LEASE_MS = 180_000;
/** Rows that one pass removes at most, so that it never holds the database for long. */
const ROWS_A_PASS = 1000;
/** Messages that one press replays at most. */
const REPLAYED_AT_ONCE = 10_000;

/** States stand in the text of statements, because only so SQLite uses an index that is for one state alone. */
const inState = { ready: sql.lit<'ready'>('ready'), leased: sql.lit<'leased'>('leased'), done: sql.lit<'done'>('done'), failed: sql.lit<'failed'>('failed') } as const;

export interface NewMessage {
  endpoint: EndpointId;
  key: string;
  ordinal: number;
  type: EventType;
  at: number;
  payload: string;
  envelope: EnvelopeId | null;
  correlation: Correlation;
}

/** Writes messages down; one whose key its endpoint has already is the same message and changes nothing. Returns the ids of those that are new. */
export async function putMessages(tx: Tx, tenant: TenantId, messages: readonly NewMessage[], now: number): Promise<MessageId[]> {
  if (messages.length === 0) return [];
  const fresh = { state: 'ready' as const, attempts: 0, epoch: 0, run_at: now, status: null, answer: null, error: null, created_at: now, updated_at: now };
  const rows = await tx
    .insertInto('messages')
    .values(messages.map((message) => ({ tenant, id: newId('msg', now), ...message, ...fresh })))
    .onConflict((conflict) => conflict.columns(['tenant', 'endpoint', 'key']).doNothing())
    .returning('id')
    .execute();
  await wakeLanes(
    tx,
    messages.map(({ endpoint }) => ({ kind: 'deliver', lane: endpoint })),
  );
  return rows.map(({ id }) => id);
}

/** Takes the endpoint that was served the longest ago and has something due, with up to `limit` of its messages, oldest first. That endpoint or none, where one is named. */
export async function claimMessages(db: Db, when: When, limit: number, named?: EndpointId): Promise<{ endpoint: Endpoint; messages: Message[] } | null> {
  const { now, lease } = readWhen(when);
  return db.transaction().execute(async (tx) => {
    const open = tx
      .selectFrom('endpoints')
      .selectAll()
      .where('state', '=', 'active')
      .where('next_at', '<=', now)
      .where('lease_until', '<=', lease)
      .where(({ exists, selectFrom, or }) => {
        const work = selectFrom('messages').select('messages.id').whereRef('messages.endpoint', '=', 'endpoints.id');
        return or([exists(work.where('messages.state', '=', inState.ready).where('messages.run_at', '<=', now)), exists(work.where('messages.state', '=', inState.leased))]);
      })
      .$if(named !== undefined, (some) => some.where('id', '=', named ?? 'enp_none'))
      .orderBy('served_at')
      .limit(1);
    const found = await (isPostgres(tx) ? open.forUpdate().skipLocked() : open).executeTakeFirst();
    if (!found) return null;
    const { tenant, id } = found;
    const epoch = found.epoch + 1;
    await tx
      .updateTable('endpoints')
      .set({ epoch, lease_until: endOf(lease, LEASE_MS), served_at: now })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .execute();
    // What an earlier holder left behind when it died: it may have arrived, and goes out again under the same id.
    await tx.updateTable('messages').set({ state: 'ready' }).where('tenant', '=', tenant).where('endpoint', '=', id).where('state', '=', inState.leased).execute();
    return { endpoint: { ...found, epoch }, messages: await leaseMessages(tx, { tenant, id, epoch }, now, limit) };
  });
}

async function leaseMessages(tx: Tx, { tenant, id, epoch }: Pick<Endpoint, 'tenant' | 'id' | 'epoch'>, now: number, limit: number): Promise<Message[]> {
  const due = await tx
    .selectFrom('messages')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('endpoint', '=', id)
    .where('state', '=', inState.ready)
    .where('run_at', '<=', now)
    .orderBy('run_at')
    .orderBy('ordinal')
    .orderBy('id')
    .limit(limit)
    .execute();
  if (due.length === 0) return [];
  const ids = due.map((message) => message.id);
  await tx.updateTable('messages').set({ state: 'leased', epoch }).where('tenant', '=', tenant).where('id', 'in', ids).execute();
  return due.map((message) => ({ ...message, state: 'leased', epoch }));
}

/** What became of one attempt. */
export interface Attempt {
  state: 'done' | 'ready' | 'failed';
  runAt?: number;
  status: number | null;
  answer: string | null;
  error: string | null;
}

/** Settles a leased message. False where the endpoint's lane was taken over, or the endpoint disabled, meanwhile. */
export async function settleMessage(tx: Tx, tenant: TenantId, message: Pick<Message, 'id' | 'epoch' | 'attempts'>, attempt: Attempt, now: number): Promise<boolean> {
  const { state, runAt, status, answer, error } = attempt;
  const { numUpdatedRows } = await tx
    .updateTable('messages')
    .set({ state, status, answer, error, attempts: message.attempts + 1, updated_at: now, ...(runAt === undefined ? {} : { run_at: runAt }) })
    .where('tenant', '=', tenant)
    .where('id', '=', message.id)
    .where('state', '=', inState.leased)
    .where('epoch', '=', message.epoch)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives an endpoint's lane back with what was not tried; `nextAt` keeps it closed until then. A holder whose epoch is past changes nothing. */
export async function releaseMessages(db: Db, { tenant, id, epoch }: Pick<Endpoint, 'tenant' | 'id' | 'epoch'>, nextAt: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.updateTable('endpoints').set({ lease_until: 0, next_at: nextAt }).where('tenant', '=', tenant).where('id', '=', id).where('epoch', '=', epoch).execute();
    await tx
      .updateTable('messages')
      .set({ state: 'ready' })
      .where('tenant', '=', tenant)
      .where('endpoint', '=', id)
      .where('state', '=', inState.leased)
      .where('epoch', '=', epoch)
      .execute();
  });
}

/** When to look at the endpoints again that nobody serves, or at the one named; null when nothing waits for them. */
export async function nextMessageAt(db: Db, when: When, endpoint?: EndpointId): Promise<number | null> {
  const { now, lease } = readWhen(when);
  const row = await db
    .selectFrom('endpoints')
    .select(({ selectFrom, eb, fn }) => {
      const ready = selectFrom('messages').whereRef('messages.endpoint', '=', 'endpoints.id').where('messages.state', '=', inState.ready);
      const first = ready.select(({ fn: inner }) => inner.min('messages.run_at').as('at'));
      return fn.min<number | null>(eb.case().when('endpoints.next_at', '>', now).then(eb.ref('endpoints.next_at')).else(first).end()).as('at');
    })
    .where('state', '=', 'active')
    .where('lease_until', '<=', lease)
    .$if(endpoint !== undefined, (some) => some.where('id', '=', endpoint ?? 'enp_none'))
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('messages').select('messages.id').whereRef('messages.endpoint', '=', 'endpoints.id').where('messages.state', '=', inState.ready)),
    )
    .executeTakeFirst();
  return row?.at ?? null;
}

/** Sends a message that is settled once more, under its own id and from the first attempt on. @throws Problem `request.not-found` */
export async function replayMessage(db: Db, tenant: TenantId, endpoint: EndpointId, id: MessageId, now: number): Promise<void> {
  const { numUpdatedRows } = await withWakes(db, async (some) => {
    await wakeLanes(some, [{ kind: 'deliver', lane: endpoint, urgent: true }]);
    return some
      .updateTable('messages')
      .set({ state: 'ready', attempts: 0, run_at: now, updated_at: now })
      .where('tenant', '=', tenant)
      .where('endpoint', '=', endpoint)
      .where('id', '=', id)
      .where('state', 'in', ['done', 'failed'])
      .executeTakeFirst();
  });
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no message of that id that has been sent or has failed.' });
}

/** Sends what failed once more, oldest first. Returns how many. */
export async function replayFailed(db: Db, tenant: TenantId, endpoint: EndpointId, now: number): Promise<number> {
  const failed = db
    .selectFrom('messages')
    .select('id')
    .where('tenant', '=', tenant)
    .where('endpoint', '=', endpoint)
    .where('state', '=', inState.failed)
    .orderBy('id')
    .limit(REPLAYED_AT_ONCE);
  const { numUpdatedRows } = await withWakes(db, async (some) => {
    await wakeLanes(some, [{ kind: 'deliver', lane: endpoint }]);
    return some
      .updateTable('messages')
      .set({ state: 'ready', attempts: 0, run_at: now, updated_at: now })
      .where('tenant', '=', tenant)
      .where('id', 'in', failed)
      .executeTakeFirst();
  });
  return Number(numUpdatedRows);
}

/** Removes messages that were settled before these times, of all tenants, and secrets that are out of use. Returns how many messages went. */
export async function sweepMessages(db: Db, before: { done: number; failed: number }, now: number): Promise<number> {
  await db.updateTable('endpoints').set({ old_secret: null, old_until: null }).where('old_until', '<=', now).execute();
  let swept = 0;
  for (const state of ['done', 'failed'] as const) {
    const old = db.selectFrom('messages').select('id').where('state', '=', inState[state]).where('updated_at', '<', before[state]).limit(ROWS_A_PASS);
    const { numDeletedRows } = await db.deleteFrom('messages').where('id', 'in', old).executeTakeFirst();
    swept += Number(numDeletedRows);
  }
  return swept;
}
