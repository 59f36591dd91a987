import type { Command } from 'commander';
import { Problem } from '#core/problem';
import { readMark, removeMark } from '#store/copy/mark';
import { openSide } from '#store/copy/open';
import { opening } from '../database-words.ts';
import { move, type Moved } from '../move.ts';
import { insistOnFile, isAddress, placeOf, shown } from '../places.ts';
import { print, printJson } from './command.ts';
import { progressBar } from './progress-bar.ts';

interface MoveOptions {
  from: string;
  to?: string;
  undo?: boolean;
  json?: boolean;
}

export function moveCommand(program: Command): void {
  program
    .command('move')
    .description('Carry everything over into another database: from SQLite to PostgreSQL, or back. Can be broken off and started again.')
    .requiredOption('--from <database>', 'a file or an address; `sqlite` or `postgres`: the configured one')
    .option('--to <database>', 'the same; has to be empty')
    .option('--undo', 'let servers start on --from again', false)
    .option('--json', 'one JSON object at the end, for machines', false)
    .action(async (options: MoveOptions) => {
      const from = placeOf(options.from);
      insistOnFile(from);
      if (options.undo) return undo(from, options.json ?? false);
      if (options.to === undefined) throw new Problem('request.malformed', { say: 'Say where to: --to, with an address or a file.' });
      const bar = progressBar(options.json ?? false);
      const moved = await move(from, placeOf(options.to), bar.step).finally(bar.end);
      if (options.json) printJson({ ...moved, from: shown(moved.from), to: shown(moved.to) });
      else report(moved);
    });
}

async function undo(from: string, json: boolean): Promise<void> {
  const source = await opening(from, () => openSide(from));
  try {
    const mark = await readMark(source);
    await removeMark(source);
    if (json) printJson({ from: shown(from), mark });
    else if (!mark) print(`${shown(from)} was not moved. Servers start on it.`);
    else print(`Servers start on ${shown(from)} again. What happened in ${mark.to} since ${new Date(mark.at).toISOString()} is not in it: let no server run there.`);
  } finally {
    await source.close();
  }
}

function report({ from, to, tables, ledgers }: Moved): void {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  print(`Moved ${rows.toLocaleString('en')} rows of ${tables.length} tables.`);
  print('  Every table has as many rows on both sides, and the same SHA-256 over all of them.');
  print(`  ${ledgers.length} ledgers verified in the target, heads equal.`);
  print(`  ${shown(from)} is marked as moved: no server starts on it. Keep it until you are content; countersign move --undo --from ${shown(from)} lets go of it.`);
  print('');
  print(isAddress(to) ? `Start the server with DATABASE_URL=${shown(to)} (and its password)` : `Start the server with COUNTERSIGN_DATABASE=${to}`);
  print('and the same key as before: it is not in the database, and without it no token opens.');
  if (!isAddress(from)) print(`In the sandbox the key stands in ${from}.key: COUNTERSIGN_KEY=$(cat ${from}.key)`);
}
