import { systemClock, type Clock } from '#lib/clock';
import { atMost, shown, type Figure } from '../bench/figures.ts';
import { hubspotRequests } from '../bench/events.ts';
import { databaseFaults, storyFaults, type Faults } from './books.ts';
import type { Fault } from './fault.ts';
import { startSender, type Event } from './sender.ts';
import { onStage, quiet, type Stage } from './stage.ts';
import { createStories } from './stories.ts';

const TEN_MINUTES_MS = 600_000;
const FEW = 20;
const JUMP_SIGNAL = 'SIGUSR2';

/** Lets a process's own time jump: `FAULTS_CLOCK_MS` from its start, or when it gets the signal. */
const JUMPING = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`const { now } = Date;
let off = 0;
Date.now = () => now() + off;
const jump = () => { off += Number(process.env.FAULTS_CLOCK_MS); };
if (process.env.FAULTS_CLOCK_AT === 'start') jump(); else process.on('${JUMP_SIGNAL}', jump);`)}`,
];

/** The product's clock is ten minutes off, both ways, from the start and in the middle. What is dated by a vendor is refused and not lost; everything else goes on, and a jump is told. */
export const clock: Fault = async ({ say }) => {
  const figures: Figure[] = [];
  const faults: Faults = [];
  for (const [at, ms] of [
    ['start', TEN_MINUTES_MS],
    ['start', -TEN_MINUTES_MS],
    ['middle', TEN_MINUTES_MS],
    ['middle', -TEN_MINUTES_MS],
  ] as const) {
    const what = `${ms > 0 ? 'fast' : 'slow'} by ten minutes from the ${at}`;
    const seen = await off(at, ms);
    faults.push(...seen.faults.map((line) => `${what}: ${line}`));
    if (seen.alarms.includes('clock-jumped') !== (at === 'middle'))
      faults.push(`${what}: the alarm clock-jumped ${at === 'middle' ? 'was not raised' : 'was raised though nothing jumped'}`);
    figures.push(
      shown(`${what}: HubSpot's webhooks accepted`, seen.accepted, 'of 20'),
      shown(`${what}: alarms`, seen.alarms.length, seen.alarms.join(', ')),
      atMost(`${what}: until all stories ended`, seen.endedMs / 1000, 's', 180),
    );
    say(`${what}: ${seen.accepted} of ${FEW} accepted; alarms: ${seen.alarms.join(', ') || 'none'}; ${Math.round(seen.endedMs / 1000)} s`);
  }
  return { figures, faults };
};

async function off(at: 'start' | 'middle', ms: number): Promise<{ faults: Faults; accepted: number; alarms: string[]; endedMs: number }> {
  const vendors: Clock = systemClock;
  return onStage(
    { engine: 'sqlite', node: JUMPING, front: { clock: vendors }, environment: { FAULTS_CLOCK_MS: String(ms), FAULTS_CLOCK_AT: at, LOG_LEVEL: 'fatal' } },
    async (stage) => {
      const stories = createStories(stage.front.sandbox, Math.random);
      stories.begin(3);
      if (at === 'middle') {
        await stage.until('an envelope', () => stage.front.sandbox.docusign.envelopes().length > 0);
        process.kill(stage.processes[0]?.pid ?? 0, JUMP_SIGNAL);
      }
      const begun = performance.now();
      stories.begin(3);
      const accepted = await few(stage);
      if (accepted < FEW) await round(stage);
      const faults = [...(await quiet(stage, stories)), ...storyFaults(stories), ...(await stage.look(databaseFaults))];
      stories.stop();
      const alarms = await stage.look(async (db) => (await db.selectFrom('alarms').select('code').execute()).map(({ code }) => code));
      return { faults, accepted, alarms: [...new Set(alarms)], endedMs: performance.now() - begun };
    },
  );
}

/** Dated webhooks of HubSpot's, each once. */
async function few(stage: Stage): Promise<number> {
  const request = hubspotRequests(stage.front.address, Number(stage.seeded.crm.account), 'hubspot-sandbox-secret');
  let made = 0;
  const next = (): Event => ({ mark: String(made++), request });
  const sender = startSender({ to: stage.anyPort, connections: 1, next });
  await stage.until('some answers', () => Object.values(sender.statuses).reduce((sum, count) => sum + count, 0) >= FEW);
  await sender.abandon();
  return Math.min(FEW, sender.acknowledged.size);
}

/** As a person does who reads the alarm: the rounds ask what no webhook told. */
async function round(stage: Stage): Promise<void> {
  await stage.look((db) => db.updateTable('cursors').set({ next_at: 0 }).where('lease_until', '=', 0).execute());
}
