import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '#core/problem';
import type { Faults } from '#ports/sandbox';
import { createLog } from '#lib/log';
import { listTenants } from '#store/installs';
import { asServer } from '#store/scope';
import { loadConfig, type Config } from '../config.ts';
import { shown } from '../places.ts';
import { createWorld, type World } from '../world.ts';
import { createStory, type Story } from './tour-story.ts';
import { tourHubSpot } from './tour-hubspot.ts';
import { tourSalesforce } from './tour-salesforce.ts';
import { consentStepsOn } from './tour-consent.ts';
import type { TourCrm } from './tour-crm.ts';
import { stepsOn, type Step } from './tour-steps.ts';
import { storyLines, writeLine, type StoryLine } from './tour-timeline.ts';

const CRMS = { hubspot: tourHubSpot, salesforce: tourSalesforce };
const STORIES: Record<string, (crm: TourCrm, world: World) => Step[]> = { signing: (crm) => stepsOn(crm), consent: consentStepsOn };

export interface TourOptions {
  chaos: boolean;
  /** By the id of its connector; the first where absent. */
  crm?: string;
  /** `signing` where absent. */
  story?: string;
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
export async function tour(options: TourOptions): Promise<boolean> {
  const { chaos, json, seed, database } = options;
  const crm = crmIn(options);
  const telling = storyIn(options);
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tour-'));
  const say = (line: string) => void (json || process.stdout.write(`${line}\n`));
  const config = loadConfig({}, { mode: 'sandbox', port: 0, database: database ?? join(folder, 'tour.db'), logLevel: 'silent' });
  if (database !== undefined) await insistOnEmpty(config);
  const world = await createWorld(config, { seed, log: createLog(process.env['TOUR_LOG'] ?? 'silent') });
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  let played: Played;
  try {
    const address = await world.start();
    say(`A world of its own at ${address}${chaos ? `, and the vendors misbehave (seed ${seed})` : ''}.\n`);
    const story = createStory(world, address, CRMS[crm]);
    // What it looks up beside the pages is nobody's request.
    played = await asServer(() => play(story, { steps: telling(story.crm, world), chaos, left: left.signal, say }));
  } finally {
    process.removeListener('SIGINT', leave);
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  if (json) process.stdout.write(`${JSON.stringify({ tour: chaos ? 'chaos' : 'calm', story: options.story ?? 'signing', crm, seed, ...played })}\n`);
  else printEnd(played, optionsAgain(options));
  return played.ok;
}

/** A story that begins in the middle of another one spoils both. @throws Problem */
async function insistOnEmpty(config: Config): Promise<void> {
  const world = await createWorld(config, { serve: false, log: createLog('silent') });
  const tenants = await asServer(() => listTenants(world.db)).finally(() => world.stop());
  if (tenants.length > 0)
    throw new Problem('request.malformed', { say: `${shown(config.database)} is in use already. The tour plays in an empty database: name another one, or none.` });
}

/** @throws Problem that names those there are */
function crmIn({ crm }: TourOptions): keyof typeof CRMS {
  const known = Object.keys(CRMS) as (keyof typeof CRMS)[];
  const found = crm === undefined ? known[0] : known.find((id) => id === crm);
  if (found) return found;
  throw new Problem('request.malformed', { say: `There is no tour on "${crm ?? ''}". It is one of ${known.join(', ')}.` });
}

/** @throws Problem that names those there are */
function storyIn({ story = 'signing' }: TourOptions): (typeof STORIES)[string] {
  const found = STORIES[story];
  if (found) return found;
  throw new Problem('request.malformed', { say: `There is no story "${story}". It is one of ${Object.keys(STORIES).join(', ')}.` });
}

interface Played {
  ok: boolean;
  steps: StepResult[];
  /** Of the first envelope. */
  timeline: StoryLine[];
}

/** Step by step, up to the first whose outcome is wrong. */
async function play(story: Story, { steps, chaos, left, say }: { steps: Step[]; chaos: boolean; left: AbortSignal; say: (line: string) => void }): Promise<Played> {
  const results: StepResult[] = [];
  for (const [index, step] of steps.entries()) {
    if (left.aborted) break;
    story.sandbox.misbehave(chaos && step.chaos !== false ? CHAOS : FRONT_PORCH);
    const result = await runStep(story, step);
    results.push(result);
    say(`${result.ok ? ' ok ' : 'FAIL'} ${String(index + 1).padStart(2)}/${steps.length}  ${result.title}\n         ${result.seen}`);
    if (!result.ok) break;
  }
  const timeline = story.envelope ? await storyLines(story.world, story.tenant, story.envelope) : [];
  return { ok: results.length === steps.length && results.every((result) => result.ok), steps: results, timeline };
}

/** Options with which the same tour is played again. */
const optionsAgain = ({ chaos, crm, story, seed }: TourOptions): string =>
  `${story === undefined ? '' : ` --story ${story}`}${crm === undefined ? '' : ` --crm ${crm}`}${chaos ? ` --chaos --seed ${seed}` : ''}`;

async function runStep(story: Story, step: Step): Promise<StepResult> {
  const start = Date.now();
  try {
    return { title: step.title, ok: true, seen: await step.run(story), ms: Date.now() - start };
  } catch (error) {
    return { title: step.title, ok: false, seen: error instanceof Error ? error.message : String(error), ms: Date.now() - start };
  }
}

function printEnd({ ok, steps, timeline }: Played, options: string): void {
  const [first] = timeline;
  if (first) {
    process.stdout.write(`\nThe timeline of the first envelope (${first.correlation}), in UTC:\n`);
    for (const line of timeline) process.stdout.write(`${writeLine(line)}\n`);
  }
  const failed = steps.find((result) => !result.ok);
  const again = options ? ` The same again: npm run tour --${options}` : '';
  process.stdout.write(ok ? `\nEverything came out as it should. See it yourself: npm start\n` : `\nIt went wrong at "${failed?.title ?? 'the end'}".${again}\n`);
}
