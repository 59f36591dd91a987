import { expect, it } from 'vitest';
import type { Changes } from '#ports/crm';
import { CHANGES } from '#flow/install';
import { createReconcile } from '#flow/reconcile';
import type { Db } from '#store/database';
import { ensureCursor } from '#store/cursors';
import { eachDatabase } from '../store/databases.ts';
import { openStage } from './perform-stage.ts';

/** A database that refuses the next changes outside of transactions. */
function failing(db: Db, times: { left: number }): Db {
  return new Proxy(db, {
    get(target, name) {
      if (name === 'updateTable' && times.left-- > 0) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

eachDatabase((_name, open) => {
  it('a round whose end cannot be written down is given back once the database answers again, and is due within seconds', async () => {
    const w = await openStage(await open());
    const { tenant, crm } = w.account;
    await ensureCursor(w.db, tenant, crm.id, CHANGES, w.clock.now());
    const page: Changes = { notices: [], cursor: { at: 1 }, more: false };
    w.crm.changes = async () => page;
    const times = { left: 3 };
    const reconcile = createReconcile({ ...w.flow, db: failing(w.db, times) });
    const cursor = () => w.db.selectFrom('cursors').selectAll().where('install', '=', crm.id).executeTakeFirstOrThrow();

    expect(await reconcile({ install: crm.id, name: CHANGES })).toBe(true);
    const given = await cursor();
    expect([times.left < 0, given.lease_until, given.failures]).toEqual([true, 0, 1]);
    expect(given.next_at - w.clock.now()).toBeLessThan(10_000);

    w.clock.advance(10_000);
    expect(await reconcile({ install: crm.id, name: CHANGES })).toBe(true);
    expect(await cursor()).toMatchObject({ failures: 0, error: null, cursor: '{"at":1}' });
  });
});
