import type { Bench } from './figures.ts';
import { table } from './figures.ts';
import { buildProduct } from './servers.ts';

/** `npm run bench -- <name>… [--json]`. A missed goal is shown, and is no failure of the bench. */
const BENCHES: Record<string, () => Promise<Bench>> = {
  ingest: async () => (await import('./ingest.ts')).ingest,
  drain: async () => (await import('./drain.ts')).drain,
  fairness: async () => (await import('./fairness.ts')).fairness,
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

const json = process.argv.includes('--json');
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = names.filter((name) => !(name in BENCHES));
if (names.length === 0 || unknown.length > 0) {
  console.error(`${unknown.length > 0 ? `There is no bench "${unknown.join('", "')}". ` : ''}Name one or more of: ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}

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
