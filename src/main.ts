#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { Problem } from '#core/problem';
import { ConfigError, loadConfig } from './config.ts';
import { backfillCommand } from './cli/backfill.ts';
import { backupCommands } from './cli/backup.ts';
import { consentCommands } from './cli/consent.ts';
import { brakeCommands } from './cli/brakes.ts';
import { captureCommands } from './cli/capture.ts';
import { doctorCommand } from './cli/doctor.ts';
import { installsCommand } from './cli/installs.ts';
import { keyCommands } from './cli/keys.ts';
import { ledgerCommands } from './cli/ledger.ts';
import { mappingCommands } from './cli/mappings.ts';
import { moveCommand } from './cli/move.ts';
import { reportCommand } from './cli/report.ts';
import { onceAskedToStop } from './cli/stopping.ts';
import type { TourOptions } from './cli/tour.ts';
import { webhookCommands } from './cli/webhooks.ts';
import { welcome } from './cli/welcome.ts';
import { createWorld } from './world.ts';

// What this process writes (database, key, sandbox) is for its own user alone.
process.umask(0o077);
// Whoever reads what a command says may have seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a whole number.');
}

const program = new Command('countersign').description('A connector server between CRMs, e-signature providers and marketing journeys.').showHelpAfterError();

program
  .command('serve', { isDefault: true })
  .description('Run the server (with the sandbox world unless live).')
  // What is no command comes here as an argument of the default one.
  .allowExcessArguments()
  .action(async (_options: unknown, { args: [unknown] }: Command) => {
    if (unknown !== undefined) program.error(`error: there is no command "${unknown}"`);
    const world = await createWorld(loadConfig(process.env));
    const address = await world.start();
    onceAskedToStop(() => void world.stop().then(() => process.exit(0)));
    console.log(await welcome(world, address));
  });

program
  .command('tour')
  .description('Play the whole story against a sandbox world of its own, without a browser.')
  .option('--chaos', 'let the vendors duplicate, reorder, delay, drop, refuse and lose replies', false)
  .option('--crm <id>', 'the CRM on which it plays; the first one by default')
  .option('--story <name>', 'what is told: `signing` (the default) or `consent`')
  .option('--json', 'one JSON object at the end, for machines', false)
  .option('--seed <n>', 'repeat the misbehaviour of an earlier tour', wholeNumber, Date.now() % 1_000_000)
  .option('--database <address>', 'an empty database to play in, such as postgres://…')
  .action(async (options: TourOptions) => {
    const { tour } = await import('./cli/tour.ts');
    process.exitCode = (await tour(options)) ? 0 : 1;
  });

program
  .command('link')
  .description('Print a one-time link into the console.')
  .option('--tenant <id>', 'for one tenant only; an operator sees all of them')
  .action(async (options: { tenant?: string }) => {
    const { printLink } = await import('./cli/link.ts');
    await printLink(options.tenant);
  });

program
  .command('migrate')
  .description("Bring the database's schema up to date. The server does the same when it starts.")
  .action(async () => {
    const { runMigrations } = await import('./cli/migrate.ts');
    await runMigrations();
  });

moveCommand(program);
backupCommands(program);
mappingCommands(program);
ledgerCommands(program);
keyCommands(program);
consentCommands(program);
installsCommand(program);
reportCommand(program);
backfillCommand(program);
captureCommands(program);
webhookCommands(program);
brakeCommands(program);
doctorCommand(program);

/** What has a sentence for people; a refusal of the system's names the file and what was wrong. */
const isTold = (error: unknown): error is Error => error instanceof ConfigError || error instanceof Problem || (error instanceof Error && 'syscall' in error);

program.parseAsync().catch((error: unknown) => {
  console.error(isTold(error) ? error.message : error);
  process.exitCode = 1;
});
