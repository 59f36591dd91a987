import { newToken } from '#lib/ids';
import { postgresServer, runAsAdmin, stopServer } from '../store/postgres.ts';
import { measure, type Kind, type Measured } from './contest.ts';
import { atLeast, median, shown, type Bench, type Figure } from './figures.ts';
import { pinLoad } from './servers.ts';

const ROUNDS = 3;
const GOAL = 0.6;

/** P6: one process on PostgreSQL beside a bare server on the same one, in databases of their own. */
export const onPostgres: Bench = async (say) => {
  pinLoad();
  const server = await postgresServer();
  const figures: Figure[] = [];
  try {
    for (const connections of [16, 64]) {
      const rounds: { product: Measured; floor: Measured }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const floor = await onDatabase(server, 'floor on PostgreSQL', connections);
        const product = await onDatabase(server, 'product', connections);
        say(`${connections} connections: product ${Math.round(product.perSecond)}/s, bare server ${Math.round(floor.perSecond)}/s`);
        rounds.push({ product, floor });
      }
      const ratio = median(rounds.map(({ product, floor }) => product.perSecond / floor.perSecond));
      figures.push(
        connections === 64
          ? atLeast(`of the bare server's rate, ${connections} connections`, ratio, 'x', GOAL)
          : shown(`of the bare server's rate, ${connections} connections`, ratio, 'x'),
        shown(`product, ${connections} connections`, median(rounds.map(({ product }) => product.perSecond)), 'events/s'),
        shown(`product, ${connections} connections, p99`, median(rounds.map(({ product }) => product.p99Ms)), 'ms'),
        shown(`product, ${connections} connections, processor an event`, median(rounds.map(({ product }) => product.cpuUs)), 'µs'),
        shown(`bare server, ${connections} connections, processor an event`, median(rounds.map(({ floor }) => floor.cpuUs)), 'µs'),
        shown(`bare server, ${connections} connections`, median(rounds.map(({ floor }) => floor.perSecond)), 'events/s'),
        shown(`bare server, ${connections} connections, p99`, median(rounds.map(({ floor }) => floor.p99Ms)), 'ms'),
      );
    }
  } finally {
    await stopServer();
  }
  return figures;
};

async function onDatabase(server: string, kind: Kind, connections: number): Promise<Measured> {
  const name = `countersign_bench_${Buffer.from(newToken(6), 'base64url').toString('hex')}`;
  await runAsAdmin(server, `create database ${name}`);
  try {
    return await measure(kind, { connections, database: () => Object.assign(new URL(server), { pathname: `/${name}` }).href });
  } finally {
    await runAsAdmin(server, `drop database ${name} with (force)`);
  }
}
