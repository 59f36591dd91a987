import { contest, figuresOf, forged, hubspot, medianOf, ratioOf, REFUSED, repeated, type Racer } from './contest.ts';
import { atLeast, shown, type Bench, type Figure } from './figures.ts';
import { countRows } from './rows.ts';
import { pinLoad, type Server } from './servers.ts';

const GOALS: Record<number, number> = { 1: 0.75, 16: 0.6, 64: 0.7 };
const MANY = 64;
const RACERS = { 'bare server': { kind: 'floor' }, product: { kind: 'product' }, 'product with its work paused': { kind: 'paused' } } as const satisfies Record<string, Racer>;

/** P1 and P7: a signed webhook of DocuSign's to its durable answer, beside a bare server that is started by the same run. */
export const ingest: Bench = async (say) => {
  pinLoad();
  const figures: Figure[] = [];
  for (const connections of [1, 16, MANY]) {
    say(`${connections} connections`);
    const turns = await contest(RACERS, connections);
    const { 'bare server': floor, product, 'product with its work paused': paused } = turns;
    figures.push(
      atLeast(`of the bare server's rate, ${connections} connections`, ratioOf(product, floor), 'x', GOALS[connections] ?? 0),
      shown(`the same with the work paused, ${connections} connections`, ratioOf(paused, floor), 'x'),
      ...figuresOf(turns, connections),
    );
  }
  return [...figures, ...(await others(say))];
};

async function others(say: (line: string) => void): Promise<Figure[]> {
  say('HubSpot, repeats and forgeries');
  let written = Number.NaN;
  const look = (_server: Server, database: string) => void (written = countRows(database, ['inbox', 'deliveries']));
  const { product, crm, repeats, forgeries, each } = await contest(
    {
      product: { kind: 'product' },
      crm: { kind: 'product', requests: hubspot, statuses: ['204'] },
      repeats: { kind: 'product', requests: repeated },
      forgeries: { kind: 'product', requests: forged, statuses: REFUSED, look },
      each: { kind: 'each' },
    },
    MANY,
  );
  return [
    shown(`bare server with a commit each, ${MANY} connections`, medianOf(each, 'perSecond'), 'events/s'),
    shown(`product, HubSpot deliveries of 7 events, ${MANY} connections`, medianOf(crm, 'perSecond'), 'deliveries/s'),
    atLeast('95 % repeats, of the rate of new events', ratioOf(repeats, product), 'x', 1.3),
    atLeast('forged signatures refused, of the rate of new events', ratioOf(forgeries, product), 'x', 2),
    { ...shown('rows written for forged events', written, 'rows'), goal: '= 0', ok: written === 0 },
  ];
}
