import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { numberOf, readUsage, refuse } from '../usage.ts';
import { postgresServer, stopServer } from '../store/postgres.ts';
import { mutantsOf, type Mutant } from './mutants.ts';
import { TARGETS, type Target } from './targets.ts';

/**
 * `npm run mutate -- [part of a module's name]… [--jobs N] [--json]`. Puts one small fault at a time into the modules that every promise rests on, and counts how many of them
 * their tests notice. Fails where that is less than nine in ten; what nobody noticed is listed.
 */
const USAGE = `npm run mutate -- [part of a module's name]…   all modules without one
  --jobs N   modules at once (2)
  --json     an object a module, instead of words`;
const { values, positionals } = readUsage(USAGE, { allowPositionals: true, options: { jobs: { type: 'string' }, json: { type: 'boolean' } } });
const jobs = numberOf('jobs', values.jobs, 2, USAGE);
const WANTED_SCORE = 0.9;
/** A mutant that keeps its tests busy for so long counts as noticed: it would hang the suite. Loading comes on top before the first. */
const MUTANT_MS = 60_000;
const LOADING_MS = 120_000;

interface Result {
  target: Target;
  noticed: number;
  /** Mutants that behave as the module does. */
  same: number;
  late: Mutant[];
  missed: Mutant[];
}

/** Tries mutants from a number on, in a process of their own. Resolves to the number at which it hung, or null. */
function attempt(module: string, from: number, heard: (number: number, noticed: boolean) => void): Promise<number | null> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('attempt.ts', import.meta.url)), module, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let at = from;
    let hung = false;
    const stop = () => {
      hung = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(stop, LOADING_MS);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"number"')) return;
      clearTimeout(timer);
      timer = setTimeout(stop, MUTANT_MS);
      const told = JSON.parse(line) as { number: number; noticed?: boolean };
      at = told.number;
      if (told.noticed !== undefined) heard(told.number, told.noticed);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (hung) resolve(at);
      else if (code === 0) resolve(null);
      else reject(new Error(`${module}: the attempt ended with ${String(code)}`));
    });
  });
}

async function mutate(target: Target): Promise<Result> {
  const source = readFileSync(target.module, 'utf8');
  const lines = source.split('\n');
  const mutants = mutantsOf(target.module, source);
  const missed: Mutant[] = [];
  const late: Mutant[] = [];
  const heard = (number: number, noticed: boolean): void => {
    const mutant = mutants[number];
    if (mutant && !noticed) missed.push(mutant);
  };
  for (let from: number | null = 0; from !== null && from < mutants.length;) {
    from = await attempt(target.module, from, heard);
    const mutant = from === null ? undefined : mutants[from++];
    if (mutant) late.push(mutant);
  }
  const known = (mutant: Mutant) => target.same?.some(({ line, say }) => lines[mutant.line - 1]?.trim().startsWith(line) && mutant.say === say) ?? false;
  const same = missed.filter(known).length;
  return { target, noticed: mutants.length - missed.length, same, late, missed: missed.filter((mutant) => !known(mutant)) };
}

const scoreOf = ({ noticed, missed }: Pick<Result, 'noticed' | 'missed'>): number => noticed / Math.max(1, noticed + missed.length);

function tell(result: Result): void {
  const { target, noticed, same, late, missed } = result;
  if (values.json) return console.log(JSON.stringify({ part: target.part, module: target.module, noticed, same, late, missed, score: scoreOf(result) }));
  const notes = [same > 0 ? `${same} behave the same` : '', late.length > 0 ? `${late.length} hung` : ''].filter(Boolean).join(', ');
  console.log(
    `${(scoreOf(result) * 100).toFixed(1).padStart(6)} %  ${String(noticed).padStart(4)} of ${String(noticed + missed.length).padEnd(4)} ${target.part.padEnd(14)} ${target.module} ${notes}`,
  );
  for (const { line, say } of missed) console.log(`          ${target.module}:${line}  ${say}`);
}

const wanted = TARGETS.filter(({ module }) => positionals.length === 0 || positionals.some((part) => module.includes(part)));
if (wanted.length === 0) refuse(`No module has a name with "${positionals.join('", "')}". There are: ${TARGETS.map(({ module }) => module).join(', ')}.`, USAGE);
// One server for all: a test that starts its own takes seconds, and leaves it behind where it is stopped.
if (wanted.some(({ databases }) => databases)) process.env['DATABASE_URL'] = await postgresServer();
const waiting = [...wanted];
const results: Result[] = [];
const worker = async (): Promise<void> => {
  for (let target = waiting.shift(); target; target = waiting.shift()) {
    const result = await mutate(target);
    results.push(result);
    tell(result);
  }
};
await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
await stopServer();
const low = results.filter((result) => scoreOf(result) < WANTED_SCORE);
const noticed = results.reduce((sum, one) => sum + one.noticed, 0);
const missed = results.flatMap((one) => one.missed);
if (!values.json)
  console.log(
    `${(scoreOf({ noticed, missed }) * 100).toFixed(1).padStart(6)} %  ${noticed} of ${noticed + missed.length} in ${results.length} modules; ${low.length} below ${WANTED_SCORE * 100} %`,
  );
if (low.length > 0 || results.length === 0) process.exitCode = 1;
