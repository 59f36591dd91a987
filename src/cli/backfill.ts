import type { Command } from 'commander';
import { Problem } from '#core/problem';
import { backfill, type Backfilled } from '#flow/backfill';
import { TENANT, chooseTenant, print, printJson, withWorld } from './command.ts';

const TOLD_EVERY_MS = 2_000;

interface Options {
  tenant?: string;
  crm?: string;
  since?: string;
  json?: boolean;
}

export function backfillCommand(program: Command): void {
  program
    .command('backfill')
    .description("Write the CRM's own records of all envelopes that have come to their end, as one bulk job. Doing it again is harmless.")
    .option(...TENANT)
    .option('--crm <id>', 'where several are connected')
    .option('--since <date>', 'only what was asked for since that day, such as 2026-01-31')
    .option('--json', 'one JSON object at the end')
    .action(async (options: Options) => {
      const since = timeOf(options.since);
      const done = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        return backfill(world.flow, tenant, { crm: options.crm, since, by: 'command line' }, teller());
      });
      if (options.json) printJson(done);
      else printEnd(done);
      if (done.failed > 0) process.exitCode = 1;
    });
}

function timeOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Problem('request.malformed', { say: `"${text}" is no date. Write it as 2026-01-31.` });
  return time;
}

/** Progress goes to standard error, so that `--json` stays one object. */
function teller(): (so: Backfilled) => void {
  let last = Date.now();
  return ({ envelopes, records, failed }) => {
    if (Date.now() - last < TOLD_EVERY_MS) return;
    last = Date.now();
    process.stderr.write(`  ${envelopes} envelopes, ${records} records written, ${failed} refused\n`);
  };
}

function printEnd({ envelopes, records, failed, refused }: Backfilled): void {
  print(`${envelopes} envelopes, ${records} records written, ${failed} refused.`);
  for (const { record, say } of refused) print(`  ${record}: ${say}`);
  if (failed > refused.length) print(`  … and ${failed - refused.length} more.`);
}
