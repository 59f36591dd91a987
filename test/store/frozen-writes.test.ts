import { expect, it } from 'vitest';
import { RESTORE_KEY } from '#core/overwrite';
import type { Effect } from '#core/effect';
import type { EnvelopeId } from '#core/ids';
import type { Db } from '#store/database';
import { frozenWrites } from '#store/frozen-writes';
import { append } from '#store/ledger';
import { eachDatabase } from './databases.ts';
import { NOW, put, putAccount, receipt, write, type Account } from './fixtures.ts';

const ENVELOPE: EnvelopeId = 'env_a';
const FIELD = 'esign_first_touch_source';
let ordinal = 0;

/** A write that is done; `written` is what the CRM confirmed of it. */
async function done(db: Db, account: Account, set: Record<string, string>, once: string[], written: string[], over: Partial<Effect> = {}) {
  const data = { record: { type: 'deal' as const, id: '9' }, set, ...(once.length > 0 ? { once } : {}) };
  const effect = write(account.crm, '9', { data, envelope: ENVELOPE, ...over } as never);
  await put(db, account, ++ordinal, effect);
  const { id } = await db.selectFrom('outbox').select('id').where('key', '=', effect.key).executeTakeFirstOrThrow();
  await db
    .updateTable('outbox')
    .set({ state: 'done', updated_at: NOW + ordinal })
    .where('id', '=', id)
    .execute();
  await db.transaction().execute((tx) => append(tx, account.tenant, 'receipts', [receipt(id, { detail: JSON.stringify({ fields: written }) })]));
  return NOW + ordinal;
}
const found = (db: Db, { tenant, crm }: Account) => frozenWrites(db, tenant, crm.id, ['deal:9', 'contact:1']);

eachDatabase((_name, open) => {
  it('a write-once field is ours from the first write that the CRM confirmed, and keeps its value', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const at = await done(db, account, { [FIELD]: 'mail', other: 'x' }, [FIELD], [FIELD, 'other']);
    await done(db, account, { [FIELD]: 'search' }, [FIELD], []);
    expect(await found(db, account)).toEqual([{ record: 'deal:9', field: FIELD, value: 'mail', envelope: ENVELOPE, at }]);
  });

  it('a field that held something already was never ours', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await done(db, account, { [FIELD]: 'mail' }, [FIELD], []);
    expect(await found(db, account)).toEqual([]);
  });

  it('a restoring write dates it anew; a mapping that writes it each time ends it', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await done(db, account, { [FIELD]: 'mail' }, [FIELD], [FIELD]);
    const at = await done(db, account, { [FIELD]: 'mail' }, [], [FIELD], { key: `${RESTORE_KEY}1` });
    expect(await found(db, account)).toMatchObject([{ value: 'mail', at }]);
    await done(db, account, { [FIELD]: 'of today' }, [], [FIELD]);
    expect(await found(db, account)).toEqual([]);
  });
});
