import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { readImportFile } from '#core/capture-import';
import { Problem } from '#core/problem';
import { importConsents, type Imported } from '#flow/capture/import';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, withWorld } from './command.ts';

const MOST_FAULTS = 50;
const MOST_BYTES = 64 * 1024 * 1024;

interface Options {
  tenant?: string;
  dryRun?: boolean;
  partial?: boolean;
  json?: boolean;
}

/** `countersign consent import`: consent that was kept elsewhere, with its evidence. */
export function importCommand(consent: Command): void {
  consent
    .command('import')
    .description('Bring consent that was kept elsewhere, from a CSV or JSON file. Each row needs its evidence: source, time with offset, wording. All rows or none.')
    .argument('<file>', 'ends in .csv or .json; docs/api.md lists the columns')
    .option('--dry-run', 'only look whether the rows are good')
    .option('--partial', 'take the good rows even where others are refused')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (file: string, options: Options) => {
      const done = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const read = readImportFile(contentOf(file), /\.json$/i.test(file) ? 'json' : 'csv');
        if (!read.ok) throw new Problem('request.malformed', { say: `${file}: ${read.say}` });
        const wording = (name: string) => wordingOf(file, name);
        const progress = (taken: number, total: number) => void process.stderr.write(`  ${taken} of ${total} rows\n`);
        return importConsents(world.flow, tenant, read.rows, {
          file: basename(file),
          wording,
          dryRun: options.dryRun ?? false,
          partial: options.partial ?? false,
          by: 'command line',
          progress,
        });
      });
      if (options.json) printJson(done);
      else tell(done, options);
      if (done.faults.length > 0) process.exitCode = 1;
    });
}

function contentOf(file: string): string {
  if (!existsSync(file)) throw new Problem('request.malformed', { say: `There is no file "${file}".` });
  const bytes = readFileSync(file);
  if (bytes.length > MOST_BYTES) throw new Problem('request.too-large', { say: `The file is larger than ${MOST_BYTES / 1024 / 1024} MiB. Split it.` });
  return bytes.toString('utf8');
}

/** Wordings lie beside the file that names them, or below. */
function wordingOf(file: string, name: string): string | null {
  const folder = resolve(dirname(file));
  const path = resolve(folder, name);
  return path.startsWith(`${folder}/`) && existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function tell({ rows, good, taken, faults }: Imported, { dryRun, partial }: Options): void {
  for (const { line, say } of faults.slice(0, MOST_FAULTS)) print(`  line ${line}: ${say}`);
  if (faults.length > MOST_FAULTS) print(`  … and ${faults.length - MOST_FAULTS} more.`);
  print(`${rows} rows, ${good} of them good, ${taken} taken.`);
  if (dryRun) print('Nothing was written: this was a dry run.');
  else if (faults.length > 0 && !partial) print('Nothing was written: all rows have to be good. Correct them, or take the good ones with --partial.');
}
