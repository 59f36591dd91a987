import type { Command } from 'commander';
import { raiseAlarm } from '#store/alarms';
import { listTenants } from '#store/installs';
import { verifyLedger, type LedgerCheck } from '#store/ledger';
import { LEDGERS } from '#store/ledger-schema';
import { chooseTenant, print, printJson, withWorld } from './command.ts';

export function ledgerCommands(program: Command): void {
  program
    .command('ledger')
    .description('The append-only ledgers.')
    .command('verify')
    .description('Recompute every hash of the ledgers. Exit code 1 if an entry was changed, removed or added.')
    .option('--tenant <id>', 'only one tenant')
    .option('--json')
    .action(async (options: { tenant?: string; json?: boolean }) => {
      const checks = await withWorld(async (world) => {
        const tenants = options.tenant === undefined ? await listTenants(world.db) : [{ id: await chooseTenant(world, options.tenant), name: options.tenant }];
        const found: (LedgerCheck & { tenant: string; ledger: string })[] = [];
        for (const { id, name } of tenants) {
          for (const ledger of LEDGERS) {
            const check = await verifyLedger(world.db, id, ledger, (seq) => void (options.json || process.stderr.write(`\r${name} ${ledger}: ${seq}`)));
            if (!check.ok)
              await raiseAlarm(
                world.db,
                { code: 'ledger-verify-failed', subject: `${id}|${ledger}`, tenant: id, say: `The ${ledger} ledger does not hold: ${check.say}` },
                Date.now(),
              );
            found.push({ tenant: id, ledger, ...check });
          }
        }
        return found;
      });
      if (options.json) printJson(checks);
      if (!options.json && checks.length === 0) print('There is no tenant yet, so there is nothing to verify.');
      for (const check of options.json ? [] : checks)
        print(check.ok ? ` ok   ${check.tenant} ${check.ledger}: ${check.entries} entries, head ${check.head}` : `FAIL  ${check.tenant} ${check.ledger}: ${check.say}`);
      if (checks.some((check) => !check.ok)) process.exitCode = 1;
    });
}
