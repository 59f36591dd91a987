import type { Migration } from './index.ts';

/**
 * Whether this is the server's own work, over all tenants. Loud where nobody has said whose work it is: with a plain `false` a forgotten scope would be an
 * empty answer, and an empty answer looks like an empty outbox, a swept table, or a finished dump.
 */
const IS_SERVER = `
create function countersign_is_server() returns boolean language plpgsql stable parallel safe as $$
begin
  case current_setting('countersign.scope', true)
    when 'server' then return true;
    when 'tenant' then return false;
    else raise exception 'nobody has said whose rows these are' using errcode = 'insufficient_privilege',
      hint = 'By hand: set countersign.scope = ''server'', or set countersign.scope = ''tenant'' and countersign.tenant to an id. See docs/isolation.md.';
  end case;
end $$`;

/** Two settings and not one with a reserved word in it: no tenant's name, however it was come by, can ever mean the server. */
const OWN = (column: string) => `(select countersign_is_server()) or ${column} = current_setting('countersign.tenant', true)`;

/** `force`, because the role that runs the server owns the tables, and an owner is not bound otherwise. */
function wall(table: string, whose: string): string[] {
  return [
    `alter table ${table} enable row level security`,
    `alter table ${table} force row level security`,
    `drop policy if exists tenant_wall on ${table}`,
    `create policy tenant_wall on ${table} using (${whose})`,
  ];
}

const inFormat = (statement: string) => `execute format('${statement.replaceAll("'", "''")}', one);`;

/** Every table of the schema as it is now that has a tenant's column. */
const EVERY_TABLE = `
do $$ declare one text; begin
  for one in
    select relname from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'tenant' and not attisdropped
    where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace
  loop
    ${wall('%1$I', OWN('tenant')).map(inFormat).join('\n    ')}
  end loop;
end $$`;

/**
 * Behind a wall "does anybody else have this?" is always answered with no. Where that is what has to be known, the server is asked, and says yes or no and
 * nothing else. A `set` clause of the function would be shorter, and only a superuser may give it one.
 */
const IS_SHARED = `
create function countersign_is_shared(asked text, whose text) returns boolean language plpgsql stable as $$
declare
  before text := current_setting('countersign.scope', true);
  found boolean;
begin
  perform set_config('countersign.scope', 'server', true);
  found := exists (select from inbox where delivery = asked and tenant <> whose);
  perform set_config('countersign.scope', before, true);
  return found;
end $$`;

/** What a table made later has to run, where it has a tenant's column. */
export function rowSecurity(kind: 'sqlite' | 'postgres', table: string): string[] {
  return kind === 'postgres' ? wall(table, OWN('tenant')) : [];
}

/** The second wall between tenants, on PostgreSQL: what a query forgets to ask for, the database keeps back. */
export const security: Migration = {
  name: '0020-row-security',
  async up(run, kind) {
    if (kind !== 'postgres') return;
    for (const statement of [IS_SERVER, IS_SHARED, EVERY_TABLE]) await run(statement);
    for (const statement of wall('tenants', OWN('id'))) await run(statement);
    // Its bytes are of everybody who has a notice in it. Were they of nobody who shares them, half of a batch could not be decoded.
    for (const statement of wall('deliveries', '(select countersign_is_server()) or exists (select from inbox where inbox.delivery = deliveries.id)')) await run(statement);
  },
};
