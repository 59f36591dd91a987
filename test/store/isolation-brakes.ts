import type { InstallId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import * as entries from '#store/entries';
import * as holds from '#store/holds';
import * as stopped from '#store/stopped';
import * as stops from '#store/stops';
import * as view from '#store/view/brakes';
import { NOW } from './fixtures.ts';

const holding = (crm: InstallId, whose: string): holds.Holding => ({
  ...{ crm, rule: `rule-${whose}`, stage: 'contract', cause: 'ceiling', stop: null, say: `Held, ${whose}`, sent: 0, at: NOW },
  ...{ deal: { id: 'deal-of-a', name: `Deal ${whose}` }, intent: 'held-of-a', correlation: 'cor_of_a' },
});

/** A send of A's that is held, an entry, a run and a stop. */
export async function furnishBrakes(db: Db, tenant: TenantId, crm: InstallId) {
  return db.transaction().execute(async (tx) => {
    const hold = await holds.holdSend(tx, tenant, holding(crm, '-of-a'), NOW);
    if (!hold) throw new Error('Nothing was held.');
    await entries.hearEntry(tx, tenant, { crm, deal: 'deal-of-a', stage: 'contract', at: NOW });
    await entries.knowEntry(tx, tenant, { crm, deal: 'sent-of-a', stage: 'contract', at: NOW }, { rule: 'rule-of-a', sentAt: NOW, dated: true });
    await entries.countRun(tx, tenant, crm, 'rule-of-a', 'start-of-a', NOW);
    await stops.putStop(tx, tenant, null, { because: 'a reason-of-a', by: 'somebody-of-a' }, NOW);
    return { hold };
  });
}

type A = Awaited<ReturnType<typeof furnishBrakes>> & { crm: { id: InstallId } };
const entryOf = (a: A, deal = 'deal-of-a') => ({ crm: a.crm.id, deal, stage: 'contract', at: NOW });

/** How another tenant asks for what is A's. */
export const BRAKE_CASES: Record<string, (db: Tx, b: TenantId, a: A) => Promise<unknown>> = {
  'entries.hearEntry': (db, b, a) => entries.hearEntry(db, b, entryOf(a)),
  'entries.knowEntry': (db, b, a) => entries.knowEntry(db, b, entryOf(a), { rule: null, sentAt: null, dated: true }),
  'entries.forgetEntry': (db, b, a) => entries.forgetEntry(db, b, a.crm.id, 'deal-of-a'),
  'entries.countCrowd': async (db, b, a) => {
    const { entered, unread } = await entries.countCrowd(db, b, { ...entryOf(a, 'another'), rule: 'rule-of-a', withinMs: 1000, most: 10 });
    if (entered + unread > 0) throw new Error('Those are -of-a.');
  },
  'entries.sendsSince': async (db, b, a) => {
    if ((await entries.sendsSince(db, b, a.crm.id, 'rule-of-a', 0, 10)).length > 0) throw new Error('Those are -of-a.');
  },
  'entries.findRun': async (db, b, a) => {
    if (await entries.findRun(db, b, a.crm.id, 'rule-of-a', 'start-of-a')) throw new Error('That is -of-a.');
  },
  'entries.countRun': (db, b, a) => entries.countRun(db, b, a.crm.id, 'rule-of-a', 'start-of-a', NOW),
  'entries.reviewRun': (db, b, a) => entries.reviewRun(db, b, a.crm.id, 'rule-of-a', 'b', NOW),
  'holds.holdSend': async (db, b, a) => void (await holds.holdSend(db, b, { ...holding(a.crm.id, 'b'), stage: 'of b' }, NOW)),
  'holds.getHold': (db, b, a) => holds.getHold(db, b, a.hold.id),
  'holds.openStopHolds': (db, b) => holds.openStopHolds(db, b),
  'holds.heldStateOf': async (db, b, a) => {
    if (await holds.heldStateOf(db, b, a.crm.id, 'held-of-a')) throw new Error('That is -of-a.');
  },
  'holds.takeHeld': (db, b, a) => holds.takeHeld(db, b, a.hold.id, { state: 'released', by: 'b', limit: 10 }, NOW),
  'stopped.releaseStopped': (db, b) => stopped.releaseStopped(db, b, NOW),
  'stops.listStops': (db, b) => stops.listStops(db, b),
  'stops.stopOf': async (db, b) => {
    if (await stops.stopOf(db, b, null)) throw new Error('That is -of-a.');
  },
  'stops.putStop': (db, b) => stops.putStop(db, b, null, { because: 'b', by: 'b' }, NOW),
  'stops.endStop': async (db, b) => {
    if (await stops.endStop(db, b, null, 'b', NOW)) throw new Error('That is -of-a.');
  },
  'view.listHolds': (db, b) => view.listHolds(db, b, { limit: 10 }),
  'view.findHold': (db, b, a) => view.findHold(db, b, a.hold.id),
  'view.listHeld': (db, b, a) => view.listHeld(db, b, a.hold.id, undefined, { limit: 10 }),
  'view.brakesNow': (db, b) => view.brakesNow(db, b),
};
