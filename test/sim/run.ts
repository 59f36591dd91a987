import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { openBase, type Base } from './base.ts';
import { planOf } from './plan.ts';
import { machineNow } from './platform.ts';
import { addUp, empty, figuresOf, sayFigures, type Sum } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { shrink } from './shrink.ts';
import { simulate, type Told } from './simulate.ts';
import { numberOf, readUsage } from '../usage.ts';

/**
 * `npm run sim -- [--seed N | --seeds N --from N | --minutes N] [--events N] [--jobs N] [--json]`. One seed is told line by line; many are counted. A story that breaks an invariant
 * is shortened and printed with its seed, and the run fails.
 */
const HELP = `npm run sim -- --seed N           tells one story, line by line
npm run sim -- --seeds N          tells N stories (100), beginning with --from N (1)
npm run sim -- --minutes N        tells stories for so long
npm run sim -- --scenarios        outages and lost webhooks, each as a story of its own
  --events N   what happens in a story (8)
  --jobs N     processes that tell them (1)
  --json       one line of JSON instead of words`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = { seed: text, seeds: text, from: text, minutes: text, events: text, jobs: text, json: flag, scenarios: flag };
const { values: given } = readUsage(HELP, { options });
const number = (name: 'seed' | 'seeds' | 'from' | 'minutes' | 'events' | 'jobs', otherwise: number): number => numberOf(name, given[name], otherwise, HELP);
const events = number('events', 8);
const MOST_SHOWN = 3;
const PROGRESS_EVERY_MS = 1_000;

if (given.scenarios) await tellScenarios(await openBase());
else if (given.seed !== undefined) await tellOne(await openBase(), number('seed', 1));
else if (number('jobs', 1) > 1) await tellApart(number('jobs', 1));
else await tellMany(await openBase());

async function tellOne(base: Base, seed: number): Promise<void> {
  const told = await simulate(base, planOf(seed, events));
  if (given.json) console.log(JSON.stringify({ seed, events, hash: told.hash, violations: told.violations }));
  else console.log(`${told.lines.join('\n')}\n\nseed ${seed}, ${told.plan.happenings.length} happenings, hash ${told.hash.slice(0, 16)}`);
  if (told.violations.length > 0) await showBroken(base, told);
}

/** The shortest story that breaks what this one breaks. */
async function showBroken(base: Base, told: Told): Promise<void> {
  const { told: short, tries } = await shrink(base, told);
  const { plan, lines, violations } = short;
  const bad = Object.entries(plan.weather).filter(([, rate]) => rate > 0);
  console.error(
    [
      `\nSeed ${plan.seed} (--seed ${plan.seed} --events ${events}) breaks ${violations[0]?.invariant ?? ''}: ${violations[0]?.say ?? ''}`,
      `Of ${told.plan.happenings.length} happenings ${plan.happenings.length} are enough, found in ${tries} tries:`,
      ...plan.happenings.map((happening) => `  ${JSON.stringify(happening)}`),
      `Weather: ${bad.length === 0 ? 'fair' : bad.map(([fault, rate]) => `${fault} ${(rate * 100).toFixed(0)} %`).join(', ')}.`,
      ...lines.map((line) => `  ${line}`),
    ].join('\n'),
  );
  process.exitCode = 1;
}

async function tellMany(base: Base): Promise<void> {
  const from = number('from', 1);
  const until = given.minutes === undefined ? Infinity : machineNow() + number('minutes', 1) * 60_000;
  const last = given.minutes === undefined || given.seeds !== undefined ? from + number('seeds', 100) : Infinity;
  const sum = empty();
  const broken: Told[] = [];
  const begun = machineNow();
  let shown = begun;
  for (let seed = from; seed < last && machineNow() < until; seed++) {
    const told = await simulate(base, planOf(seed, events));
    addUp(sum, told);
    if (told.violations.length > 0 && broken.length < MOST_SHOWN) broken.push(told);
    if (process.stderr.isTTY && !given.json && machineNow() - shown > PROGRESS_EVERY_MS) {
      shown = machineNow();
      process.stderr.write(`\r  seed ${seed}, ${sum.stories} stories, ${sum.broken} broken `);
    }
  }
  finish(sum, machineNow() - begun);
  for (const told of broken) await showBroken(base, told);
}

/** Each process tells every n-th share of the seeds: a seed's story does not depend on the one before it. */
async function tellApart(jobs: number): Promise<void> {
  const from = number('from', 1);
  const share = Math.ceil(number('seeds', 100) / jobs);
  const begun = machineNow();
  const sum = empty();
  const runs = Array.from({ length: jobs }, async (_, n): Promise<void> => {
    const limits = given.minutes === undefined ? ['--seeds', String(share)] : ['--minutes', given.minutes];
    const start = given.minutes === undefined ? from + n * share : from + n * 10_000_000;
    const ask: string[] = [...process.execArgv, process.argv[1] ?? '', '--json', '--from', String(start), '--events', String(events), ...limits];
    const child = spawn(process.execPath, ask, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) addUp(sum, JSON.parse(line) as Sum);
    const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
    if (code !== 0) process.exitCode = 1;
  });
  await Promise.all(runs);
  finish(sum, machineNow() - begun);
}

function finish(sum: Sum, machineMs: number): void {
  if (given.json) console.log(JSON.stringify({ ...sum, machineMs }));
  else console.log(`${process.stderr.isTTY ? '\r' : ''}${sayFigures(figuresOf(sum, machineMs))}`);
  if (sum.broken > 0) process.exitCode = 1;
}

async function tellScenarios(base: Base): Promise<void> {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const { say, faults } = await scenario(base);
    console.log(
      given.json
        ? JSON.stringify({ scenario: name, say, faults })
        : `${faults.length === 0 ? 'holds ' : 'BROKEN'}  ${name}: ${say}${faults.map((fault) => `\n        ${fault}`).join('')}`,
    );
    if (faults.length > 0) process.exitCode = 1;
  }
}
