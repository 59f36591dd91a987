import type { Command } from 'commander';
import { listInstalls } from '#store/view/installs';
import { listTenants } from '#store/installs';
import { GROUND } from '#flow/install';
import { standingOf, type Standing } from '#core/standing';
import { JSON_OUT, print, printJson, printTable, withWorld } from './command.ts';

export function installsCommand(program: Command): void {
  program
    .command('installs')
    .description('Connected accounts, their health, and what their vendors allow them.')
    .option(...JSON_OUT)
    .action(async (options: { json?: boolean }) => {
      const installs = await withWorld(async (world) => {
        const tenants = await listTenants(world.db);
        return (
          await Promise.all(
            tenants.map(async ({ id, name }) =>
              (await listInstalls(world.db, id)).map((install) => ({ ...install, tenantName: name, limits: standingOf(install, world.flow.clock.now()) })),
            ),
          )
        ).flat();
      });
      if (options.json) return printJson(installs);
      if (installs.length === 0) return print('No account is connected. Open the console and install from a CRM.');
      const rows = installs.map((one) => {
        const rounds = one.cursors
          .map(
            (cursor) =>
              `${cursor.name === GROUND ? 'fields, stages and templates' : cursor.name} ${cursor.error ? 'failing' : cursor.last_ok_at ? new Date(cursor.last_ok_at).toISOString() : 'not yet'}`,
          )
          .join(', ');
        return [one.id, one.tenantName, one.vendor, one.name, one.environment, one.state, rounds, limitsOf(one.limits)];
      });
      printTable([['INSTALL', 'TENANT', 'VENDOR', 'ACCOUNT', 'KIND', 'STATE', 'LAST READ', 'CALLS USED'], ...rows]);
      for (const one of installs) for (const { forecast } of one.limits) if (forecast !== null) print(`${one.tenantName}, ${one.vendor} ${one.name}: ${forecast}`);
    });
}

const limitsOf = (limits: Standing[]): string => limits.map(({ window, used, limit }) => `${window} ${used}/${limit}`).join(', ');
