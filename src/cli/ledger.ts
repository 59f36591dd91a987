import type { Command } from 'commander';
import { groupBy } from '#lib/group';
import type { TenantId } from '#core/ids';
import { raiseAlarm } from '#store/alarms';
import { listTenants } from '#store/installs';
import { verifyLedger, type LedgerCheck } from '#store/ledger';
import { LEDGERS, type LedgerName } from '#store/ledger-schema';
import type { World } from '../world.ts';
import { JSON_OUT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

export function ledgerCommands(program: Command): void {
  program
    .command('ledger')
    .description('The append-only ledgers.')
    .command('verify')
    .description('Recompute every hash of the ledgers. Exit code 1 if an entry was changed, removed or added.')
    .option('--tenant <id>', 'only one tenant')
    .option(...JSON_OUT)
    .action(async (options: { tenant?: string; json?: boolean }) => {
      const checks = await withWorld(async (world) => {
        const tenants = await listTenants(world.db);
        const only = options.tenant === undefined ? undefined : await chooseTenant(world, options.tenant);
        const found: Checked[] = [];
        for (const { id, name } of tenants.filter((tenant) => only === undefined || tenant.id === only))
          found.push(...(await verifyTenant(world, id, name, options.json !== true)));
        return found;
      });
      if (options.json) printJson(checks);
      else printChecks(checks);
      if (checks.some((check) => !check.ok)) process.exitCode = 1;
    });
}

type Checked = LedgerCheck & { tenant: TenantId; name: string; ledger: LedgerName };

async function verifyTenant(world: World, tenant: TenantId, name: string, shown: boolean): Promise<Checked[]> {
  const found: Checked[] = [];
  const progress = (text: string) => void (shown && process.stderr.isTTY && process.stderr.write(`\r\u001b[K${text}`));
  for (const ledger of LEDGERS) {
    const check = await verifyLedger(world.db, tenant, ledger, (seq) => progress(`${name} ${ledger}: ${seq}`));
    progress('');
    const say = check.ok ? '' : `The ${ledger} ledger does not hold: ${check.say}`;
    if (!check.ok) await raiseAlarm(world.db, { code: 'ledger-verify-failed', subject: `${tenant}|${ledger}`, tenant, say }, Date.now());
    found.push({ tenant, name, ledger, ...check });
  }
  return found;
}

function printChecks(checks: readonly Checked[]): void {
  if (checks.length === 0) return print('There is no tenant yet, so there is nothing to verify.');
  for (const [tenant, ledgers] of groupBy(checks, (check) => check.tenant)) {
    print(`${ledgers[0]?.name ?? ''} (${tenant})`);
    printTable(ledgers.map((check) => [check.ok ? '  ok  ' : '  FAIL', check.ledger, sayCheck(check)]));
  }
  print(checks.every(({ ok }) => ok) ? '\nEvery entry is as it was written, and none is missing.' : '\nChange nothing. What to do now: docs/runbooks/ledger-verify-failed.md.');
}

function sayCheck(check: Checked): string {
  if (!check.ok) return check.say;
  return check.entries === 0 ? 'no entry yet' : `${check.entries} ${check.entries === 1 ? 'entry' : 'entries'}, head ${check.head}`;
}
