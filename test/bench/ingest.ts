import { forged, hubspot, measure, REFUSED, repeated } from './contest.ts';
import { atLeast, median, shown, type Bench, type Figure } from './figures.ts';
import type { LoadResult } from './load.ts';
import { countRows } from './rows.ts';
import { pinLoad } from './servers.ts';

const GOALS: Record<number, number> = { 1: 0.75, 16: 0.6, 64: 0.7 };
const ROUNDS = 3;
const MANY = 64;

/** P1 and P7: a signed webhook of DocuSign's to its durable answer, beside a bare server that is started by the same run. */
export const ingest: Bench = async (say) => {
  pinLoad();
  const figures: Figure[] = [];
  const rates = new Map<number, number>();
  for (const connections of [1, 16, MANY]) {
    const rounds: { product: LoadResult; floor: LoadResult }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const floor = await measure('floor', { connections });
      const product = await measure('product', { connections });
      say(`${connections} connections: product ${Math.round(product.perSecond)}/s, bare server ${Math.round(floor.perSecond)}/s`);
      rounds.push({ product, floor });
    }
    const rate = median(rounds.map(({ product }) => product.perSecond));
    rates.set(connections, rate);
    figures.push(
      atLeast(
        `of the bare server's rate, ${connections} connections`,
        median(rounds.map(({ product, floor }) => product.perSecond / floor.perSecond)),
        'x',
        GOALS[connections] ?? 0,
      ),
    );
    figures.push(
      shown(`product, ${connections} connections`, rate, 'events/s'),
      shown(`product, ${connections} connections, p99`, median(rounds.map(({ product }) => product.p99Ms)), 'ms'),
    );
    figures.push(shown(`bare server, ${connections} connections`, median(rounds.map(({ floor }) => floor.perSecond)), 'events/s'));
    figures.push(shown(`bare server, ${connections} connections, p99`, median(rounds.map(({ floor }) => floor.p99Ms)), 'ms'));
  }
  for (const connections of [MANY])
    figures.push(shown(`bare server with a commit each, ${connections} connections`, (await measure('each', { connections })).perSecond, 'events/s'));
  for (const connections of [1, MANY])
    figures.push(shown(`product with its work paused, ${connections} connections`, (await measure('paused', { connections })).perSecond, 'events/s'));
  figures.push(
    shown(
      `product, HubSpot deliveries of 7 events, ${MANY} connections`,
      (await measure('product', { connections: MANY, requests: hubspot, statuses: ['204'] })).perSecond,
      'deliveries/s',
    ),
  );

  say('repeats and forgeries');
  const rate = rates.get(MANY) ?? Number.NaN;
  const repeats = await measure('product', { connections: MANY, requests: repeated });
  figures.push(atLeast('95 % repeats, of the rate of new events', repeats.perSecond / rate, 'x', 1.3));
  let written = Number.NaN;
  const forgeries = await measure('product', {
    connections: MANY,
    requests: forged,
    statuses: REFUSED,
    look: (_server, database) => void (written = countRows(database, ['inbox', 'deliveries'])),
  });
  figures.push(atLeast('forged signatures refused, of the rate of new events', forgeries.perSecond / rate, 'x', 2));
  figures.push({ ...shown('rows written for forged events', written, 'rows'), goal: '= 0', ok: written === 0 });
  return figures;
};
