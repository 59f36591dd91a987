import { isAhead, type Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import { raiseAlarm } from '#store/alarms';
import { catchUp, clearAged } from '#store/clock-catch-up';
import type { Db } from '#store/database';

/** How often the clock is looked at. */
const EVERY_MS = 1_000;
/** A smaller step is taken as it comes: pauses and leases are as long. Time servers steer a clock by far less than this in a second. */
const JUMP_MS = 30_000;
/** How long the clock has to have been steady until nobody has to be told of its jump any more, and how often that is looked at. */
const STEADY_MS = 3_600_000;
const CLEAR_EVERY_MS = 60_000;
const SUBJECT = 'server';

export interface ClockWatch {
  /** Looks once. False, always. @throws what the database throws; what was to be done is then done in the next turn */
  turn(): Promise<false>;
  nextAt(): Promise<number>;
}

/**
 * Notices when the clock jumps, which is when it has not gone on as evenly as the machine's own count of time. Tells it, and after a jump back lets what was
 * dated before wait no longer for the clock to come to it again. `wake` is called once it need not.
 */
export function createClockWatch(options: { db: Db; clock: Clock; steady: () => number; log: Logger; host: string; wake: () => void }): ClockWatch {
  const { db, clock, steady, log, host, wake } = options;
  let offset = clock.now() - steady();
  /** What nobody has been told of yet, ahead or back, and by how much dates still lie ahead. */
  let untold = 0;
  let owed = 0;
  let again = false;
  let nextClear = 0;

  function look(now: number): void {
    const before = offset;
    offset = now - steady();
    const jumped = Math.round(offset - before);
    if (Math.abs(jumped) < JUMP_MS) return;
    log.warn({ jumpedMs: jumped }, 'the clock jumped');
    untold = jumped;
    owed = Math.max(0, owed - jumped);
    again &&= owed > 0;
  }

  return {
    nextAt: async () => clock.now() + EVERY_MS,
    async turn() {
      const now = clock.now();
      look(now);
      if (untold !== 0) {
        await raiseAlarm(db, { code: 'clock-jumped', subject: SUBJECT, tenant: null, say: sayJump(host, untold, now) }, now);
        untold = 0;
      }
      if (owed > 0) {
        const jump = { now, by: owed, again };
        again = true;
        const moved = await catchUp(db, jump);
        log.warn({ moved, byMs: owed }, 'what was dated before the clock went back is not waited for');
        owed = 0;
        again = false;
        wake();
      }
      if (isAhead(nextClear, now, CLEAR_EVERY_MS)) return false;
      nextClear = now + CLEAR_EVERY_MS;
      await clearAged(db, 'clock-jumped', SUBJECT, now, STEADY_MS);
      return false;
    },
  };
}

function sayJump(host: string, ms: number, now: number): string {
  const what = ms < 0 ? 'back' : 'ahead';
  const then = ms < 0 ? 'What was due before is done now.' : 'What was to wait longer is done early.';
  return `The clock of ${host} jumped ${what} by ${lengthOf(Math.abs(ms))}, to ${new Date(now).toISOString()}. ${then} Compare it with a time server: webhooks are refused where it is off by five minutes.`;
}

const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const;

/** In the largest unit of which there are two or more. */
function lengthOf(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, size]) => ms >= 2 * size) ?? ['seconds', 1_000];
  return `${Math.round(ms / unitMs)} ${unit}`;
}
