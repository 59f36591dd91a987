import ts from 'typescript';
import { migrations } from '#migrations/index';
import { place, type FileRule } from './project.ts';
import { parse, visit } from './syntax.ts';

/** Tables in which a row may belong to no tenant, each with its reason. Every other table has `tenant text not null`. */
export const WITHOUT_TENANT: Readonly<Record<string, string>> = {
  tenants: 'is the tenant',
  deliveries: 'bytes are kept before it is known whose they are; one delivery may hold notices of several tenants',
  oauth_states: 'an install may begin before its tenant exists',
  sessions: 'an operator sees every tenant',
  links: 'an operator sees every tenant',
  alarms: 'some alarms are about the server itself',
  settings: 'is about the database itself',
  leases: 'is about the processes of the server',
  root_keys: 'names the keys of the server, not of a tenant',
  server_stops: 'an operator stops the whole server',
  signing_keys: 'the server signs for all tenants with one key',
  migrations: 'is about the schema',
};

/** Functions of the store that look at tenant tables across tenants, as `file:function`, each with its reason. */
export const ACROSS_TENANTS: Readonly<Record<string, string>> = {
  'src/store/api-keys.ts:sweepApiCalls': 'old answers of all tenants go alike; gives a number, no row',
  'src/store/clock-catch-up.ts:moveDates': 'the clock went back for all tenants alike; gives a number, no row',
  'src/store/clock-catch-up.ts:freeStreams': 'the clock went back for all tenants alike; gives nothing',
  'src/store/clock-catch-up.ts:shortenRounds': 'the clock went back for all tenants alike; gives nothing',
  'src/store/leases.ts:shortenLeases': 'the clock went back for all tenants alike; gives nothing',
  'src/store/cursors.ts:claimCursor': 'the schedule serves whoever is most overdue; the row names its tenant',
  'src/store/cursors.ts:nextRoundAt': 'one timer for all tenants; gives a time, no row',
  'src/store/entries.ts:sweepEntries': 'old entries of all tenants go alike; gives a number, no row',
  'src/store/stopped.ts:tenantsToThaw': 'one round for all tenants; gives their ids, no row',
  'src/store/inbox.ts:areSeveralDue': 'how many wait, of all tenants; gives yes or no, no row',
  'src/store/inbox.ts:nextNoticeAt': 'one timer for all tenants; gives a time, no row',
  'src/store/messages.ts:nextMessageAt': 'one timer for all tenants; gives a time, no row',
  'src/store/messages.ts:sweepMessages': 'old messages of all tenants go alike; gives a number, no row',
  'src/store/backup.ts:recoveryOf': 'a backup is of the whole database; gives times, no row',
  'src/store/restored.ts:settleRestored': 'a restore is about the whole database; gives numbers, no row',
  'src/store/restored.ts:holdDoubtful': 'a restore is about the whole database; gives a number, no row',
  'src/store/restored.ts:endLeases': 'a restore is about the whole database; gives nothing',
  'src/store/retention.ts:sweepExpired': 'old rows of all tenants go alike; gives a number, no row',
  'src/store/overdue.ts:perform': 'the net looks for lanes of all tenants that nobody woke; gives names of lanes, no row',
  'src/store/overdue.ts:deliver': 'the net looks for lanes of all tenants that nobody woke; gives names of lanes, no row',
  'src/store/overdue.ts:reconcile': 'the net looks for lanes of all tenants that nobody woke; gives names of lanes, no row',
  'src/store/sole.ts:endLeases': 'a server that is alone on its database begins anew; gives nothing',
  'src/store/outbox.ts:nextEffectAt': 'one timer for all tenants; gives a time, no row',
  'src/store/outbox.ts:releaseLane': 'a lane is one install, and its lease was given with the tenant',
  'src/store/installs.ts:findInstallByAccount': 'this is how a webhook finds its tenant',
  'src/store/installs.ts:findInstallByHook': 'this is how a webhook finds its tenant',
  'src/store/outbox.ts:renewLane': 'a lane is one install, and its lease was given with the tenant',
  'src/store/heads.ts:headsToStamp': 'one round for all tenants; each row names its tenant',
  'src/store/view/work.ts:countWork': 'metrics and readiness count over all tenants and name none',
  'src/store/view/work.ts:notices': 'metrics and readiness count over all tenants and name none',
  'src/store/view/work.ts:effects': 'metrics and readiness count over all tenants and name none',
};

/** Every statement that the migrations run on SQLite. */
export async function schemaStatements(): Promise<string[]> {
  const statements: string[] = [];
  for (const { up } of migrations) await up(async (statement) => void statements.push(statement), 'sqlite');
  return statements;
}

/** Each table's columns as written. */
export async function tables(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const statement of await schemaStatements()) {
    const [, name, columns] = /^\s*create table (\w+) \(([\s\S]*)\)\s*$/i.exec(statement) ?? [];
    if (name !== undefined && columns !== undefined) found.set(name, columns);
  }
  return found;
}

const isFunction = (node: ts.Node): node is ts.FunctionDeclaration | ts.MethodDeclaration | ts.VariableDeclaration =>
  ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.body !== undefined) ||
  (ts.isVariableDeclaration(node) && node.initializer !== undefined && (ts.isArrowFunction(node.initializer) || ts.isFunctionExpression(node.initializer)));

/** An insert needs no mention: the row's type has the tenant, and so has the column. */
const QUERIES = /^(selectFrom|updateTable|deleteFrom|innerJoin|leftJoin)$/;

/** The tables that `node` queries through kysely or in a `sql` template. */
function queried(node: ts.Node, file: ts.SourceFile): string[] {
  const found: string[] = [];
  visit(node, (inner) => {
    if (ts.isCallExpression(inner) && ts.isPropertyAccessExpression(inner.expression) && QUERIES.test(inner.expression.name.text)) {
      const [table] = inner.arguments;
      if (table && ts.isStringLiteralLike(table)) found.push(table.text.split(' ')[0] ?? '');
    }
    if (ts.isTaggedTemplateExpression(inner)) for (const match of inner.getText(file).matchAll(/\b(?:from|update|join) (\w+)/g)) found.push(match[1] ?? '');
  });
  return found;
}

/** Functions of the store that touch a tenant's table and never speak of a tenant. By name only: a hint to a reader, and cheap. */
export function tenantFaults(tenantTables: ReadonlySet<string>): FileRule {
  return (source) => {
    const file = parse(source);
    const faults: string[] = [];
    for (const statement of file.statements)
      visit(statement, (node) => {
        if (!isFunction(node) || !node.name) return;
        const name = node.name.getText(file);
        if (`${source.path}:${name}` in ACROSS_TENANTS || /tenant/i.test(node.getText(file))) return;
        const touched = queried(node, file).filter((table) => tenantTables.has(table));
        if (touched.length > 0) faults.push(`${place(source, node.getStart(file))} ${name} reads or writes ${[...new Set(touched)].join(', ')} without a tenant`);
      });
    return faults;
  };
}
