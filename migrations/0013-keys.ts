import { guardSql } from './guards.ts';
import type { Migration } from './index.ts';

const TABLE = `create table root_keys (id text not null primary key, first_used_at bigint not null)`;

/**
 * Which root keys the database's sealed values may need. A private key may from now on be sealed anew, of a retired signing key too, or no root key could ever be
 * dropped; whose it is stays, and so does when it was retired.
 */
export const keys: Migration = {
  name: '0013-keys',
  async up(run, kind) {
    await run(TABLE);
    await run(`drop trigger signing_keys_no_update${kind === 'postgres' ? ' on signing_keys' : ''}`);
    if (kind === 'postgres') await run('drop function signing_keys_no_update()');
    const kept = 'old.id <> new.id or old.public_key <> new.public_key or old.made_at <> new.made_at';
    const retired = 'old.retired_at is not null and (new.retired_at is null or new.retired_at <> old.retired_at)';
    const unsealed = "new.private_key not like 'v1.%'";
    for (const statement of guardSql(kind, { table: 'signing_keys', on: 'update', when: `${kept} or (${retired}) or ${unsealed}`, say: 'a signing key is only ever retired' }))
      await run(statement);
  },
};
