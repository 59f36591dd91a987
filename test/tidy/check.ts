import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { projectRoot } from '#lib/root';
import { readUsage } from '../usage.ts';

/**
 * `npm run check`: all that can be checked before a change is handed in, each step with its time; exit 1 if any fails.
 * `-- --static` leaves the suite out, for whoever has just run it.
 */
const USAGE = `npm run check              format, lint, types, unused code, tidiness, then the suite
npm run check -- --static  all of it but the suite`;
const { values: told } = readUsage(USAGE, { options: { static: { type: 'boolean' } } });
const steps: [name: string, command: string, ...args: string[]][] = [
  ['format', 'prettier', '--check', '.'],
  ['lint', 'eslint', '.'],
  ['types', 'tsc', '--noEmit'],
  ['unused', 'knip'],
  ['tidy', 'vitest', 'run', 'test/tidy.test.ts', 'test/tidy'],
];
const suite: (typeof steps)[number] = ['tests', 'vitest', 'run', '--project', 'together', '--project', 'alone'];

function run([name, command, ...args]: (typeof steps)[number]): Promise<boolean> {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(`node_modules/.bin/${command}`, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      const good = code === 0;
      console.log(`${good ? 'good  ' : 'FAILED'}  ${name.padEnd(7)} ${((Date.now() - started) / 1000).toFixed(1)} s`);
      if (!good) process.stdout.write(Buffer.concat(output));
      resolve(good);
    });
  });
}

/** As many steps at once as there are processors, at most two: each of them uses more than one. */
async function runAll(all: typeof steps): Promise<boolean> {
  const waiting = [...all];
  let good = true;
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) good = (await run(step)) && good;
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  return good;
}

const good = await runAll(steps);
// The suite runs alone: beside a linter, whatever in it waits for something waits longer.
const tested = told.static === true || (await run(suite));
process.exitCode = good && tested ? 0 : 1;
