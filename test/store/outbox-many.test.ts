import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { claimLane, settleEffects } from '#store/outbox';
import { openTestDatabase } from './databases.ts';
import { NOW, put, putAccount, write } from './fixtures.ts';

/** More than SQLite takes as parameters of one statement. */
const MANY = 33_000;

test('a lane is served in which more waits for one record than a statement takes', async () => {
  const { db, close } = await openTestDatabase('SQLite');
  const account = await putAccount(db);
  await put(db, account, 1, write(account.crm, '1'));
  const columns = Object.keys(await db.selectFrom('outbox').selectAll().executeTakeFirstOrThrow());
  const values = columns.map((name) => (name === 'id' || name === 'key' ? `${name} || i` : name));
  // Copied by the database itself: the store would take ten times as long.
  await sql
    .raw(`with recursive n(i) as (select 2 union all select i + 1 from n where i < ${MANY}) insert into outbox (${columns.join(', ')}) select ${values.join(', ')} from outbox, n`)
    .execute(db);
  const claimed = await claimLane(db, NOW, 10);
  expect(claimed?.effects).toHaveLength(MANY);
  if (!claimed) return;
  const settled = await db.transaction().execute((tx) =>
    settleEffects(
      tx,
      claimed.lane,
      claimed.effects.map(({ id }) => ({ id, state: 'done' as const })),
      NOW,
    ),
  );
  expect(settled.size).toBe(MANY);
  await close();
});
