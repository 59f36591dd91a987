import type { StopId } from '#core/ids';

/** Why a send waits for a person. */
export type HoldCause = 'ceiling' | 'first-run' | 'stop';
/** What became of a held send. `resumed`: the stop that held it is over, so it is weighed anew, where what a person `released` is not. */
export type HeldState = 'waiting' | 'released' | 'discarded' | 'resumed';
/** What is asked for a held send, once its deal has been read again. */
export type Verdict = 'release' | 'discard' | 'resume';

/** How much a rule may send by itself before a person has to look. */
export interface Ceiling {
  /** So many sends within the time below. */
  sends: number;
  withinMs: number;
  /** So many on the first day of a rule that nobody has reviewed. */
  firstRun: number;
}

/**
 * For a rule that says nothing of it. A busy team of twenty moves some ten deals in three minutes; a filter that was one condition too short moves hundreds.
 * With 10 sends each Monday's review of the pipeline would have to be released by hand, with 200 a mistake would reach 200 customers.
 */
export const DEFAULT_CEILING: Ceiling = { sends: 50, withinMs: 180_000, firstRun: 10 };

/** A rule's ceiling, and what makes it start: with another stage or condition it is a new rule. */
export interface RuleBrake {
  ceiling: Ceiling;
  start: string;
}

/** What keeps a rule, a tenant or the server from sending. */
export interface Stop {
  id: StopId;
  scope: 'rule' | 'tenant' | 'server';
}

/** What a rule has done of late, as `decide` sees it when the rule is about to send. */
export interface Brake {
  ceiling: Ceiling;
  stop: Stop | null;
  /** Other deals that this rule sends to, and whose entry lies within the ceiling's time of this one. Counted no further than the ceiling. */
  entered: number;
  /** Others that entered the stage with them and are not read yet, so that nobody knows whether anything would be sent. */
  unread: number;
  /** Sends that the rule decided on within the time before now, and when the first of them leaves it. */
  sent: number;
  roomAt: number;
  /** Sends of its first run so far; null once that is over. */
  firstRun: number | null;
  /** What became of this very send where it was held before. */
  held: HeldState | null;
}

/**
 * How long a send waits, once more deals enter than are let through at once, until the whole of a bulk edit has been heard of. An edit that arrives
 * within a second lets nothing go whatever this is; of 412 deals edited over three minutes, 5 s let 39 go before the ceiling of 50 was seen to be passed, 10 s 27, and
 * 20 s as well as 30 s no more than the 5 that wait for nobody.
 */
export const SETTLE_MS = 20_000;
/** After so many waits for deals that cannot be read a person has to look. */
const SETTLES = 3;
/** A rule on its first run is watched for so long. */
export const FIRST_RUN_MS = 86_400_000;
/** The part of a ceiling that goes through at once: single moves never wait. */
const AT_ONCE = 10;

/** What happens to a send that a rule is about to make by itself. */
export type Weighed = { kind: 'go' } | { kind: 'hold'; cause: HoldCause } | { kind: 'settle' } | { kind: 'wait'; until: number };

/** How many deals may enter within the time of a ceiling while each is sent to at once. */
export const atOnce = ({ sends }: Ceiling): number => Math.max(1, Math.floor(sends / AT_ONCE));

/** `settled`: how often it has waited for the crowd already. `entry`: whether it is an entry into a stage, and no retry. */
export function weigh(brake: Brake, { settled, entry, now }: { settled: number; entry: boolean; now: number }): Weighed {
  const { ceiling, entered, unread } = brake;
  if (brake.stop) return { kind: 'hold', cause: 'stop' };
  if (brake.held === 'released') return { kind: 'go' };
  const crowd = entered + 1;
  if (entry) {
    if (crowd > ceiling.sends) return { kind: 'hold', cause: 'ceiling' };
    if (settled >= SETTLES && crowd + unread > ceiling.sends) return { kind: 'hold', cause: 'ceiling' };
    // Who has settled may go only once nobody is left unread that would make the crowd too large.
    if (crowd + unread > (settled === 0 ? atOnce(ceiling) : ceiling.sends)) return { kind: 'settle' };
    if (brake.firstRun !== null && brake.firstRun >= ceiling.firstRun) return { kind: 'hold', cause: 'first-run' };
  }
  // Late entries and retries come one by one as well: they wait for their turn, and no person is asked.
  if (brake.sent >= ceiling.sends) return { kind: 'wait', until: Math.max(brake.roomAt, now + 1) };
  return { kind: 'go' };
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
const MINUTE_MS = 60_000;

/** What is shown of a hold: how many, since when, and what was sent of them already. */
export interface HoldFigures {
  rule: string;
  cause: HoldCause;
  waiting: number;
  sent: number;
  firstAt: number;
  lastAt: number;
}

/** A hold in one sentence for whoever has to review it. */
export function sayHold({ rule, cause, waiting, sent, firstAt, lastAt }: HoldFigures): string {
  const out = sent === 0 ? 'nothing was sent' : `${sent} ${sent === 1 ? 'was' : 'were'} sent, ${waiting} ${waiting === 1 ? 'waits' : 'wait'}`;
  const review = cause === 'stop' ? 'they wait until sending is resumed' : 'review';
  const span = counted(Math.max(1, Math.ceil((lastAt - firstAt) / MINUTE_MS)), 'minute');
  switch (cause) {
    case 'ceiling':
      return `Rule "${rule}": ${counted(waiting + sent, 'deal')} entered this stage within ${span}; ${out}; ${review}.`;
    case 'first-run':
      return `Rule "${rule}" is on its first run: ${out}; ${review}.`;
    case 'stop':
      return `Rule "${rule}" is stopped: ${counted(waiting, 'send')} held; ${review}.`;
  }
}

/** Why a deal's envelope was not sent, for the deal itself: the same words for each deal of a crowd, so that their writes are one batch. */
export function sayHeld(rule: string, cause: HoldCause, { sends, withinMs, firstRun }: Ceiling): string {
  switch (cause) {
    case 'ceiling':
      return `Held: more deals entered this stage at once than the rule "${rule}" may send to by itself (${sends} within ${counted(Math.round(withinMs / MINUTE_MS), 'minute')}). It waits for a review in Countersign.`;
    case 'first-run':
      return `Held: the rule "${rule}" is new and has sent ${firstRun} by itself. It waits for a review in Countersign.`;
    case 'stop':
      return 'Held: sending is stopped in Countersign. It is decided on anew once it is resumed.';
  }
}
