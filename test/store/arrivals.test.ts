import { PostgresAdapter, type CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createStore, type Arrival } from '#store/arrivals';
import type { Db } from '#store/database';
import type { Install } from '#store/installs';
import { arrival, install } from './fixtures.ts';

const account = (id: 'a' | 'b') => ({ ...install(), id: `ins_${id}`, tenant: `ten_${id}` }) as unknown as Install;
const CRM = account('a');
const deadlock = () => Object.assign(new Error('deadlock detected'), { code: '40P01' });

/** A PostgreSQL whose statements end as told, one after the other, and what they were asked with. */
function played(...ends: (Error | null)[]) {
  const asked: CompiledQuery[] = [];
  const executeQuery = (query: CompiledQuery) => {
    const end = ends[asked.push(query) - 1];
    return end ? Promise.reject(end) : Promise.resolve({ rows: [] });
  };
  return { store: createStore({ executeQuery, getExecutor: () => ({ adapter: new PostgresAdapter() }) } as unknown as Db), asked };
}

describe('a group that PostgreSQL ended because two waited for each other', () => {
  it('is stored by another try', async () => {
    const { store, asked } = played(deadlock(), deadlock(), null);
    await store([arrival(CRM, 'a')]);
    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(1);
  });
  it('is given back to its senders after three', async () => {
    const { store, asked } = played(deadlock(), deadlock(), deadlock(), null);
    await expect(store([arrival(CRM, 'a')])).rejects.toThrow('deadlock');
    expect(asked).toHaveLength(3);
  });
  it('and after any other error at once', async () => {
    const { store, asked } = played(Object.assign(new Error('no'), { code: '57P01' }));
    await expect(store([arrival(CRM, 'a')])).rejects.toThrow('no');
    expect(asked).toHaveLength(1);
  });
});

it('what PostgreSQL is given stands in an order that is the same in every process, bytes as it writes them', async () => {
  const { store, asked } = played(null);
  const [a, b] = [account('a'), account('b')];
  const one = arrival(b, 'z', 'same');
  const other = arrival(a, 'same', 'k');
  const unread = arrival(a);
  const group: Arrival[] = [
    { ...one, delivery: one.delivery && { ...one.delivery, body: Buffer.from('héllo') } },
    { ...other, delivery: other.delivery && { ...other.delivery, body: null } },
    { delivery: null, notices: [] },
    unread,
  ];
  await store(group);
  await store(group.toReversed());
  const [notices, deliveries, apart, lanes] = asked[0]?.parameters as [string, string, string[], string[]];
  const placed = (JSON.parse(notices) as { key: string; install: string }[]).map(({ key, install: of }) => `${key} ${of}`);
  expect(placed).toEqual(['k ins_a', 'same ins_a', 'same ins_b', 'z ins_b']);
  expect(asked[1]?.parameters[0]).toBe(notices);
  expect((JSON.parse(deliveries) as { body: string | null }[]).map(({ body }) => body).slice(0, 2)).toEqual(['\\x68c3a96c6c6f', null]);
  expect(apart).toEqual([unread.delivery?.id]);
  expect(lanes).toEqual(['ten_a', 'ten_b']);
});
