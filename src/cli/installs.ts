import type { Command } from 'commander';
import { listInstalls } from '#store/view/installs';
import { listTenants } from '#store/installs';
import { printJson, printTable, withWorld } from './command.ts';

export function installsCommand(program: Command): void {
  program
    .command('installs')
    .description('Connected accounts and their health.')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const installs = await withWorld(async (world) => {
        const tenants = await listTenants(world.db);
        return (await Promise.all(tenants.map(async ({ id, name }) => (await listInstalls(world.db, id)).map((install) => ({ ...install, tenantName: name }))))).flat();
      });
      if (options.json) return printJson(installs);
      const rows = installs.map((one) => {
        const rounds = one.cursors
          .map((cursor) => `${cursor.name} ${cursor.error ? 'failing' : cursor.last_ok_at ? new Date(cursor.last_ok_at).toISOString() : 'not yet'}`)
          .join(', ');
        return [one.id, one.tenantName, one.vendor, one.name, one.environment, one.state, rounds];
      });
      printTable([['INSTALL', 'TENANT', 'VENDOR', 'ACCOUNT', 'KIND', 'STATE', 'LAST READ'], ...rows]);
    });
}
