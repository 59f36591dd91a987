import type { TenantId } from '#core/ids';
import { claimCursor, ensureCursor } from '#store/cursors';
import type { Db } from '#store/database';
import { findEnvelopeByIntent, listEnvelopesByRemote, isOvertaken, listClosedEnvelopes, listOpenEnvelopesOfDeal } from '#store/envelopes';
import { lateTellings, overdueEffects } from '#store/health';
import { claimNotices, putNotices } from '#store/inbox';
import { claimLane, nextEffectAt, releaseLane } from '#store/outbox';
import { OVERDUE } from '#store/overdue';
import { sweepDeliveries, sweepEffects, sweepNotices } from '#store/retention';
import { countEnvelopes, countWaiting, findEnvelopeOfStory, listEffects, listEnvelopes, listNotices, readStory } from '#store/view';
import { countWork } from '#store/view/work';
import type { Seeded } from './seed.ts';

const PAGE = { limit: 50 };
const DAY_MS = 86_400_000;

/** Every look that the product takes at what grows, by its name: at one envelope, at what is next, at a page of a list, at what is old. */
export async function looksAt(db: Db, { tenant, crm, sign }: Seeded): Promise<Record<string, () => Promise<unknown>>> {
  const some = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).orderBy('id').limit(1).offset(500).executeTakeFirstOrThrow();
  const now = Date.now();
  await putNotices(db, tenant, [{ install: sign.id, vendor: 'docusign', key: 'look', kind: 'none', at: now, payload: '[]' }], now);
  await ensureCursor(db, tenant, crm.id, 'look', 0);
  await db.updateTable('lanes').set({ next_at: 0 }).where('install', '=', crm.id).execute();
  await db.updateTable('outbox').set({ state: 'ready' }).where('tenant', '=', tenant).where('envelope', '=', some.id).where('correlation', '=', some.correlation).execute();
  return {
    'an envelope by the provider’s id': () => listEnvelopesByRemote(db, tenant, sign.id, [some.remote ?? '']),
    'an envelope by its intent': () => findEnvelopeByIntent(db, tenant, crm.id, some.intent),
    'an envelope of a story': () => findEnvelopeOfStory(db, tenant, some.correlation),
    'open envelopes of a deal': () => listOpenEnvelopesOfDeal(db, tenant, crm.id, some.deal),
    'whether an envelope is overtaken': () => isOvertaken(db, tenant, some),
    'a story': () => readStory(db, tenant, { correlation: some.correlation, envelope: some.id }),
    'the next notices claimed': () => db.transaction().execute((tx) => claimNotices(tx, now, 100, tenant)),
    'the next lane claimed': () => claimAndRelease(db, now),
    'the next effect’s time': () => nextEffectAt(db, now),
    'the next round claimed': () => claimRound(db, tenant, now),
    'overdue lanes': () => Promise.all(Object.values(OVERDUE).map((find) => find(db, now, now, 100))),
    'late effects and tellings': () => Promise.all([overdueEffects(db, now), lateTellings(db, now)]),
    'closed envelopes, a page': () => listClosedEnvelopes(db, tenant, crm.id, { after: null, since: 0, limit: 100 }),
    'what waits, of a tenant': () => countWaiting(db, tenant),
    'what waits, of all': () => countWork(db),
    'envelopes by status, counted': () => countEnvelopes(db, tenant),
    'list of envelopes': () => listEnvelopes(db, tenant, {}, PAGE),
    'list of envelopes, one status': () => listEnvelopes(db, tenant, { status: 'declined' }, PAGE),
    'list of envelopes, a status of none': () => listEnvelopes(db, tenant, { status: 'voided' }, PAGE),
    'search of envelopes, a name': () => listEnvelopes(db, tenant, { text: some.deal_name }, PAGE),
    'search of envelopes, an id': () => listEnvelopes(db, tenant, { text: some.correlation }, PAGE),
    'search of envelopes, nothing found': () => listEnvelopes(db, tenant, { text: 'nobody knows it' }, PAGE),
    'list of notices': () => listNotices(db, tenant, {}, PAGE),
    'list of notices, waiting': () => listNotices(db, tenant, { state: 'ready' }, PAGE),
    'list of notices, a state of none': () => listNotices(db, tenant, { state: 'noted' }, PAGE),
    'search of notices, an id': () => listNotices(db, tenant, { text: some.correlation }, PAGE),
    'list of effects': () => listEffects(db, tenant, { not: 'parked' }, PAGE),
    'list of effects, dead letters': () => listEffects(db, tenant, { state: 'parked' }, PAGE),
    'list of effects, waiting': () => listEffects(db, tenant, { state: 'ready' }, PAGE),
    'list of effects, a state of none': () => listEffects(db, tenant, { state: 'cancelled' }, PAGE),
    'list of effects, a kind of none': () => listEffects(db, tenant, { kind: 'envelope.void' }, PAGE),
    'search of effects, an id': () => listEffects(db, tenant, { text: some.correlation }, PAGE),
    'a pass of upkeep': async () => [
      await sweepDeliveries(db, now - 30 * DAY_MS),
      await sweepNotices(db, tenant, now - 90 * DAY_MS),
      await sweepEffects(db, tenant, now - 400 * DAY_MS),
    ],
  };
}

async function claimAndRelease(db: Db, now: number): Promise<void> {
  const claimed = await claimLane(db, now, 100);
  if (!claimed) throw new Error('There is a lane to claim.');
  await db
    .updateTable('outbox')
    .set({ state: 'ready' })
    .where('tenant', '=', claimed.lane.tenant)
    .where(
      'id',
      'in',
      claimed.effects.map(({ id }) => id),
    )
    .execute();
  await releaseLane(db, claimed.lane, 0);
}

async function claimRound(db: Db, tenant: TenantId, now: number): Promise<void> {
  if (!(await claimCursor(db, now, 0))) throw new Error('There is a round to claim.');
  await db.updateTable('cursors').set({ next_at: 0 }).where('tenant', '=', tenant).execute();
}
