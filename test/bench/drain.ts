import { atLeast, atMost, shown, type Bench } from './figures.ts';
import { load } from './load.ts';
import { inScene, type Scene } from './scene.ts';
import { pinLoad, PRODUCT } from './servers.ts';

const ENVELOPES = 10_000;
/** What the sandbox enforces, as HubSpot does. */
const LIMIT = 110;
const WINDOW_S = 10;
const FAR_MS = 3_600_000;
const CONNECTIONS = 16;

/** P12 and P13: completed envelopes of one tenant wait, then its CRM may be called. */
export const drain: Bench = (say) => {
  pinLoad();
  return inScene(PRODUCT, {}, async (scene) => {
    const { db, front, server } = scene;
    const { world } = front.sandbox.hubspot;
    say(`${ENVELOPES} envelopes are made`);
    const envelopes = await scene.sent(ENVELOPES);
    await setLane(scene, Date.now() + FAR_MS);

    const requests = envelopes.values();
    const begun = performance.now();
    const heard = await load({
      port: server.port,
      connections: CONNECTIONS,
      warmMs: 0,
      measureMs: 60_000,
      count: envelopes.length,
      next: () => requests.next().value?.request ?? '',
    });
    say(`${JSON.stringify(heard.statuses)} in ${Math.round(performance.now() - begun)} ms`);
    await scene.until('the notices to be settled', async () => (await db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute()).length === 0);
    const settledMs = performance.now() - begun;
    const queued = await db
      .selectFrom('outbox')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', '=', 'ready')
      .executeTakeFirstOrThrow();
    say(`${queued.count} effects wait after ${Math.round(settledMs)} ms`);

    front.calls.length = 0;
    const opened = performance.now();
    const cpuMs = server.cpuMs();
    await setLane(scene, 0);
    await scene.settled();
    const calls = [...front.calls];
    const tookS = ((calls.at(-1)?.at ?? opened) - opened) / 1000;
    const per = (pattern: RegExp) => calls.filter(({ what }) => pattern.test(what)).length / ENVELOPES;
    const done = envelopes.filter(({ deal }) => world().objects.deals[deal]?.properties['esign_status'] === 'completed').length;
    const told = Object.values(world().objects.contacts).filter((contact) => contact.properties['esign_journey'] === 'signed').length;
    return [
      atMost('CRM calls an envelope', calls.length / ENVELOPES, 'calls', 0.02),
      shown('of these, reads of write-once properties', per(/deals\/batch\/read/), 'calls'),
      shown('of these, writes to deals', per(/deals\/batch\/update/), 'calls'),
      shown('of these, writes to contacts', per(/contacts\/batch\/update/), 'calls'),
      shown('of these, list memberships', per(/lists/), 'calls'),
      shown('calls', calls.length, 'calls'),
      shown('time', tookS, 's'),
      atMost('of the time that the limit allows for so many calls', tookS / ((calls.length * WINDOW_S) / LIMIT), 'x', 1.5),
      atMost('calls answered 429', calls.filter(({ status }) => status === 429).length / calls.length, 'of the calls', 0.001),
      atLeast('deals that say "completed"', done / ENVELOPES, 'of the envelopes', 1),
      atLeast('contacts that are "signed"', told / ENVELOPES, 'of the envelopes', 1),
      shown('notices received and settled', ENVELOPES / (settledMs / 1000), 'notices/s'),
      shown('CPU of the product to drain', (server.cpuMs() - cpuMs) / ENVELOPES, 'ms an envelope'),
    ];
  });
};

/** Closes the CRM's lane until then, as a vendor's own pause would. */
async function setLane({ db, seeded }: Scene, nextAt: number): Promise<void> {
  await db.updateTable('lanes').set({ next_at: nextAt }).where('install', '=', seeded.crm.id).execute();
}
