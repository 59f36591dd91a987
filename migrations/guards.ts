type Kind = 'sqlite' | 'postgres';

/** A change that the database itself refuses. `when` narrows it to some rows; empty means all. */
export interface Guard {
  table: string;
  on: string;
  when: string;
  say: string;
}

/** The statements after which rows of a table can only be added. */
export function appendOnly(kind: Kind, table: string): string[] {
  return ['update', 'delete'].flatMap((on) => guardSql(kind, { table, on, when: '', say: `${table} is append-only` }));
}

export function guardSql(kind: Kind, guard: Guard): string[] {
  return kind === 'postgres' ? postgresGuard(guard) : sqliteGuard(guard);
}

const nameOf = (guard: Guard) => `${guard.table}_no_${guard.on}`;

function sqliteGuard(guard: Guard): string[] {
  const when = guard.when ? `when ${guard.when}` : '';
  return [`create trigger ${nameOf(guard)} before ${guard.on} on ${guard.table} for each row ${when} begin select raise(abort, '${guard.say}'); end`];
}

function postgresGuard(guard: Guard): string[] {
  const when = guard.when ? `when (${guard.when})` : '';
  const statements = [
    `create function ${nameOf(guard)}() returns trigger language plpgsql as $$ begin raise exception '${guard.say}'; end $$`,
    `create trigger ${nameOf(guard)} before ${guard.on} on ${guard.table} for each row ${when} execute function ${nameOf(guard)}()`,
  ];
  // `truncate` asks no row, and only PostgreSQL has it.
  if (guard.on === 'delete') statements.push(`create trigger ${guard.table}_no_truncate before truncate on ${guard.table} for each statement execute function ${nameOf(guard)}()`);
  return statements;
}
