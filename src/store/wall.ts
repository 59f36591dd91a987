import { CompiledQuery } from 'kysely';
import { isPostgres, type Db } from '#store/database';

/** The second wall between tenants as it stands in a PostgreSQL database, seen by the role that asks. */
export interface Wall {
  role: string;
  /** By what right the role passes it by; null where it is held to it like anybody. */
  passedBy: 'superuser' | 'bypassrls' | null;
  /** Tables that hold tenants' rows and have lost their part of it. */
  open: string[];
}

const ROLE = 'select rolname as role, rolsuper as super, rolbypassrls as bypass from pg_roles where rolname = current_user';
const OPEN = `
  select relname as name from pg_class
  where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace
    and (relname in ('tenants', 'deliveries') or exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'tenant' and not attisdropped))
    and not (relrowsecurity and relforcerowsecurity and exists (select from pg_policy where polrelid = pg_class.oid))
  order by relname`;

/** Null on SQLite, which has no such thing. */
export async function findWall(db: Db): Promise<Wall | null> {
  if (!isPostgres(db)) return null;
  const query = async <Row>(text: string) => (await db.executeQuery<Row>(CompiledQuery.raw(text))).rows;
  const [found] = await query<{ role: string; super: boolean; bypass: boolean }>(ROLE);
  const open = await query<{ name: string }>(OPEN);
  return { role: found?.role ?? '', passedBy: found?.super ? 'superuser' : found?.bypass ? 'bypassrls' : null, open: open.map(({ name }) => name) };
}

/** The sentence for whoever runs the server where the wall does not stand, and what to do; null where it does. */
export function faultOfWall(wall: Wall | null): { say: string; fix: string } | null {
  if (wall === null) return null;
  const { role, passedBy, open } = wall;
  if (passedBy === 'bypassrls') return { say: `${STANDS_NOT}: the role ${role} has BYPASSRLS.`, fix: `alter role "${role}" nobypassrls;` };
  if (passedBy === 'superuser') return { say: `${STANDS_NOT}: the role ${role} is a superuser, whom PostgreSQL holds to no policy.`, fix: PROPER_ROLE };
  if (open.length > 0) return { say: `${STANDS_NOT} for ${open.join(', ')}.`, fix: 'Somebody took the policies away. docs/isolation.md says how to put them back.' };
  return null;
}

const STANDS_NOT = 'The second wall between tenants (row-level security) does not stand';
const PROPER_ROLE = `create role countersign login password '…'; create database countersign owner countersign; (docs/isolation.md moves what is there already)`;
