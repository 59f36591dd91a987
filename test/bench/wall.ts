import { Kysely, PostgresDialect } from 'kysely';
import { listInstalls } from '#store/installs';
import type { TenantId } from '#core/ids';
import { openDatabase, openPool, type Db } from '#store/database';
import { append } from '#store/ledger';
import type { Database } from '#store/schema';
import { asServer, asTenant } from '#store/scope';
import { fact, putAccount } from '../store/fixtures.ts';
import { openWalledDatabase } from '../store/walled.ts';
import { median, shown, type Bench } from './figures.ts';

const ROUNDS = 15;
const READS = 300;
const WRITES = 50;

const read = (db: Db, tenant: TenantId) => listInstalls(db, tenant);
const write = (db: Db, tenant: TenantId) =>
  db.transaction().execute(async (tx) => {
    await append(tx, tenant, 'facts', [fact(), fact()]);
    await listInstalls(tx, tenant);
  });

async function times(count: number, work: (place: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let place = 0; place < count; place++) await work(place);
  return (performance.now() - start) / count;
}

interface Pair {
  floor(): Promise<number>;
  ours(): Promise<number>;
}

/**
 * What the second wall costs: the same statements by a role that it binds, and by one that it does not, over kysely's own dialect. One connection each, in turn
 * within one run, for what a machine does beside it changes by the minute.
 */
export const wall: Bench = async (say) => {
  const database = await openWalledDatabase();
  const [a, b] = await asServer(async () => [(await putAccount(database.db, 'A')).tenant, (await putAccount(database.db, 'B')).tenant]);
  const bare = new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool(database.adminAddress, { max: 1 }) }) });
  const walled = openDatabase(database.address, 1);
  const turn = (place: number): TenantId => (place % 2 ? a : b);

  const pairs: Record<string, Pair> = {
    'read, of two tenants in turn': {
      floor: () => times(READS, (place) => read(bare, turn(place))),
      ours: () => times(READS, (place) => asTenant(turn(place), () => read(walled, turn(place)))),
    },
    'read, of one tenant': { floor: () => times(READS, () => read(bare, a)), ours: () => asTenant(a, () => times(READS, () => read(walled, a))) },
    'read, of the server': { floor: () => times(READS, () => read(bare, a)), ours: () => asServer(() => times(READS, () => read(walled, a))) },
    'transaction of seven statements': { floor: () => times(WRITES, () => write(bare, a)), ours: () => asTenant(a, () => times(WRITES, () => write(walled, a))) },
  };
  const figures = [];
  for (const [name, { floor, ours }] of Object.entries(pairs)) {
    say(name);
    await floor();
    await ours();
    const found: { floor: number; ours: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) found.push({ floor: await floor(), ours: await ours() });
    figures.push(shown(`${name}, without`, median(found.map((one) => one.floor)), 'ms'), shown(`${name}, with`, median(found.map((one) => one.ours)), 'ms'));
    figures.push(shown(`${name}, ratio`, median(found.map((one) => one.ours / one.floor)), 'times'));
  }
  await bare.destroy();
  await walled.destroy();
  await database.close();
  return figures;
};
