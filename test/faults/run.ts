import { table } from '../bench/figures.ts';
import { numberOf, readUsage, refuse } from '../usage.ts';
import type { Fault } from './fault.ts';
import type { Engine } from './stage.ts';

/** `npm run faults -- <name>… [--rounds N] [--seed N] [--engine sqlite|postgres] [--json]`, or `--ci` for a short run of all that CI can bear. */
const FAULTS: Record<string, { rounds: number; load: () => Promise<Fault> }> = {
  kill: { rounds: 200, load: async () => (await import('./kill.ts')).kill },
  power: { rounds: 200, load: async () => (await import('./power.ts')).power },
  restart: { rounds: 20, load: async () => (await import('./restart.ts')).restart },
  disk: { rounds: 200, load: async () => (await import('./disk.ts')).disk },
  busy: { rounds: 1, load: async () => (await import('./busy.ts')).busy },
  slow: { rounds: 1, load: async () => (await import('./slow.ts')).slow },
  clock: { rounds: 1, load: async () => (await import('./clock.ts')).clock },
  recovery: { rounds: 100_000, load: async () => (await import('./recovery.ts')).recovery },
  overload: { rounds: 10, load: async () => (await import('./overload.ts')).overload },
  backlog: { rounds: 1_000_000, load: async () => (await import('./backlog.ts')).backlog },
  upgrade: { rounds: 1_000_000, load: async () => (await import('./upgrade.ts')).upgrade },
  token: { rounds: 10, load: async () => (await import('./token.ts')).token },
};
/** What CI runs, within three minutes. */
const CI: { name: string; rounds: number; engine: Engine }[] = [
  { name: 'kill', rounds: 5, engine: 'sqlite' },
  { name: 'kill', rounds: 3, engine: 'postgres' },
  { name: 'power', rounds: 5, engine: 'sqlite' },
  { name: 'restart', rounds: 4, engine: 'postgres' },
  { name: 'disk', rounds: 25, engine: 'sqlite' },
  { name: 'busy', rounds: 1, engine: 'sqlite' },
  { name: 'token', rounds: 2, engine: 'sqlite' },
  { name: 'upgrade', rounds: 2_000, engine: 'sqlite' },
];

const USAGE = `npm run faults -- <name>…   the names: ${Object.keys(FAULTS).join(', ')}
npm run faults -- --ci      a short run of all that CI can bear
  --rounds N   how often
  --seed N     the chance of an earlier run
  --engine     sqlite (the default) or postgres
  --json       an object a fault, instead of a table`;
const { values, positionals } = readUsage(USAGE, {
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    engine: { type: 'string', default: 'sqlite' },
    json: { type: 'boolean', default: false },
    ci: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(FAULTS, name));
const engine = values.engine === 'sqlite' || values.engine === 'postgres' ? values.engine : refuse('--engine is sqlite or postgres.', USAGE);
if (unknown.length > 0) refuse(`There is no fault "${unknown.join('", "')}".`, USAGE);
if (positionals.length === 0 && !values.ci) refuse('Name a fault, or say --ci.', USAGE);
/** Those that are of one engine by their nature. */
const ENGINE: Record<string, Engine> = {
  power: 'sqlite',
  disk: 'sqlite',
  busy: 'sqlite',
  slow: 'sqlite',
  overload: 'sqlite',
  backlog: 'sqlite',
  upgrade: 'sqlite',
  clock: 'sqlite',
  restart: 'postgres',
};
const seed = numberOf('seed', values.seed, Date.now() % 1_000_000, USAGE);
const say = (line: string) => void (values.json || process.stderr.write(`  ${line}\n`));
const runs = values.ci ? CI : positionals.map((name) => ({ name, engine: ENGINE[name] ?? engine, rounds: numberOf('rounds', values.rounds, FAULTS[name]?.rounds ?? 1, USAGE) }));

let broken = 0;
for (const { name, rounds, engine: on } of runs) {
  const fault = await FAULTS[name]?.load();
  if (!fault) continue;
  say(`${name} on ${on}, ${rounds} rounds, seed ${seed}`);
  const begun = performance.now();
  const { figures, faults } = await fault({ rounds, seed, engine: on, say });
  const seconds = Math.round((performance.now() - begun) / 1000);
  const missed = figures.filter(({ ok }) => ok === false).map((figure) => `${figure.name}: ${figure.value} ${figure.unit}, goal ${figure.goal ?? ''}`);
  broken += faults.length + missed.length;
  if (values.json) console.log(JSON.stringify({ fault: name, engine: on, rounds, seed, seconds, figures, faults, missed }));
  else {
    const verdict = faults.length + missed.length === 0 ? 'Every promise held.' : `Broken with seed ${seed}:\n${[...faults, ...missed].map((line) => `  - ${line}`).join('\n')}`;
    console.log(`\n${name} on ${on}, ${seconds} s\n${table(figures)}\n${verdict}\n`);
  }
}
process.exit(broken === 0 ? 0 : 1);
