import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Faults } from '#ports/sandbox';
import { createLog } from '#lib/log';
import { loadConfig } from '../config.ts';
import { createWorld } from '../world.ts';
import { createStory, type Story } from './tour-story.ts';
import { STEPS } from './tour-steps.ts';
import { storyLines, type StoryLine } from './tour-timeline.ts';

export interface TourOptions {
  chaos: boolean;
  json: boolean;
  seed: number;
  /** An empty database to play in, instead of a SQLite file of its own. */
  database?: string;
}
interface StepResult {
  title: string;
  ok: boolean;
  seen: string;
  ms: number;
}

/** What `--chaos` does to every webhook and every call. */
const CHAOS: Partial<Faults> = { duplicate: 0.3, reorder: 0.2, delay: 0.4, drop: 0.15, rateLimited: 0.05, unavailable: 0.08, lostReply: 0.05, maxPauseMs: 400 };
const FRONT_PORCH: Partial<Faults> = { duplicate: 0, reorder: 0, delay: 0, drop: 0, rateLimited: 0, unavailable: 0, lostReply: 0 };

/** Plays the whole story against the sandbox world, without a browser window. Returns whether every step's outcome was right. */
export async function tour({ chaos, json, seed, database }: TourOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tour-'));
  const say = (line: string) => void (json || process.stdout.write(`${line}\n`));
  const config = loadConfig({}, { mode: 'sandbox', port: 0, database: database ?? join(folder, 'tour.db'), logLevel: 'silent' });
  const world = await createWorld(config, { seed, log: createLog(process.env['TOUR_LOG'] ?? 'silent') });
  const results: StepResult[] = [];
  let timeline: StoryLine[] = [];
  let signalled = false;
  const leave = () => {
    signalled = true;
  };
  process.once('SIGINT', leave);
  try {
    const address = await world.start();
    say(`A world of its own at ${address}${chaos ? `, and the vendors misbehave (seed ${seed})` : ''}.\n`);
    const story = createStory(world, address);
    for (const [index, step] of STEPS.entries()) {
      if (signalled) break;
      world.sandbox?.misbehave(chaos && step.chaos !== false ? CHAOS : FRONT_PORCH);
      const result = await runStep(story, step);
      results.push(result);
      say(`${result.ok ? ' ok ' : 'FAIL'} ${String(index + 1).padStart(2)}/${STEPS.length}  ${result.title}\n         ${result.seen}`);
      if (!result.ok) break;
    }
    timeline = story.envelope ? await storyLines(world, story.tenant, story.envelope) : [];
  } finally {
    process.removeListener('SIGINT', leave);
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const ok = results.length === STEPS.length && results.every((result) => result.ok);
  if (json) process.stdout.write(`${JSON.stringify({ tour: chaos ? 'chaos' : 'calm', seed, ok, steps: results, timeline })}\n`);
  else printEnd(timeline, ok, results, seed, chaos);
  return ok;
}

async function runStep(story: Story, step: (typeof STEPS)[number]): Promise<StepResult> {
  const start = Date.now();
  try {
    return { title: step.title, ok: true, seen: await step.run(story), ms: Date.now() - start };
  } catch (error) {
    return { title: step.title, ok: false, seen: error instanceof Error ? error.message : String(error), ms: Date.now() - start };
  }
}

function printEnd(timeline: StoryLine[], ok: boolean, results: StepResult[], seed: number, chaos: boolean): void {
  const [first] = timeline;
  if (first) {
    process.stdout.write(`\nThe timeline of the first envelope (${first.correlation}):\n`);
    for (const line of timeline) process.stdout.write(`  ${new Date(line.at).toISOString().slice(11, 23)}  ${line.what.padEnd(24)} ${line.why}\n`);
  }
  const failed = results.find((result) => !result.ok);
  const again = chaos ? ` The same again: npm run tour -- --chaos --seed ${seed}` : '';
  process.stdout.write(ok ? `\nEverything came out as it should. See it yourself: npm start\n` : `\nIt went wrong at "${failed?.title ?? 'the end'}".${again}\n`);
}
