import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Problem } from '#core/problem';
import type { Aftermath } from '#store/restored';
import { backUp, declareRestored, pointOf, restore, type BackedUp, type PutBack } from '../backup.ts';
import { configOfServer, isAddress, placeOf, shown } from '../places.ts';
import { print, printJson } from './command.ts';
import { progressBar } from './progress-bar.ts';

export function backupCommands(program: Command): void {
  program
    .command('backup')
    .description('Copy the database into one file while the server runs, and verify the copy. Of PostgreSQL it says what to run.')
    .argument('[file]', 'where to; beside the database by default')
    .option('--json', 'one JSON object at the end, for machines', false)
    .action(async (file: string | undefined, { json }: { json: boolean }) => {
      const { database } = configOfServer();
      if (isAddress(database)) return advise(database, json);
      const now = Date.now();
      const target = resolve(file ?? `${database}.${new Date(now).toISOString().replace(/[:.]/g, '-')}.backup`);
      const bar = progressBar(json);
      const made = await backUp(database, target, now, (done, of) => bar.step('copying pages', done, of)).finally(bar.end);
      if (json) printJson(made);
      else reportBackup(made, database);
    });
  program
    .command('restore')
    .description('Put a backup in the place of the database of a server that is stopped.')
    .argument('<file>', 'what countersign backup has written')
    .option('--force', 'put the database that is there aside; it is kept', false)
    .option('--no-hold', 'do also what may have been done already after the backup')
    .option('--json', 'one JSON object at the end, for machines', false)
    .action(async (file: string, { force, hold, json }: { force: boolean; hold: boolean; json: boolean }) => {
      const database = placeOf(undefined);
      if (isAddress(database))
        throw new Problem('backup.refused', { say: 'The configured database is PostgreSQL: restore it with pg_restore, then run countersign doctor. See docs/backup.md.' });
      const done = await restore(resolve(file), database, { force, hold, now: Date.now() });
      if (json) printJson(done);
      else reportRestore(done);
    });
  program
    .command('restored')
    .description('Say of a database that was put back by other means, such as pg_restore, which moment it is of. Before a server starts on it.')
    .requiredOption('--from <time>', 'the moment, such as 2026-11-21T09:00:00Z')
    .option('--no-hold', 'do also what may have been done already after that moment')
    .option('--json', 'one JSON object, for machines', false)
    .action(async ({ from, hold, json }: { from: string; hold: boolean; json: boolean }) => {
      const moment = Date.parse(from);
      if (Number.isNaN(moment)) throw new Problem('request.malformed', { say: `"${from}" is no time. Write it like 2026-11-21T09:00:00Z.` });
      const { database } = configOfServer();
      const aftermath = await declareRestored(database, { from: moment, at: Date.now(), hold });
      if (json) return printJson(aftermath);
      print(`${shown(database)} is of ${timeOf(moment)}.`);
      reportAftermath(aftermath);
    });
}

const timeOf = (at: number | null): string => (at === null ? 'none' : new Date(at).toISOString());
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function reportBackup({ file, inspected }: BackedUp, database: string): void {
  const { bytes, ledgers, entries, recovery } = inspected;
  print(`${file} (${megabytes(bytes)})`);
  print(`  Point of recovery: ${timeOf(pointOf(inspected))}. What is committed after it is not in this file.`);
  print(`  Last fact ${timeOf(recovery.lastFactAt)}, last receipt ${timeOf(recovery.lastReceiptAt)}, last delivery ${timeOf(recovery.lastDeliveryAt)}.`);
  print(`  Verified in the copy: the file itself, the guards, ${ledgers.length} ledgers with ${entries.toLocaleString('en')} entries, each with its head.`);
  print('  Not in it: the key (COUNTERSIGN_KEY), without which no token and no name opens. Keep it in another place.');
  print(`  Nor the sandbox's own state, where there is one: ${database}.sandbox.json.`);
}

function reportRestore({ database, from, ran, aftermath, now, kept }: PutBack): void {
  const point = timeOf(pointOf(from));
  print(`${database} is as it was at ${point}.`);
  print(`  Verified before and after: the file itself, the guards, ${now.ledgers.length} ledgers with ${now.entries.toLocaleString('en')} entries, each with its head.`);
  if (ran.length > 0) print(`  Schema brought up to date: ${ran.join(', ')}.`);
  if (kept !== null) print(`  The database that was here lies in ${kept}.`);
  reportAftermath(aftermath);
  print('');
  print(`What happened after ${point} comes back when the server starts: every account is asked for what changed since then.`);
  print('What does not come back by itself: sends that somebody asked for by hand, consent acts by API or form, mappings saved, keys made or withdrawn,');
  print('and erasures: erase those people again. docs/backup.md has the list.');
}

function reportAftermath({ looking, held }: Aftermath): void {
  print(`  ${looking} effects waited in it. They look first whether they have been done since; ${held} that cannot look wait for a person in the console's outbox.`);
  print('  Nobody is signed in any more: countersign link prints a new link.');
}

function advise(database: string, json: boolean): void {
  // Without both, the wall between tenants refuses: a dump without somebody's rows would look like a whole one.
  const dump = `PGOPTIONS="-c countersign.scope=server" pg_dump --enable-row-security --format=custom --file=countersign.dump "${shown(database)}"`;
  if (json) {
    printJson({ database: shown(database), run: dump });
    return;
  }
  print('The database is PostgreSQL: it is backed up with its own tools.');
  print(`  ${dump}`);
  print('  To lose less than the time between two dumps: continuous archiving (point-in-time recovery). See docs/backup.md.');
  print('  After a restore: countersign restored --from <the moment of the dump>, countersign ledger verify, countersign doctor.');
}
