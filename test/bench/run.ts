import type { Bench } from './figures.ts';
import { table } from './figures.ts';
import { readUsage, refuse } from '../usage.ts';
import { buildProduct } from './servers.ts';

/** `npm run bench -- <name>… [--json]`. A missed goal is shown, and is no failure of the bench. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  ingest: async () => (await import('./ingest.ts')).ingest,
  drain: async () => (await import('./drain.ts')).drain,
  fairness: async () => (await import('./fairness.ts')).fairness,
  'fairness-postgres': async () => (await import('./fairness.ts')).fairnessOnPostgres,
  growth: async () => (await import('./growth.ts')).growth,
  latency: async () => (await import('./latency.ts')).latency,
  ledger: async () => (await import('./ledger.ts')).ledger,
  naive: async () => (await import('./naive.ts')).naive,
  paced: async () => (await import('./paced.ts')).paced,
  postgres: async () => (await import('./on-postgres.ts')).onPostgres,
  repeats: async () => (await import('./repeats.ts')).repeats,
  'slow-disk': async () => (await import('./slow-disk.ts')).slowDisk,
  limits: async () => (await import('./limits.ts')).limits,
  salesforce: async () => (await import('./salesforce.ts')).salesforce,
  size: async () => (await import('./size.ts')).size,
  start: async () => (await import('./start.ts')).start,
  wall: async () => (await import('./wall.ts')).wall,
};

const USAGE = `npm run bench -- <name>… [--json]   measures; the names: ${Object.keys(BENCHES).join(', ')}
  --json   one object for each, instead of a table`;
const {
  values: { json },
  positionals: names,
} = readUsage(USAGE, { allowPositionals: true, options: { json: { type: 'boolean', default: false } } });
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) refuse(`There is no bench "${unknown.join('", "')}".`, USAGE);
if (names.length === 0) refuse('Name a bench.', USAGE);

// `dist` is taken as it is where BENCH_BUILT says so.
if (process.env['BENCH_BUILT'] !== 'yes') buildProduct();
for (const name of names) {
  const bench = await BENCHES[name]?.();
  if (!bench) continue;
  const figures = await bench((line) => void (json || process.stderr.write(`  ${line}\n`)));
  const missed = figures.filter(({ ok }) => ok === false);
  if (json) console.log(JSON.stringify({ bench: name, figures }));
  else
    console.log(
      `\n${name}\n${table(figures)}\n${missed.length === 0 ? 'Every goal is met.' : `${missed.length} of the goals missed: ${missed.map((figure) => figure.name).join('; ')}.`}\n`,
    );
}
process.exit(0);
