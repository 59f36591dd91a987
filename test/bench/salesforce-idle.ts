import { join } from 'node:path';
import { manifest } from '#connectors/salesforce/manifest';
import { systemClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { loadConfig } from '#src/config';
import { createWorld, type World } from '#src/world';
import type { Db } from '#store/database';
import { nextRoundAt } from '#store/cursors';
import { createVisitor } from '../../src/cli/visitor.ts';
import { shown, type Figure } from './figures.ts';
import { inFolder } from './servers.ts';

const DAY_MS = 86_400_000;
/** Calls a day of an Enterprise Edition before any licence adds to it. */
const QUOTA = 100_000;
const PATIENCE_MS = 60_000;

/** The time outside, and what was skipped of it. */
interface SkippingClock extends Clock {
  skipTo(at: number): void;
}
function skippingClock(): SkippingClock {
  let skipped = 0;
  const now = () => Date.now() + skipped;
  return {
    now,
    sleep: systemClock.sleep,
    skipTo(at) {
      skipped += Math.max(0, at - now());
    },
  };
}

/** A day of an org in which nobody does anything: every round of the reconcile loop is run and each call counted, though the time between two rounds is skipped. */
export function idleOrg(say: (line: string) => void): Promise<Figure[]> {
  // The limiter counts in real time, of which a round has none.
  manifest.limits.requests = 1_000_000;
  return inFolder(async (folder) => {
    const clock = skippingClock();
    const config = loadConfig({}, { mode: 'sandbox', port: 0, database: join(folder, 'idle.db'), logLevel: 'silent' });
    const world = await createWorld(config, { clock, seed: 1, log: createLog('silent') });
    try {
      await connect(await world.start());
      await rest(world);
      const before = callsOf(world);
      const end = clock.now() + DAY_MS;
      let rounds = 0;
      for (let next = await nextRoundAt(world.db, clock.now()); next !== null && next < end; next = await nextRoundAt(world.db, clock.now())) {
        clock.skipTo(next);
        world.flow.wake.cursors();
        await rest(world);
        rounds++;
      }
      const after = callsOf(world);
      say(`idle: a day of ${rounds} rounds`);
      const made = (pattern: RegExp) => Object.entries(after).reduce((sum, [path, count]) => (pattern.test(path) ? sum + count - (before[path] ?? 0) : sum), 0);
      const all = made(/\/services\/data\//);
      const polls = made(/\/services\/data\/.*\/query/);
      return [
        shown(`idle org: share of ${QUOTA} calls a day`, (all / QUOTA) * 100, '%'),
        shown('idle org: calls a day', all, 'calls'),
        shown(`idle org: of these, polls every ${manifest.limits.pollMs / 1000} s`, polls, 'calls'),
        shown('idle org: of these, fields and stages read every hour', all - polls, 'calls'),
      ];
    } finally {
      await world.stop();
    }
  });
}

async function connect(address: string): Promise<void> {
  const visitor = createVisitor();
  const home = await visitor.submit(await visitor.open(`${address}/install/salesforce`), '/services/oauth2/authorize', { answer: 'allow' });
  if (home.status !== 200) throw new Error(`The install ended at ${home.url} (${home.status}).`);
}

/** What the org has answered so far, by method and path. */
const callsOf = ({ sandbox }: World): Record<string, number> => sandbox?.salesforce.calls() ?? {};

/** Waits until no round is due or under way. @throws Error where one failed: then it is not what a day costs */
async function rest({ db, flow }: World): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (await isBusy(db, flow.clock.now())) {
    if (performance.now() > end) throw new Error('Waited in vain for the rounds to end.');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const failed = await db.selectFrom('cursors').select('error').where('error', 'is not', null).executeTakeFirst();
  if (failed) throw new Error(`A round failed: ${failed.error ?? ''}`);
}

async function isBusy(db: Db, now: number): Promise<boolean> {
  const rows = await db.selectFrom('cursors').select(['next_at', 'lease_until']).where('name', '!=', 'stream').execute();
  return rows.length === 0 || rows.some(({ next_at, lease_until }) => next_at <= now || lease_until > 0);
}
