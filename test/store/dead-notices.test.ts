import { expect, it } from 'vitest';
import { deadNotices } from '#store/health';
import { eachDatabase } from './databases.ts';
import { notice, putAccount } from './fixtures.ts';

eachDatabase((_name, open) => {
  it('tenants are told apart, and what waits, is done or was noted does not count', async () => {
    const { db } = await open();
    const [a, b, calm] = [await putAccount(db), await putAccount(db), await putAccount(db)];
    const rows = [
      notice(a.crm, 'one', { state: 'dead' }),
      notice(a.sign, 'two', { state: 'dead' }),
      notice(a.crm, 'three'),
      notice(b.crm, 'one', { state: 'dead' }),
      notice(calm.crm, 'one', { state: 'done' }),
      notice(calm.crm, 'two', { state: 'noted' }),
    ];
    await db.insertInto('inbox').values(rows).execute();
    const expected = [
      { tenant: a.tenant, count: 2 },
      { tenant: b.tenant, count: 1 },
    ].sort((one, two) => (one.tenant < two.tenant ? -1 : 1));
    expect(await deadNotices(db)).toEqual(expected);
  });
});
