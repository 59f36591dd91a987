import { sql, type Selectable } from 'kysely';
import { chunk, groupBy } from '#lib/group';
import { newId } from '#lib/ids';
import { PRIORITY, type Effect, type EffectKind } from '#core/effect';
import { Problem } from '#core/problem';
import type { Correlation, EffectId, InstallId, TenantId } from '#core/ids';
import { isPostgres, type Db, type Tx } from '#store/database';
import { endOf, readWhen, type When } from '#store/leases';
import { membershipOf } from '#store/memberships';
import { wakeLanes, withWakes } from '#store/wakes';
import { begunAfterRestore, type Restored } from '#store/restored';
import type { OutboxTable } from '#store/schema';

export type OutboxEffect = Selectable<OutboxTable>;
/**
 * How long a process may be silent about what it took before another takes it over. It is renewed every third of that, so a long turn keeps its lane; a killed
 * one's lane stands for as long. With 120 s, customers of a machine that died waited two minutes.
 */
export const LANE_LEASE_MS = 60_000;

/** States stand in the text of statements: SQLite uses an index that is for one state alone only then, and with a parameter goes through every effect that ever was. */
const inState = { ready: sql.lit<'ready'>('ready'), leased: sql.lit<'leased'>('leased'), held: sql.lit<'held'>('held') } as const;

/** SQLite takes at most 32,766 parameters in a statement. All that waits for one record comes along, and after a long outage that may be more: the lane could then never be taken again. */
const IDS_A_STATEMENT = 5_000;

/** Kinds that cost a call or more each. A turn takes few of them, so that it ends long before its lease does, however slowly the vendor lets them through. */
const SINGLE: ReadonlySet<EffectKind> = new Set(['envelope.create', 'envelope.void', 'envelope.remind', 'task.create', 'document.attach']);
const SINGLES_A_TURN = 30;
/** Kinds that some vendors take many of in a call, and others one. */
const EVENTS: ReadonlySet<EffectKind> = new Set(['journey.emit']);
const EVENTS_A_TURN = 200;

export interface Lane {
  tenant: TenantId;
  install: InstallId;
  epoch: number;
}

function recordOf(effect: Effect): string | null {
  if (effect.kind === 'journey.join' || effect.kind === 'journey.leave') return membershipOf(effect.data.contact, effect.data.list);
  return effect.kind === 'record.write' ? `${effect.data.record.type}:${effect.data.record.id}` : null;
}

/** What an effect follows from: the place of a fact, its time, and whether the database came back from a backup since. */
interface Cause {
  ordinal: number;
  correlation: Correlation;
  at?: number;
  restored?: Restored | null;
}

/** Stores effects; those whose key is known already are the same effect and change nothing. `ordinal` is the place of the fact that caused them. Returns how many were new. */
export async function putEffects(tx: Tx, tenant: TenantId, effects: readonly Effect[], cause: Cause, now: number): Promise<number> {
  if (effects.length === 0) return 0;
  const rows = effects.map((effect, index) => ({
    tenant,
    id: newId('eff', now),
    key: effect.key,
    ordinal: cause.ordinal * 1000 + index,
    install: effect.install,
    kind: effect.kind,
    data: JSON.stringify(effect.data),
    record: recordOf(effect),
    priority: effect.priority,
    ...begunAfterRestore(effect.kind, cause.at ?? now, cause.restored ?? null),
    run_at: effect.notBefore,
    attempts: 0,
    epoch: 0,
    envelope: effect.envelope,
    correlation: cause.correlation,
    why: effect.why,
    created_at: now,
    updated_at: now,
  }));
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('outbox')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['tenant', 'key']).doNothing())
    .executeTakeFirst();
  await wakeLanes(
    tx,
    effects.map(({ install, priority }) => ({ kind: 'perform', lane: install, urgent: priority <= PRIORITY.click })),
  );
  return Number(numInsertedOrUpdatedRows ?? 0n);
}

/**
 * Takes the lane that was served longest ago and has work that is due, with up to `limit` of its effects (of its vendor's, where that is a function), clicks first, then oldest first.
 * Other waiting writes to a record that is written anyway, and other moves of a person on and off one list, come along whatever their time and priority,
 * beyond `limit` too, so that a later value is never overtaken by an older one.
 * Takes the lane of that `install` or none, where one is named.
 */
export async function claimLane(db: Db, when: When, limit: number | ((vendor: string) => number), install?: InstallId): Promise<{ lane: Lane; effects: OutboxEffect[] } | null> {
  const { now, lease } = readWhen(when);
  return db.transaction().execute(async (tx) => {
    const open = tx
      .selectFrom('lanes')
      .innerJoin('installs', 'installs.id', 'lanes.install')
      .select(['lanes.install', 'lanes.tenant', 'lanes.epoch', 'installs.vendor'])
      .where('installs.state', '=', 'active')
      .where('lanes.next_at', '<=', now)
      .where('lanes.lease_until', '<=', lease)
      .where(({ exists, selectFrom, or }) => {
        const work = selectFrom('outbox').select('outbox.id').whereRef('outbox.install', '=', 'lanes.install');
        return or([exists(work.where('outbox.state', '=', inState.ready).where('outbox.run_at', '<=', now)), exists(work.where('outbox.state', '=', inState.leased))]);
      })
      .$if(install !== undefined, (some) => some.where('lanes.install', '=', install ?? 'ins_none'))
      .orderBy('lanes.served_at')
      .limit(1);
    const found = await (isPostgres(tx) ? open.forUpdate('lanes').skipLocked() : open).executeTakeFirst();
    if (!found) return null;
    const lane = { tenant: found.tenant, install: found.install, epoch: found.epoch + 1 };
    await tx
      .updateTable('lanes')
      .set({ epoch: lane.epoch, lease_until: endOf(lease, LANE_LEASE_MS), served_at: now })
      .where('install', '=', lane.install)
      .execute();
    await releaseAbandoned(tx, lane);
    return { lane, effects: await leaseEffects(tx, lane, now, typeof limit === 'number' ? limit : limit(found.vendor)) };
  });
}

/** What an earlier holder of the lane left behind when it died. Its attempt is already counted, so a create will look before it makes. */
async function releaseAbandoned(tx: Tx, lane: Lane): Promise<void> {
  await tx.updateTable('outbox').set({ state: 'ready' }).where('tenant', '=', lane.tenant).where('install', '=', lane.install).where('state', '=', inState.leased).execute();
}

/** With a plain `run_at` SQLite fetches and sorts all that is due, 37 ms of 33,000, instead of walking along the index that has their order. */
const unsought = sql<number>`+run_at`;

const readyIn = (tx: Tx, { tenant, install }: Lane) =>
  tx.selectFrom('outbox').selectAll().where('tenant', '=', tenant).where('install', '=', install).where('state', '=', inState.ready);

/** What is due, so much of each sort. Where that is little of all sorts, as in most lanes, it is known by one statement. */
async function dueEffects(tx: Tx, lane: Lane, now: number, limit: number): Promise<OutboxEffect[]> {
  const next = readyIn(tx, lane).where(unsought, '<=', now).orderBy('priority').orderBy('ordinal');
  const little = Math.min(limit, SINGLES_A_TURN);
  const all = await next.limit(little + 1).execute();
  if (all.length <= little) return all;
  // Asked for apart: what costs a call each would otherwise stand before what fills batches.
  const many = await next
    .where('kind', 'not in', [...SINGLE, ...EVENTS])
    .limit(limit)
    .execute();
  const few = await next
    .where('kind', 'in', [...SINGLE])
    .limit(Math.min(limit, SINGLES_A_TURN))
    .execute();
  const events = await next
    .where('kind', 'in', [...EVENTS])
    .limit(Math.min(limit, EVENTS_A_TURN))
    .execute();
  return [...many, ...few, ...events];
}

async function leaseEffects(tx: Tx, lane: Lane, now: number, limit: number): Promise<OutboxEffect[]> {
  const due = await dueEffects(tx, lane, now, limit);
  const records = [...new Set(due.flatMap((effect) => effect.record ?? []))];
  const writes = records.length === 0 ? [] : await readyIn(tx, lane).where('record', 'in', records).execute();
  const effects = [...due.filter((effect) => effect.record === null), ...writes].sort((a, b) => a.ordinal - b.ordinal);
  if (effects.length === 0) return [];
  for (const some of chunk(effects, IDS_A_STATEMENT))
    await tx
      .updateTable('outbox')
      // What the last attempt said is over: an effect found leased that says nothing is one whose attempt never came to an end.
      .set((eb) => ({ state: 'leased', epoch: lane.epoch, attempts: eb('attempts', '+', 1), error: null, updated_at: now }))
      .where('tenant', '=', lane.tenant)
      .where(
        'id',
        'in',
        some.map((effect) => effect.id),
      )
      .execute();
  return effects.map((effect) => ({ ...effect, state: 'leased', epoch: lane.epoch, attempts: effect.attempts + 1 }));
}

/** Keeps the lane for a turn that takes long. False once the lease has run out: another may have taken the lane over, who finds what was left abandoned. */
export async function renewLane(db: Db, lane: Lane, when: When): Promise<boolean> {
  const { lease } = readWhen(when);
  const { numUpdatedRows } = await db
    .updateTable('lanes')
    .set({ lease_until: endOf(lease, LANE_LEASE_MS) })
    .where('install', '=', lane.install)
    .where('epoch', '=', lane.epoch)
    .where('lease_until', '>', lease)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives the lane back; `nextAt` keeps it closed until then (a vendor's pause). A stalled holder, whose epoch is past, changes nothing. */
export async function releaseLane(db: Db, lane: Lane, nextAt: number): Promise<void> {
  await db.updateTable('lanes').set({ lease_until: 0, next_at: nextAt }).where('install', '=', lane.install).where('epoch', '=', lane.epoch).execute();
}

export interface Settlement {
  id: EffectId;
  state: 'ready' | 'done' | 'parked' | 'held' | 'cancelled';
  runAt?: number;
  /** The vendor refused to look at it, so it does not count as an attempt. */
  untried?: boolean;
  error?: string | null;
}

/** Settles leased effects. Returns those that were still ours: a lane that was taken over settles nothing twice. */
export async function settleEffects(tx: Tx, lane: Lane, settlements: readonly Settlement[], now: number): Promise<Set<EffectId>> {
  const mine = new Set<EffectId>();
  const groups = groupBy(settlements, (one) => JSON.stringify([one.state, one.runAt, one.untried, one.error]));
  for (const group of [...groups.values()].flatMap((all) => chunk(all, IDS_A_STATEMENT))) {
    const [one] = group;
    if (!one) continue;
    const rows = await tx
      .updateTable('outbox')
      .set((eb) => ({
        state: one.state,
        updated_at: now,
        error: one.error ?? null,
        ...(one.runAt === undefined ? {} : { run_at: one.runAt }),
        ...(one.untried ? { attempts: eb('attempts', '-', 1) } : {}),
      }))
      .where('tenant', '=', lane.tenant)
      .where(
        'id',
        'in',
        group.map((settlement) => settlement.id),
      )
      .where('state', '=', 'leased')
      .where('epoch', '=', lane.epoch)
      .returning('id')
      .execute();
    for (const row of rows) mine.add(row.id);
  }
  return mine;
}

/** Holds what waits for an install that needs a person, or lets it go on. */
export async function holdEffects(db: Db, tenant: TenantId, install: InstallId, hold: boolean, now: number): Promise<void> {
  await withWakes(db, async (some) => {
    await some
      .updateTable('outbox')
      .set({ state: hold ? 'held' : 'ready', updated_at: now })
      .where('tenant', '=', tenant)
      .where('install', '=', install)
      .where('state', '=', hold ? inState.ready : inState.held)
      .execute();
    if (!hold) await wakeLanes(some, [{ kind: 'perform', lane: install }]);
  });
}

/** A dead letter goes back into its lane, perhaps with mended data, or is laid aside for good. @throws Problem `request.not-found` */
export async function reviveEffect(db: Db, tenant: TenantId, id: EffectId, set: { state: 'ready' | 'cancelled'; data?: string }, now: number): Promise<OutboxEffect> {
  const row = await withWakes(db, async (some) => {
    const revived = await some
      .updateTable('outbox')
      .set({ ...set, run_at: now, updated_at: now, ...(set.state === 'ready' ? { priority: PRIORITY.click } : {}) })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .where('state', 'in', ['parked', 'held'])
      .returningAll()
      .executeTakeFirst();
    if (revived?.state === 'ready') await wakeLanes(some, [{ kind: 'perform', lane: revived.install, urgent: true }]);
    return revived;
  });
  if (!row) throw new Problem('request.not-found', { say: 'There is no dead letter of that id.' });
  return row;
}

export async function getEffect(db: Db, tenant: TenantId, id: EffectId): Promise<OutboxEffect> {
  const row = await db.selectFrom('outbox').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('request.not-found');
  return row;
}

/**
 * When to look at the lanes again that nobody serves; null when nothing waits in them. A closed lane is looked at when it opens, whatever waits in it:
 * going through 40,000 waiting effects after each batch of notices, to find the very first, held notices down to 190 a second. Of one lane alone, where an
 * `install` is named.
 */
export async function nextEffectAt(db: Db, when: When, install?: InstallId): Promise<number | null> {
  const { now, lease } = readWhen(when);
  const row = await db
    .selectFrom('lanes')
    .innerJoin('installs', 'installs.id', 'lanes.install')
    .select(({ selectFrom, eb, fn }) => {
      const ready = selectFrom('outbox').whereRef('outbox.install', '=', 'lanes.install').where('outbox.state', '=', inState.ready);
      const first = ready.select(({ fn }) => fn.min('outbox.run_at').as('at'));
      return fn.min<number | null>(eb.case().when('lanes.next_at', '>', now).then(eb.ref('lanes.next_at')).else(first).end()).as('at');
    })
    .where('installs.state', '=', 'active')
    .where('lanes.lease_until', '<=', lease)
    .$if(install !== undefined, (some) => some.where('lanes.install', '=', install ?? 'ins_none'))
    .where(({ exists, selectFrom }) => exists(selectFrom('outbox').select('outbox.id').whereRef('outbox.install', '=', 'lanes.install').where('outbox.state', '=', inState.ready)))
    .executeTakeFirst();
  return row?.at ?? null;
}
