import { expect, it } from 'vitest';
import { idFloor, newId } from '#lib/ids';
import type { Db } from '#store/database';
import { OWN } from '#store/inbox';
import { asServer } from '#store/scope';
import { sweepEffects, sweepExpired, sweepNotices, tenantsBehind } from '#store/retention';
import type { InstallId } from '#core/ids';
import { eachDatabase } from './databases.ts';
import { NOW, notice, put, putAccount, write, type Account } from './fixtures.ts';

const YEAR = 365 * 86_400_000;
const OLD = NOW - YEAR;

it('an id is told old or young by the time in it', () => {
  const [before, at] = [newId('ntc', NOW - 1), newId('ntc', NOW)];
  expect([before < idFloor('ntc', NOW), at < idFloor('ntc', NOW)]).toEqual([true, false]);
});

/** Effects as they stand after a year, by what they are called. */
async function putOld(db: Db, account: Account, states: Record<string, { state: string; kind?: string; record?: string; data?: string; young?: boolean }>): Promise<void> {
  for (const [name, { state, kind = 'record.write', record = `deal:${name}`, data, young = false }] of Object.entries(states)) {
    await put(db, account, 1, write(account.crm, name, { key: name }));
    const at = young ? NOW : OLD;
    await db
      .updateTable('outbox')
      .set({ id: newId('eff', at), state: state as 'done', kind: kind as 'record.write', record, updated_at: at, ...(data === undefined ? {} : { data }) })
      .where('tenant', '=', account.tenant)
      .where('key', '=', name)
      .execute();
  }
}
const keysOf = async (db: Db, { tenant }: Account) => (await db.selectFrom('outbox').select('key').where('tenant', '=', tenant).orderBy('key').execute()).map(({ key }) => key);

eachDatabase((_name, open) => {
  it('settled effects go when they are old; what waits, what stands for ever and what tells a dead letter that it is old stay', async () => {
    const { db } = await open();
    const [account, other] = [await putAccount(db), await putAccount(db)];
    await putOld(db, account, {
      'gone done': { state: 'done' },
      'gone cancelled': { state: 'cancelled', kind: 'deal.read' },
      'stays young': { state: 'done', young: true },
      'stays ready': { state: 'ready' },
      'stays parked': { state: 'parked', record: 'deal:replayed' },
      'stays beside parked': { state: 'done', record: 'deal:replayed' },
      'stays once': { state: 'done', data: '{"record":{"type":"deal","id":"1"},"set":{"a":1},"once":["a"]}' },
      'stays create': { state: 'done', kind: 'envelope.create' },
      'stays emit': { state: 'done', kind: 'journey.emit' },
      'stays told': { state: 'done', kind: 'consent.tell' },
      'stays task': { state: 'done', kind: 'task.create' },
    });
    await putOld(db, other, { theirs: { state: 'done' } });
    await asServer(() => sweepEffects(db, account.tenant, NOW - 1));
    expect((await keysOf(db, account)).filter((key) => key.startsWith('gone'))).toEqual([]);
    expect(await keysOf(db, account)).toHaveLength(9);
    expect(await keysOf(db, other)).toEqual(['theirs']);
  });

  it('settled notices go when they are old and their bytes have gone; what was told by hand keeps its key', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    const row = (name: string, over: Parameters<typeof notice>[2] = {}) => notice(crm, name, { id: newId('ntc', OLD), state: 'done', ...over });
    await db.insertInto('deliveries').values({ id: 'dlv_kept', vendor: 'a-crm', received_at: OLD, headers: '{}', body: null, fault: null }).execute();
    await db
      .insertInto('inbox')
      .values([
        row('gone done'),
        row('gone noted', { state: 'noted', delivery: 'dlv_gone' }),
        row('eff_gone', { vendor: OWN }),
        row('stays own', { vendor: OWN }),
        row('effort stays', { vendor: OWN }),
        row('stays dead', { state: 'dead' }),
        row('stays ready', { state: 'ready' }),
        row('stays with bytes', { delivery: 'dlv_kept' }),
        row('stays young', { id: newId('ntc', NOW) }),
      ])
      .execute();
    expect(await asServer(() => sweepNotices(db, tenant, NOW - 1))).toBe(3);
    const left = await db.selectFrom('inbox').select('key').execute();
    expect(left.map(({ key }) => key).filter((key) => !key.includes('stays'))).toEqual([]);
    expect(left).toHaveLength(6);
  });

  it('ended waits and sign-ins go, and each tenant has its turn', async () => {
    const { db } = await open();
    const accounts = [await putAccount(db), await putAccount(db), await putAccount(db)];
    const callback = (install: InstallId, expires_at: number) => ({
      tenant: accounts[0]?.tenant ?? 'ten_none',
      install,
      callback: String(expires_at),
      deal: '1',
      created_at: OLD,
      expires_at,
    });
    const { crm } = accounts[0] ?? (await putAccount(db));
    await db
      .insertInto('callbacks')
      .values([callback(crm.id, OLD), callback(crm.id, NOW)])
      .execute();
    await db
      .insertInto('oauth_states')
      .values({ state_hash: 'h', vendor: 'a-crm', login: null, tenant: null, operator: 0, browser_hash: 'b', verifier: 'v', expires_at: OLD })
      .execute();
    expect([await asServer(() => sweepExpired(db, NOW)), await asServer(() => sweepExpired(db, NOW))]).toEqual([2, 0]);
    const ids = accounts.map(({ tenant }) => tenant).sort();
    const [first, second] = [await asServer(() => tenantsBehind(db, null, 2)), await asServer(() => tenantsBehind(db, ids[1] ?? null, 2))];
    expect([...first, ...second]).toEqual(ids);
  });
});
