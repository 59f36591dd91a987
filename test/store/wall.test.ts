import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowSecurity } from '#migrations/0020-row-security';
import type { TenantId } from '#core/ids';
import { openDatabase, withinTenant, type Db } from '#store/database';
import { asNobody, asServer, asTenant, bindTenant } from '#store/scope';
import { eraseTraces } from '#store/traces';
import { noticeContent } from '#store/view';
import { faultOfWall, findWall } from '#store/wall';
import { arrival, fact, notice, NOW, putAccount, putEnvelope, type Account } from './fixtures.ts';
import { append } from '#store/ledger';
import { openWalledDatabase, type WalledDatabase } from './walled.ts';

const REFUSED = { code: '42501' };
let database: WalledDatabase;
let a: Account;
let b: Account;
const tenantsOf = async (db: Db): Promise<string[]> => (await db.selectFrom('installs').select('tenant').distinct().execute()).map(({ tenant }) => tenant);
const raw = <Row>(db: Db, statement: string, values: unknown[] = []) => db.executeQuery<Row>(CompiledQuery.raw(statement, values));

beforeAll(async () => {
  database = await openWalledDatabase();
  a = await asServer(() => putAccount(database.db, 'Tenant A'));
  b = await asServer(() => putAccount(database.db, 'Tenant B'));
});
afterAll(() => database.close());

interface Column {
  name: string;
  type: string;
}
interface Table {
  name: string;
  columns: Column[];
}

/** Tables with a tenant's column, as the database has them. */
function tenantTables(): Promise<Table[]> {
  return database.asAdmin<Table>(`
    select relname as name, json_agg(json_build_object('name', attname, 'type', format_type(atttypid, null)) order by attnum) as columns
    from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace group by relname having bool_or(attname = 'tenant') order by relname`);
}

/** A row of that table that is nobody else's, whatever is unique in it. */
function rowOf({ columns }: Table, tenant: TenantId, mark: string): unknown[] {
  const values: Record<string, unknown> = { bigint: 1, integer: 1, text: mark, bytea: Buffer.from(mark) };
  return columns.map(({ name, type }) => (name === 'tenant' ? tenant : values[type]));
}
const insertInto = ({ name, columns }: Table) =>
  `insert into ${name} (${columns.map((one) => `"${one.name}"`).join(', ')}) values (${columns.map((_, place) => `$${place + 1}`).join(', ')})`;

it('every table with a tenant has its part of the wall, and one made later is missed until it has', async () => {
  const tables = await tenantTables();
  expect(tables.length).toBeGreaterThan(35);
  expect(await findWall(database.db)).toEqual({ role: database.role, passedBy: null, open: [] });
  await raw(database.db, 'create table made_later (tenant text not null)');
  const open = await findWall(database.db);
  expect(open?.open).toEqual(['made_later']);
  expect(faultOfWall(open)?.say).toMatch(/does not stand for made_later/);
  for (const statement of rowSecurity('postgres', 'made_later')) await raw(database.db, statement);
  expect((await findWall(database.db))?.open).toEqual([]);
  await raw(database.db, 'drop table made_later');
});

it('in every table, a tenant sees and changes its own rows alone, whatever it asks for', async () => {
  const tried: string[] = [];
  for (const table of await tenantTables()) {
    const { name } = table;
    await asServer(() => raw(database.db, insertInto(table), rowOf(table, a.tenant, 'one-of-a')));
    await asServer(() => raw(database.db, insertInto(table), rowOf(table, b.tenant, 'one-of-b')));
    const before = await database.asAdmin(`select * from ${name} where tenant = $1`, [a.tenant]);
    expect(before.length, name).toBeGreaterThan(0);
    await asTenant(b.tenant, async () => {
      const { db } = database;
      // No `where` at all.
      const seen = (await raw<{ tenant: string }>(db, `select tenant from ${name}`)).rows;
      expect(new Set(seen.map(({ tenant }) => tenant)), name).toEqual(new Set([b.tenant]));
      expect((await raw(db, `select from ${name} where tenant = $1`, [a.tenant])).rows, name).toEqual([]);
      expect((await raw(db, `update ${name} set tenant = tenant where tenant = $1`, [a.tenant])).numAffectedRows, name).toBe(0n);
      expect((await raw(db, `delete from ${name} where tenant = $1`, [a.tenant])).numAffectedRows, name).toBe(0n);
      await expect(raw(db, insertInto(table), rowOf(table, a.tenant, 'planted-by-b')), name).rejects.toMatchObject(REFUSED);
      // Ledgers refuse any change by trigger before it comes to that.
      await expect(raw(db, `update ${name} set tenant = $1`, [a.tenant]), name).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|P0001)$/) as string });
    });
    expect(await database.asAdmin(`select * from ${name} where tenant = $1`, [a.tenant]), name).toEqual(before);
    tried.push(name);
  }
  expect(tried).toEqual(expect.arrayContaining(['facts', 'installs', 'outbox', 'persons', 'api_keys', 'sessions']));
  expect((await asTenant(b.tenant, () => raw(database.db, 'select id from tenants'))).rows).toEqual([{ id: b.tenant }]);
});

it('a query that forgets its tenant, by the means of the store, gives the own rows alone', async () => {
  const forgetful = (db: Db) =>
    db.selectFrom('mappings').innerJoin('installs', 'installs.vendor', 'mappings.crm').select(['mappings.tenant', 'installs.tenant as other']).execute();
  const owners = (rows: { tenant: string; other: string }[]) => new Set(rows.flatMap(({ tenant, other }) => [tenant, other]));
  expect(owners(await asServer(() => forgetful(database.db)))).toEqual(new Set([a.tenant, b.tenant]));
  expect(owners(await asTenant(a.tenant, () => forgetful(database.db)))).toEqual(new Set([a.tenant]));
});

it('who has not said for whom it works is refused, and told so, rather than shown nothing', async () => {
  await expect(tenantsOf(database.db)).rejects.toMatchObject({ ...REFUSED, hint: expect.stringContaining('countersign.scope') as string });
  await expect(asServer(() => asNobody(() => tenantsOf(database.db)))).rejects.toMatchObject(REFUSED);
  await expect(asNobody(() => database.db.deleteFrom('sessions').execute())).rejects.toMatchObject(REFUSED);
});

describe('a connection that goes from hand to hand', () => {
  let db: Db;
  beforeAll(() => {
    db = openDatabase(database.address, 1);
  });
  afterAll(() => db.destroy());
  const backend = async () => (await raw<{ pid: number }>(db, 'select pg_backend_pid() as pid')).rows[0]?.pid;

  it('shows each one what is theirs, after answers, errors, transactions taken back and queries called off', async () => {
    const pid = await asServer(backend);
    const spoil: ((tenant: TenantId) => Promise<unknown>)[] = [
      () => tenantsOf(db),
      () => raw(db, 'select 1 / 0'),
      () => db.transaction().execute(() => Promise.reject(new Error('Taken back.'))),
      () => db.transaction().execute((tx) => raw(tx, 'select no_such_thing')),
      () => db.transaction().execute(async (tx) => raw(tx, "select set_config('countersign.tenant', 'ten_else', true)")),
      async () => Promise.all([raw(db, 'select pg_sleep(30)'), callOff()]),
    ];
    async function callOff() {
      const asleep = "select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and query like '%pg_sleep%'";
      while ((await database.asAdmin(asleep, [pid])).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const work of spoil) {
      await asTenant(a.tenant, () => work(a.tenant)).catch(() => undefined);
      await expect(asNobody(() => tenantsOf(db))).rejects.toMatchObject(REFUSED);
      await asTenant(a.tenant, () => work(a.tenant)).catch(() => undefined);
      expect(await asTenant(b.tenant, () => tenantsOf(db))).toEqual([b.tenant]);
      expect((await asServer(() => tenantsOf(db))).sort()).toEqual([a.tenant, b.tenant].sort());
    }
    expect(await asServer(backend)).toBe(pid);
  });

  it('a transaction that the server began for a tenant ends as the server’s, whether it is kept or not', async () => {
    const within = (end: () => Promise<unknown>) =>
      asServer(() =>
        db.transaction().execute((tx) =>
          withinTenant(tx, a.tenant, async () => {
            expect(await tenantsOf(tx)).toEqual([a.tenant]);
            await end();
          }),
        ),
      );
    await within(() => Promise.resolve());
    expect((await asServer(() => tenantsOf(db))).length).toBe(2);
    await expect(within(() => Promise.reject(new Error('Taken back.')))).rejects.toThrow('Taken back.');
    expect((await asServer(() => tenantsOf(db))).length).toBe(2);
  });

  it('and one that broke is none any more', async () => {
    const pid = await asTenant(a.tenant, backend);
    await database.asAdmin('select pg_terminate_backend($1)', [pid]);
    // How often the break is still felt is the driver's affair.
    await expect.poll(() => asTenant(b.tenant, () => tenantsOf(db)).catch(() => null)).toEqual([b.tenant]);
    expect(await asServer(backend)).not.toBe(pid);
  });
});

it('at once, over few connections, nobody is shown what is another’s', async () => {
  const few = openDatabase(database.address, 3);
  const asks = Array.from({ length: 300 }, async (_, place) => {
    const own = place % 2 === 0 ? a.tenant : b.tenant;
    const look = () => (place % 3 === 0 ? few.transaction().execute(tenantsOf) : tenantsOf(few));
    if (place % 7 === 0) return expect(await asServer(look)).toHaveLength(2);
    expect(await asTenant(own, look)).toEqual([own]);
  });
  await Promise.all(asks);
  await few.destroy();
});

it('a request is one tenant’s to its end', async () => {
  await asNobody(async () => {
    bindTenant(a.tenant);
    expect(await tenantsOf(database.db)).toEqual([a.tenant]);
    bindTenant(a.tenant);
    expect(() => bindTenant(b.tenant)).toThrow(/does not become that of another/);
    expect(() => asTenant(b.tenant, () => undefined)).toThrow(/does not become that of another/);
    expect(await tenantsOf(database.db)).toEqual([a.tenant]);
  });
  await expect(tenantsOf(database.db)).rejects.toMatchObject(REFUSED);
});

it('no name of a tenant is that of the server', async () => {
  for (const name of ['server', 'nobody', "' or true --"]) expect(await asTenant(name as TenantId, () => tenantsOf(database.db))).toEqual([]);
});

describe('a delivery of two tenants', () => {
  it('is seen by both, and is not emptied when one of them forgets a person', async () => {
    const { db } = database;
    const [a, b] = await asServer(async () => [await putAccount(db, 'Tenant C'), await putAccount(db, 'Tenant D')]);
    const { delivery } = arrival(a.sign, 'shared');
    const envelope = await asServer(() => putEnvelope(db, a));
    const [ofA, ofB] = [notice(a.sign, 'shared-a', { delivery: delivery.id, state: 'done' }), notice(b.sign, 'shared-b', { delivery: delivery.id, position: 1 })];
    const own = arrival(a.sign, 'alone');
    const alone = notice(a.sign, 'alone-a', { delivery: own.delivery.id, state: 'done' });
    await asServer(async () => {
      for (const one of [delivery, own.delivery])
        await db
          .insertInto('deliveries')
          .values({ ...one, vendor: 'a-signer', received_at: NOW, headers: '{}', body: Buffer.from('[1,2]'), fault: null })
          .execute();
      await db.insertInto('inbox').values([ofA, ofB, alone]).execute();
      await db.transaction().execute(async (tx) =>
        append(
          tx,
          a.tenant,
          'facts',
          [ofA, alone].map(({ id }) => fact({ envelope, notice: id })),
        ),
      );
    });
    const bodies = () => database.asAdmin<{ id: string; body: Buffer | null }>('select id, body from deliveries where id = any($1)', [[delivery.id, own.delivery.id]]);
    const bodyOf = async (id: string) => (await bodies()).find((row) => row.id === id)?.body;

    const before = await asTenant(b.tenant, () => db.selectFrom('inbox').selectAll().where('id', '=', ofB.id).executeTakeFirstOrThrow());
    expect(await asTenant(b.tenant, () => noticeContent(db, b.tenant, before, false))).toEqual({ text: null, withheld: true });
    await asTenant(a.tenant, () =>
      db.transaction().execute((tx) => eraseTraces(tx, a.tenant, { contact: 'c', envelopes: [{ id: envelope, sign: a.sign.id, remote: null }], addresses: [] })),
    );
    expect(await bodyOf(own.delivery.id)).toBeNull();
    expect(await bodyOf(delivery.id)).not.toBeNull();
    // Having looked over the wall, the asker is behind it again.
    const asked = sql<boolean>`countersign_is_shared(${delivery.id}, ${a.tenant})`.as('shared');
    const seen = await asTenant(a.tenant, () => db.transaction().execute(async (tx) => ({ ...(await tx.selectNoFrom(asked).executeTakeFirst()), tenants: await tenantsOf(tx) })));
    expect(seen).toEqual({ shared: true, tenants: [a.tenant] });
  });
});

it('says plainly where it does not stand', async () => {
  const [{ bypassing = true } = {}] = await database.asAdmin<{ bypassing: boolean }>('select rolsuper or rolbypassrls as bypassing from pg_roles where rolname = current_user');
  const admin = openDatabase(database.adminAddress, 1);
  expect((await findWall(admin))?.passedBy !== null).toBe(bypassing);
  await admin.destroy();
  expect(faultOfWall({ role: 'postgres', passedBy: 'superuser', open: [] })).toMatchObject({ fix: expect.stringContaining('create role') as string });
  expect(faultOfWall({ role: 'someone', passedBy: 'bypassrls', open: [] })).toMatchObject({ fix: 'alter role "someone" nobypassrls;' });
  expect(faultOfWall({ role: 'countersign', passedBy: null, open: [] })).toBeNull();
  expect(faultOfWall(null)).toBeNull();
});
