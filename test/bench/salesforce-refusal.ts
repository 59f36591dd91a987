import { atMost, shown, type Figure } from './figures.ts';
import { inOrgScene, SENT_BEFORE } from './salesforce-scene.ts';
import { PRODUCT } from './servers.ts';

const ENVELOPES = 1_000;
const MINUTE_MS = 60_000;

/** An org that answers every call of its API with one status, for a minute in which completed envelopes wait for it, at the pace of the manifest. */
export function refusingOrg(say: (line: string) => void, status: 401 | 403): Promise<Figure[]> {
  return inOrgScene(PRODUCT, async (scene) => {
    const { front, db, seeded } = scene;
    const waiting = await scene.completedBehindClosedLane(await scene.sent(ENVELOPES));
    say(`${status}: ${waiting} effects wait`);
    const { salesforce } = front.sandbox;
    salesforce.always401(status === 401);
    salesforce.always403(status === 403);
    front.calls.length = 0;
    await scene.openLane();
    // Work first: a round that met the refusal before it would flag the account, and hide what work alone costs.
    await scene.until('the first call', () => front.calls.length > 0);
    await db.updateTable('cursors').set({ next_at: Date.now() }).where('install', '=', seeded.crm.id).execute();
    await new Promise((resolve) => setTimeout(resolve, MINUTE_MS));
    const calls = front.calls.slice();
    const states = await db
      .selectFrom('outbox')
      .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
      .where('install', '=', seeded.crm.id)
      .where('correlation', '!=', SENT_BEFORE)
      .groupBy('state')
      .execute();
    const inState = (...wanted: string[]) => states.filter(({ state }) => wanted.includes(state)).reduce((sum, { count }) => sum + count, 0);
    const ofKind = (...wanted: string[]) => calls.filter(({ kind }) => wanted.includes(kind)).length;
    const [tokens, events] = [ofKind('token'), ofKind('Envelope_Event__e')];
    const left = inState('ready', 'leased', 'held');
    say(`${status}: the minute is over`);
    return [
      shown(`always ${status}: API calls in a minute, ${waiting} effects waiting`, calls.length - tokens, 'calls'),
      shown(`always ${status}: of these, platform events`, events, 'calls'),
      shown(`always ${status}: of these, composite requests and queries`, ofKind('composite', 'query'), 'calls'),
      shown(`always ${status}: requests for a token beside them`, tokens, 'requests'),
      shown(`always ${status}: effects that wait`, left, 'effects'),
      shown(`always ${status}: effects parked for a person`, inState('parked'), 'effects'),
      atMost(`always ${status}: effects lost`, waiting - left - inState('parked'), 'effects', 0),
    ];
  });
}
