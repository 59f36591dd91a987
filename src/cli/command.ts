import { createLog } from '#lib/log';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { asServer, bindTenant } from '#store/scope';
import { listTenants } from '#store/installs';
import { configOfServer } from '../places.ts';
import { createWorld, type World } from '../world.ts';

/** Options that mean the same wherever a command has them, with their words for its help. */
export const TENANT = ['--tenant <id>', 'of which tenant, where there are several'] as const;
export const JSON_OUT = ['--json', 'as JSON, for machines'] as const;

/** Runs `work` on the server's own database and accounts, without serving. @throws Problem where there is no such database */
export async function withWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const world = await createWorld(configOfServer(), { serve: false, log: createLog('silent') });
  try {
    return await asServer(() => work(world));
  } finally {
    await world.stop();
  }
}

/** The tenant that a command is about, and whose rows alone it touches from here on: the one named, or the only one. @throws Problem naming them where there are several */
export async function chooseTenant(world: World, asked: string | undefined): Promise<TenantId> {
  const tenants = await listTenants(world.db);
  const named = asked === undefined ? tenants : tenants.filter(({ id, name }) => id === asked || name === asked);
  const [first, second] = named;
  if (first && !second) {
    bindTenant(first.id);
    return first.id;
  }
  if (tenants.length === 0) throw new Problem('request.not-found', { say: 'There is no tenant yet. Install from a CRM first: npm start.' });
  const list = tenants.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  throw new Problem('request.not-found', { say: `${asked === undefined ? 'There are several tenants' : `There is no tenant "${asked}"`}. Name one with --tenant:\n${list}` });
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Columns as wide as they need to be. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    print(
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
}
