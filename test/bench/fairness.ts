import { wakeLanes } from '#store/wakes';
import { atLeast, atMost, quantile, shown, type Bench, type Figure } from './figures.ts';
import { openFleet, type Fleet } from './fleet.ts';
import { load } from './load.ts';
import { withPostgres } from './postgres-places.ts';
import { inScene, type Scene } from './scene.ts';
import type { Seeded } from './seed.ts';
import { pinLoad, PRODUCT } from './servers.ts';

const QUIET = 200;
const CAMPAIGN = 10_000;
/** On PostgreSQL a notice takes ten times as long. */
const CAMPAIGN_ON_POSTGRES = 2_000;
const CONNECTIONS = 16;
/** Each quiet tenant has one event in each part. */
const APART_MS = 100;
const FAR_MS = 3_600_000;

type Sent = { deal: string; request: string };

/** P8: what 200 quiet tenants wait for their write while another has 10,000 envelopes completed at once. */
export const fairness: Bench = (say) => {
  pinLoad();
  return compare(say, CAMPAIGN, {});
};
/** The same with one process on PostgreSQL. */
export const fairnessOnPostgres: Bench = (say) => {
  pinLoad();
  return withPostgres(async (fresh) => compare(say, CAMPAIGN_ON_POSTGRES, { DATABASE_URL: await fresh() }));
};

function compare(say: (line: string) => void, events: number, environment: Record<string, string>): Promise<Figure[]> {
  return inScene(PRODUCT, environment, async (scene) => {
    const fleet = openFleet(scene);
    say(`${QUIET} quiet tenants and one of ${events} envelopes are made`);
    const quiet: Sent[][] = [[], [], []];
    for (let place = 0; place < QUIET; place++) {
      const sent = await fleet.sent(await fleet.tenant(`Quiet ${place}`), quiet.length);
      sent.forEach((one, part) => quiet[part]?.push(one));
    }
    const campaigner = await fleet.tenant('Campaign');
    const campaign = await fleet.sent(campaigner, events);
    const laterCampaign = await fleet.sent(campaigner, events);
    const [alone = [], beside = [], queued = []] = quiet;

    await play(scene, fleet, alone.splice(0, 1));
    const first = await play(scene, fleet, alone);
    say(`alone: p50 ${Math.round(quantile(first, 0.5))} ms, p99 ${Math.round(quantile(first, 0.99))} ms`);

    const flood = pour(scene, campaign);
    const second = await play(scene, fleet, beside);
    const answers = await flood;
    const heard = [...fleet.writtenAt.keys()].filter((deal) => campaign.some((one) => one.deal === deal)).length;
    say(
      `beside the campaign as it comes in: p50 ${Math.round(quantile(second, 0.5))} ms, p99 ${Math.round(quantile(second, 0.99))} ms; ${heard} of the campaign's deals are written`,
    );

    await scene.until('the campaign to be written', () => campaign.every(({ deal }) => fleet.writtenAt.has(deal)));
    await scene.settled();
    await setLane(scene, campaigner, Date.now() + FAR_MS);
    await pour(scene, laterCampaign);
    await scene.until('its notices to be settled', async () => (await scene.db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute()).length === 0);
    const waiting = await waits(scene);
    await setLane(scene, campaigner, 0);
    const third = await play(scene, fleet, queued);
    say(`beside ${waiting} effects that waited: p50 ${Math.round(quantile(third, 0.5))} ms, p99 ${Math.round(quantile(third, 0.99))} ms`);
    await scene.until('all of it to be written', () => laterCampaign.every(({ deal }) => fleet.writtenAt.has(deal)));
    return [
      shown('quiet tenants alone, event to CRM write, p50', quantile(first, 0.5), 'ms'),
      shown('quiet tenants alone, p99', quantile(first, 0.99), 'ms'),
      ...compared(`while ${events} events of another arrive`, first, second, 1.5),
      ...compared(`beside ${waiting} effects of another that are due`, first, third, 1.2),
      atLeast("the campaign's events that were taken", (answers['200'] ?? 0) / events, 'of them', 1),
      atLeast("the campaign's deals that were written in the end", campaign.filter(({ deal }) => fleet.writtenAt.has(deal)).length / events, 'of them', 1),
    ];
  });
}

function compared(what: string, alone: number[], beside: number[], goal: number): Figure[] {
  return [shown(`${what}, p99`, quantile(beside, 0.99), 'ms'), atMost(`${what}, p99 of that alone`, quantile(beside, 0.99) / quantile(alone, 0.99), 'x', goal)];
}

/** One event at a time, whatever the last one's fate. Returns how long each took to its write, in milliseconds. */
async function play(scene: Scene, fleet: Fleet, events: readonly Sent[]): Promise<number[]> {
  const sentAt = new Map<string, number>();
  const answered: Promise<unknown>[] = [];
  for (const { deal, request } of events) {
    sentAt.set(deal, performance.now());
    answered.push(load({ port: scene.server.port, connections: 1, warmMs: 0, measureMs: 60_000, count: 1, next: () => request }));
    await new Promise((resolve) => setTimeout(resolve, APART_MS));
  }
  await Promise.all(answered);
  await scene.until('the quiet writes', () => events.every(({ deal }) => fleet.writtenAt.has(deal)));
  return events.map(({ deal }) => (fleet.writtenAt.get(deal) ?? Number.NaN) - (sentAt.get(deal) ?? Number.NaN));
}

async function pour(scene: Scene, events: readonly Sent[]): Promise<Record<string, number>> {
  const requests = events.values();
  const result = await load({
    port: scene.server.port,
    connections: CONNECTIONS,
    warmMs: 0,
    measureMs: 120_000,
    count: events.length,
    next: () => requests.next().value?.request ?? '',
  });
  return result.statuses;
}

/** Closes the lane of a tenant's CRM until then, as a vendor's own pause would. */
async function setLane({ db }: Scene, { crm }: Seeded, nextAt: number): Promise<void> {
  const { numUpdatedRows } = await db.updateTable('lanes').set({ next_at: nextAt }).where('install', '=', crm.id).executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new Error('That lane was never served.');
  await wakeLanes(db, [{ kind: 'perform', lane: crm.id }]);
}

async function waits({ db }: Scene): Promise<number> {
  const { count } = await db
    .selectFrom('outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'ready')
    .executeTakeFirstOrThrow();
  return count;
}
