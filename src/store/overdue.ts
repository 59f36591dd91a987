import { sql } from 'kysely';
import type { TenantId } from '#core/ids';
import { STREAM } from '#store/cursors';
import type { Db } from '#store/database';
import { readWhen, type When } from '#store/leases';
import { roundLane, type LaneKind } from '#store/wakes';

/** Notices that are looked at to find tenants of whom some wait: the oldest. */
const OLDEST_NOTICES = 1000;
/** States stand in the text of statements: an index that is for one state alone is only used then. */
const inState = { ready: sql.lit<'ready'>('ready'), leased: sql.lit<'leased'>('leased') } as const;

/**
 * Lanes of each kind, over all tenants and up to `limit`, that had something due before `since` and that nobody serves: their wake-up was lost with a process that
 * died, or never written.
 */
export const OVERDUE: Record<LaneKind, (db: Db, since: number, when: When, limit: number) => Promise<string[]>> = {
  async advance(db, since, _when, limit) {
    const oldest = db.selectFrom('inbox').select('tenant').where('state', '=', inState.ready).where('run_at', '<', since).orderBy('run_at').limit(OLDEST_NOTICES);
    const rows = await db.selectFrom(oldest.as('oldest')).select('tenant').distinct().limit(limit).execute();
    return rows.map(({ tenant }): TenantId => tenant);
  },
  async perform(db, since, when, limit) {
    const { lease } = readWhen(when);
    const rows = await db
      .selectFrom('lanes')
      .innerJoin('installs', 'installs.id', 'lanes.install')
      .select('lanes.install')
      .where('installs.state', '=', 'active')
      .where('lanes.next_at', '<', since)
      .where('lanes.lease_until', '<=', lease)
      .where(({ exists, selectFrom, or }) => {
        const work = selectFrom('outbox').select('outbox.id').whereRef('outbox.install', '=', 'lanes.install');
        return or([exists(work.where('outbox.state', '=', inState.ready).where('outbox.run_at', '<', since)), exists(work.where('outbox.state', '=', inState.leased))]);
      })
      .orderBy('lanes.served_at')
      .limit(limit)
      .execute();
    return rows.map(({ install }) => install);
  },
  async deliver(db, since, when, limit) {
    const { lease } = readWhen(when);
    const rows = await db
      .selectFrom('endpoints')
      .select('id')
      .where('state', '=', 'active')
      .where('next_at', '<', since)
      .where('lease_until', '<=', lease)
      .where(({ exists, selectFrom, or }) => {
        const work = selectFrom('messages').select('messages.id').whereRef('messages.endpoint', '=', 'endpoints.id');
        return or([exists(work.where('messages.state', '=', inState.ready).where('messages.run_at', '<', since)), exists(work.where('messages.state', '=', inState.leased))]);
      })
      .orderBy('served_at')
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  },
  async reconcile(db, since, when, limit) {
    const { now } = readWhen(when);
    const rows = await db
      .selectFrom('cursors')
      .innerJoin('installs', 'installs.id', 'cursors.install')
      .select(['cursors.install', 'cursors.name'])
      .where('installs.state', '=', 'active')
      .where('cursors.name', '!=', STREAM)
      .where('cursors.next_at', '<', since)
      .where('cursors.lease_until', '<=', now)
      .orderBy('cursors.next_at')
      .limit(limit)
      .execute();
    return rows.map(({ install, name }) => roundLane(install, name));
  },
};
