import { afterEach, expect, it, vi } from 'vitest';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import { createIngest } from '#store/ingest';
import { eachDatabase } from './databases.ts';
import { arrival, install, NOW, notice, putAccount } from './fixtures.ts';

const CRM = { ...install(), id: 'ins_a', tenant: 'ten_a' } as never;
const code = (thrown: unknown) => Problem.from(thrown).code;
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** A database whose transactions end as told, one after the other; what is in them is not run. */
function played(end: () => Promise<void>) {
  const counted = { commits: 0 };
  const transaction = () => ({ execute: () => ((counted.commits += 1), end()) });
  return { db: { transaction, getExecutor: () => ({ adapter: null }) } as unknown as Db, counted };
}
const failing = (error: Error & { code?: string }) => played(() => Promise.reject(error));
const busy = () => Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' });
const withBody = (key: string, bytes: number) => ({ ...arrival(CRM, key), delivery: { ...arrival(CRM, key).delivery, body: Buffer.alloc(bytes) } });

afterEach(() => vi.restoreAllMocks());

it('a group has at most 250 deliveries, and at most a million bytes and what is over them', async () => {
  const commitsOf = async (arrivals: ReturnType<typeof withBody>[]) => {
    const { db, counted } = played(() => Promise.resolve());
    const ingest = createIngest(db, () => undefined);
    await Promise.all(arrivals.map((one) => ingest.add(one)));
    return counted.commits;
  };
  const some = (count: number, bytes: number) => Array.from({ length: count }, (_, place) => withBody(`key-${place}`, bytes));
  expect([await commitsOf(some(250, 1)), await commitsOf(some(251, 1))]).toEqual([1, 2]);
  expect([await commitsOf(some(2, 999_999)), await commitsOf(some(2, 1_000_000)), await commitsOf(some(3, 500_000))]).toEqual([1, 2, 2]);
});

it('a group is gathered as long as each turn of the loop brings one more, up to 20 ms', async () => {
  const { db, counted } = played(() => Promise.resolve());
  const ingest = createIngest(db, () => undefined);
  const added: Promise<void>[] = [];
  const oneATurn = async (turns: number) => {
    for (let place = 0; place < turns; place++) {
      // Asked for first, so that what comes is there before the group's own turn is, as what is read from a socket is.
      const next = turn();
      added.push(ingest.add(arrival(CRM, `key-${added.length}`)));
      await next;
    }
    await Promise.all(added);
  };
  // However long the machine takes for them.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  await oneATurn(64);
  expect(counted.commits).toBe(1);
  await turn();
  await oneATurn(1);
  expect(counted.commits).toBe(2);
  let now = 0;
  clock.mockImplementation(() => (now += 6));
  await oneATurn(8);
  expect(counted.commits).toBeGreaterThan(3);
});

it('at most 10,000 wait, and the next is told to come again', async () => {
  const { db } = played(() => new Promise(() => undefined));
  const ingest = createIngest(db, () => undefined);
  const refused: number[] = [];
  for (let count = 1; count <= 10_001; count++) ingest.add(arrival(CRM, `key-${count}`)).catch(() => refused.push(count));
  await Promise.resolve();
  expect(refused).toEqual([10_001]);
});

it('what is known already, and what does not concern us, is answered without a commit', async () => {
  const { db, counted } = played(() => Promise.resolve());
  let told = 0;
  const ingest = createIngest(db, () => void told++);
  await ingest.add(arrival(CRM, 'a', 'b'));
  expect(told).toBe(1);
  await ingest.add(arrival(CRM, 'b', 'a'));
  await ingest.add({ delivery: null, notices: [notice(CRM, 'z')] });
  expect(counted.commits).toBe(1);
  await ingest.add(arrival(CRM, 'a', 'c'));
  await ingest.add(arrival(CRM));
  await ingest.add(arrival(CRM));
  expect(counted.commits).toBe(4);
});

it('the latest 50,000 keys are known without asking, and at most 100,000', async () => {
  const { db, counted } = played(() => Promise.resolve());
  const ingest = createIngest(db, () => undefined);
  const hear = async (from: number, to: number) => {
    await ingest.add(arrival(CRM, ...Array.from({ length: to - from }, (_, place) => `key-${from + place}`)));
    return counted.commits;
  };
  expect(await hear(0, 100_000)).toBe(1);
  expect([await hear(0, 1), await hear(50_000, 50_001), await hear(99_999, 100_000)]).toEqual([1, 1, 1]);
  expect(await hear(100_000, 100_001)).toBe(2);
  expect([await hear(50_001, 50_002), await hear(100_000, 100_001)]).toEqual([2, 2]);
  expect(await hear(0, 1)).toBe(3);
});

it('what failed is not known, and whoever waits for work hears of nothing', async () => {
  const { db, counted } = failing(new Error('odd'));
  let told = 0;
  const ingest = createIngest(db, () => void told++);
  for (const _ of [1, 2]) expect(await ingest.add(arrival(CRM, 'a')).then(() => 'stored', code)).toBe('store.busy');
  expect([counted.commits, told]).toEqual([2, 0]);
});

it('weather is told for five seconds, and no longer than until something was stored', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  let error: Error | null = busy();
  const { db } = played(() => (error ? Promise.reject(error) : Promise.resolve()));
  const ingest = createIngest(db, () => undefined);
  const add = (key: string) => ingest.add(arrival(CRM, key)).catch(() => undefined);
  expect(ingest.fault()).toBeNull();
  await add('a');
  const at = (time: number) => (now.mockReturnValue(time), ingest.fault());
  expect([at(1000), at(5999), at(6000)]).toEqual(['the database takes nothing', 'the database takes nothing', null]);
  now.mockReturnValue(7000);
  error = null;
  await add('b');
  now.mockReturnValue(1001);
  expect(ingest.fault()).toBeNull();
  // What is our fault is no weather.
  error = new Error('odd');
  await add('c');
  expect(ingest.fault()).toBeNull();
});

it('in bad weather those who came meanwhile are told at once, otherwise each group for itself', async () => {
  for (const [error, commits] of [
    [busy(), 1],
    [new Error('odd'), 2],
  ] as const) {
    const { db, counted } = failing(error);
    const ingest = createIngest(db, () => undefined);
    const ended = await Promise.all(Array.from({ length: 251 }, (_, place) => ingest.add(arrival(CRM, `key-${place}`)).then(() => 'stored', code)));
    expect([new Set(ended), counted.commits]).toEqual([new Set(['store.busy']), commits]);
  }
});

it('who drains waits for what is under way', async () => {
  let end = (): void => undefined;
  const { db } = played(() => new Promise((resolve) => (end = resolve)));
  const ingest = createIngest(db, () => undefined);
  await ingest.drain();
  const stored = ingest.add(arrival(CRM, 'a'));
  let drained = false;
  const draining = ingest.drain().then(() => (drained = true));
  await turn();
  await turn();
  expect(drained).toBe(false);
  end();
  await Promise.all([stored, draining]);
});

eachDatabase((name, open) => {
  it('notices are stored in the order of their keys, of one key by account, and repeats once', async () => {
    const { db } = await open();
    const { tenant, crm, sign } = await putAccount(db);
    const [first, second] = crm.id < sign.id ? [crm, sign] : [sign, crm];
    const ingest = createIngest(db, () => undefined);
    const many = Array.from({ length: 87 }, (_, place) => `n-${String(place).padStart(2, '0')}`);
    await Promise.all([ingest.add(arrival(second, 'b', 'a')), ingest.add(arrival(first, 'b', 'c', 'b')), ingest.add(arrival(crm, ...[...many].reverse()))]);
    // Every column, so that SQLite reads the table as it was written and not along an index. PostgreSQL puts rows wherever there is room.
    const all = db.selectFrom('inbox').selectAll();
    const rows = await (name === 'SQLite' ? all : all.orderBy('key').orderBy('install')).execute();
    const stored = rows.map((row) => ({ key: row.key, install: row.install }));
    expect(stored).toEqual([
      { key: 'a', install: second.id },
      { key: 'b', install: first.id },
      { key: 'b', install: second.id },
      { key: 'c', install: first.id },
      ...many.map((key) => ({ key, install: crm.id })),
    ]);
    expect(await db.selectFrom('deliveries').select('id').execute()).toHaveLength(3);
    if (name === 'SQLite') return;
    const woken = () =>
      db
        .withSchema('graphile_worker')
        .selectFrom('jobs' as 'inbox')
        .select('key')
        .execute();
    expect(await woken()).toEqual([{ key: `advance:${tenant}` }]);
  });

  it('a delivery is kept for a new notice or for none at all, and not for what is known', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    await createIngest(db, () => undefined).add(arrival(crm, 'a'));
    if (name === 'PostgreSQL')
      expect(
        await db
          .withSchema('graphile_worker')
          .selectFrom('jobs' as 'inbox')
          .select('key')
          .execute(),
      ).toEqual([{ key: `advance:${tenant}` }]);
    const restarted = createIngest(db, () => undefined);
    const [known, fresh, empty] = [arrival(crm, 'a'), arrival(crm, 'a', 'b'), arrival(crm)];
    await Promise.all([known, fresh, empty].map((one) => restarted.add(one)));
    const kept = (await db.selectFrom('deliveries').select(['id', 'received_at', 'vendor']).execute()).map(({ id }) => id);
    expect(kept).not.toContain(known.delivery.id);
    expect(kept).toEqual(expect.arrayContaining([fresh.delivery.id, empty.delivery.id]));
    expect(await db.selectFrom('inbox').select('run_at').execute()).toEqual([{ run_at: NOW }, { run_at: NOW }]);
  });
});
