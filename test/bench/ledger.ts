import { join } from 'node:path';
import { newId } from '#lib/ids';
import { migrate, openDatabase } from '#store/database';
import { createTenant } from '#store/installs';
import { append, hashContent, hashEntry, verifyLedger, type Entry } from '#store/ledger';
import { atLeast, atMost, shown, type Bench } from './figures.ts';
import { inFolder } from './servers.ts';

const ENTRIES = 200_000;
const A_TRANSACTION = 100;
const MB = 1024 * 1024;
/** What settling one notice of an envelope of ours costs, microseconds (`drain`, docs/performance.md). */
const SETTLED_US = 1200;

/** P15: what the chain costs when it is written, and how fast it is verified. */
export const ledger: Bench = (say) =>
  inFolder(async (folder) => {
    const db = openDatabase(join(folder, 'ledger.db'));
    await migrate(db);
    const now = Date.now();
    const tenant = await createTenant(db, 'Example Ltd', now);

    const begun = performance.now();
    for (let from = 0; from < ENTRIES; from += A_TRANSACTION) {
      await db.transaction().execute((tx) =>
        append(
          tx,
          tenant,
          'facts',
          Array.from({ length: A_TRANSACTION }, (_, place) => fact(from + place, now)),
        ),
      );
    }
    const appendUs = ((performance.now() - begun) * 1000) / ENTRIES;
    say(`${ENTRIES} entries are written`);

    const sample = Array.from({ length: 20_000 }, (_, place) => ({ ...fact(place, now), tenant, seq: place, prev: hashContent(fact(place, now)), hash: '' }));
    const hashing = performance.now();
    for (const row of sample) hashEntry(row);
    const hashUs = ((performance.now() - hashing) * 1000) / sample.length;

    const before = process.memoryUsage().rss;
    let most = before;
    const verifying = performance.now();
    const check = await verifyLedger(db, tenant, 'facts', () => void (most = Math.max(most, process.memoryUsage().rss)));
    const perSecond = ENTRIES / ((performance.now() - verifying) / 1000);
    await db.destroy();
    if (!check.ok) throw new Error(check.say);
    return [
      shown('an entry written, in groups of 100 with a commit each', appendUs, 'µs'),
      atMost('of that the chain: two hashes an entry', hashUs, 'µs', 50),
      atMost('the chain, of what a notice costs to settle', hashUs / SETTLED_US, 'x', 0.08),
      atLeast('entries verified', perSecond, 'entries/s', 100_000),
      atMost(`memory that verifying ${ENTRIES} entries took`, (most - before) / MB, 'MiB', 150),
    ];
  });

function fact(place: number, now: number): Entry<'facts'> {
  return {
    id: newId('fct', now),
    type: 'envelope.status',
    at: now,
    recorded_at: now,
    notice: newId('ntc', now),
    envelope: newId('env', now),
    deal: String(place),
    correlation: newId('cor', now),
    data: JSON.stringify({ envelope: `remote-${place}`, by: 'provider', recipients: [{ role: 'Customer', status: 'completed' }] }),
    outcome: 'moved',
    why: 'Every recipient has signed.',
  };
}
