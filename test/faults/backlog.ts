import { readFileSync } from 'node:fs';
import { hmacBase64 } from '#lib/hmac';
import type { Db } from '#store/database';
import { atLeast, atMost, quantile, shown } from '../bench/figures.ts';
import { load } from '../bench/load.ts';
import { databaseFaults, leftOver, type Faults } from './books.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { onStage, SANDBOX_KEY, type Stage } from './stage.ts';

/** As HubSpot groups the changes of a bulk edit. */
const EVENTS_A_DELIVERY = 100;
/** So many keys the server remembers, whatever waits. */
const REMEMBERED_KEYS = 100_000;
const CONNECTIONS = 64;
const WARM_MS = 2_000;
const MEASURE_MS = 5_000;
const SAMPLE_MS = 100;
const MEMORY = 1.2;
const RATE = 0.8;
const PATIENCE_MS_EACH = 12;
/** With which the sandbox's HubSpot signs. */
const HUBSPOT_SECRET = 'hubspot-sandbox-secret';
const HUBSPOT_API = '/sandbox/hubspot/crm/';

/** `rounds` changes of stage while HubSpot answers 503: each asks for its deal to be read, and none can be. What the server weighs and takes, before and after, under the same load. */
export const backlog: Fault = ({ rounds, say }) => {
  let isDown = false;
  const through = (request: Request, land: () => Promise<Response>): Promise<Response> =>
    isDown && new URL(request.url).pathname.startsWith(HUBSPOT_API) ? Promise.resolve(new Response('{"status":"error"}', { status: 503 })) : land();
  const environment = { LOG_LEVEL: 'fatal', COUNTERSIGN_WEBHOOKS_PER_SECOND: '0' };
  return onStage({ engine: 'sqlite', environment, front: { through } }, async (stage) => {
    isDown = true;
    // A young process grows whatever waits, by the keys that it remembers too.
    const warm = Math.min(rounds, REMEMBERED_KEYS);
    await tell(stage, warm, 'presentationscheduled');
    await settled(stage, warm);
    await settled(stage, (await measure(stage)).count);
    say(`warm with ${warm} events of which nothing follows`);
    const empty = await measure(stage);
    say(`empty: ${Math.round(empty.perSecond)} deliveries a second, ${Math.round(empty.residentMb)} MiB`);
    await settled(stage, empty.count);

    const begun = performance.now();
    const refused = await tell(stage, rounds, 'contractsent');
    say(`${rounds} events told in ${Math.round((performance.now() - begun) / 1000)} s`);
    await settled(stage, rounds);
    const settledMs = performance.now() - begun;
    const waiting = await stage.look(reads);
    say(`${waiting} reads wait`);

    const full = await measure(stage);
    await stage.processes[0]?.kill();
    const { aside } = await stage.look(leftOver);
    return {
      faults: [
        ...refused,
        ...(aside > 0 ? [`${aside} notices or effects were laid aside`] : []),
        ...(waiting < rounds ? [`${rounds - waiting} of ${rounds} events have no read that waits`] : []),
        ...(await stage.look(databaseFaults)),
      ],
      figures: [
        shown('reads of deals that wait', waiting, ''),
        shown('from the first event until all of them wait there', settledMs / 1000, 's'),
        shown('taken with an empty queue', empty.perSecond, 'deliveries/s'),
        shown('taken with the full one', full.perSecond, 'deliveries/s'),
        atLeast('of the rate with an empty queue', full.perSecond / empty.perSecond, 'x', RATE),
        shown('p99 with an empty queue', empty.p99Ms, 'ms'),
        shown('p99 with the full one', full.p99Ms, 'ms'),
        shown('resident memory with an empty queue, under that load', empty.residentMb, 'MiB'),
        shown('the same with the full one', full.residentMb, 'MiB'),
        atMost('of the memory with an empty queue', full.residentMb / empty.residentMb, 'x', MEMORY),
      ],
    };
  });
};

/** Tells of that many deals that enter a stage. Returns what was not answered well. */
async function tell(stage: Stage, count: number, dealstage: string): Promise<Faults> {
  const next = changes(stage, dealstage);
  const deliveries = Math.ceil(count / EVENTS_A_DELIVERY);
  const { statuses } = await load({ port: stage.anyPort(), connections: 8, warmMs: 0, measureMs: 3_600_000, count: deliveries, next });
  return Object.entries(statuses).flatMap(([status, times]) => (status.startsWith('2') ? [] : [`${times} deliveries were answered ${status}`]));
}

interface Measured {
  perSecond: number;
  p99Ms: number;
  /** The median of samples taken under the load. */
  residentMb: number;
  count: number;
}

/** The same load each time: events that the line notes and that need no call. */
async function measure(stage: Stage): Promise<Measured> {
  const next = strangers(stage.seeded, SANDBOX_KEY);
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentMb(stage)), SAMPLE_MS);
  const { perSecond, p99Ms, statuses } = await load({ port: stage.anyPort(), connections: CONNECTIONS, warmMs: WARM_MS, measureMs: MEASURE_MS, next: () => next().request() });
  clearInterval(timer);
  return { perSecond, p99Ms, residentMb: quantile(samples.slice(samples.length / 2), 0.5), count: statuses['200'] ?? 0 };
}

const residentMb = (stage: Stage): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stage.processes[0]?.pid ?? 0}/status`, 'utf8'))?.[1]) / 1024;

const settled = (stage: Stage, count: number): Promise<void> =>
  stage.until(
    'the line to settle what it was told',
    async () => (await stage.look((db) => db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute())).length === 0,
    240_000 + PATIENCE_MS_EACH * count,
  );

async function reads(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('kind', '=', 'deal.read')
    .where('state', 'in', ['ready', 'leased'])
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Deliveries of HubSpot's in which deals enter a stage: `contractsent` is the one at which the shipped rule sends. */
function changes({ front, seeded }: Stage, dealstage: string): () => string {
  let deal = 10_000_000;
  return () => {
    const now = Date.now();
    const events = Array.from({ length: EVENTS_A_DELIVERY }, () => ({
      eventId: deal,
      subscriptionId: 3_712_001,
      portalId: Number(seeded.crm.account),
      appId: 1_160_452,
      occurredAt: now,
      subscriptionType: 'deal.propertyChange',
      attemptNumber: 0,
      objectId: deal++,
      propertyName: 'dealstage',
      propertyValue: dealstage,
      changeSource: 'CRM_UI',
      sourceId: 'userId:5103001',
    }));
    const body = JSON.stringify(events);
    const signature = hmacBase64(HUBSPOT_SECRET, 'POST', `${front.address}/webhooks/hubspot`, body, String(now));
    return `POST /webhooks/hubspot HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-hubspot-signature-v3: ${signature}\r\nx-hubspot-request-timestamp: ${now}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
}
