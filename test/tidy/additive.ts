import { migrations, type Migration } from '#migrations/index';
import { LEDGERS } from '#store/ledger-schema';

/**
 * While a release is rolled out, the one before it runs on the new schema. So a migration only adds: what the old release does not know of must not stand in its way. The first release's own
 * migrations met nobody; these are the last of them.
 */
export const LAST_OF_FIRST_RELEASE = '0020-row-security';

/** Migrations that take something away, each with the release since which nothing uses it. They come at least one release after that (docs/deploy/README.md). */
export const CONTRACTIONS: Readonly<Record<string, string>> = {};

const NAMES = {
  table: /^create table (?:if not exists )?"?(\w+)/i,
  index: /^create (unique )?index (?:if not exists )?\w+ on "?(\w+)/i,
  column: /^alter table "?(\w+)"? add column "?(\w+)"? ([\s\S]*)$/i,
};
/** What guards rows, or keeps tenants apart on tables of this migration, changes no statement of the release before. */
const HARMLESS = /^(create (or replace )?(function|trigger|policy)|drop policy if exists|do \$\$)/i;
const WALL = /^alter table "?(\w+)"? (enable|force) row level security$/i;

/** What a statement would break for the release before it; null where it only adds. `made`: the tables of the same migration. */
export function breaks(statement: string, made: ReadonlySet<string>): string | null {
  const text = statement.trim();
  if (text === '' || NAMES.table.test(text) || HARMLESS.test(text)) return null;
  const [, unique, indexed = ''] = NAMES.index.exec(text) ?? [];
  if (indexed !== '') return unique && !made.has(indexed) ? `a unique index on ${indexed} refuses rows that the release before writes` : null;
  const [, walled] = WALL.exec(text) ?? [];
  if (walled !== undefined) return made.has(walled) ? null : `${walled} gets a wall that the release before may not pass`;
  const [, table = '', column, rest = ''] = NAMES.column.exec(text) ?? [];
  if (column === undefined) return `"${text.slice(0, 60)}" does not only add`;
  if ((LEDGERS as readonly string[]).includes(table)) return `a new column of the ledger ${table} would be hashed with every entry: a table beside it takes no part in the chain`;
  if (/not null/i.test(rest) && !/default/i.test(rest)) return `${table}.${column} has to be there, and the release before does not write it`;
  return null;
}

/** Everything in a migration that the release before would stumble over, on either engine. */
export async function faultsOf(migration: Migration): Promise<string[]> {
  const faults = new Set<string>();
  for (const kind of ['sqlite', 'postgres'] as const) {
    const statements: string[] = [];
    await migration.up(async (statement) => void statements.push(statement), kind);
    const made = new Set(statements.flatMap((statement) => NAMES.table.exec(statement.trim())?.[1] ?? []));
    for (const statement of statements) {
      const fault = breaks(statement, made);
      if (fault !== null) faults.add(`${migration.name}: ${fault}`);
    }
  }
  return [...faults];
}

/** The migrations that the rule is for. */
export const laterMigrations = (): Migration[] => migrations.filter(({ name }) => name > LAST_OF_FIRST_RELEASE && !(name in CONTRACTIONS));
