import { SETTLE_MS, sayHeld, weigh, type Brake, type HoldCause } from '#core/brakes';
import { PRIORITY, type Effect } from '#core/effect';
import type { DealPurpose, Fact, ReadPurpose } from '#core/fact';
import type { Snapshot } from '#core/records';
import { blocked, blockedWrites } from '#core/decide/blocked';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';

export function readEffect(situation: Situation, deal: string, key: string, purpose: ReadPurpose, priority: number): Effect {
  return {
    kind: 'deal.read',
    key: `read|${situation.crm.id}|${key}`,
    install: situation.crm.id,
    data: { deal, purpose },
    priority,
    notBefore: situation.now,
    envelope: null,
    why: 'To decide on what is true now.',
  };
}

type Automatic = Exclude<DealPurpose, { kind: 'request' }>;
/** A retry is on no deal's stage, so nobody would review it: it looks again after so long whether sending was resumed. */
const STOPPED_MS = 600_000;

interface Planned {
  rule: string;
  intent: string;
}

/** What comes in the place of a send that is kept back; null where it may go. A person who presses Send is held by nothing but a stop, and hears of it at once. */
export function keptBack(fact: Fact<'deal.read'>, situation: Situation, snapshot: Snapshot, planned: Planned): Decision | null {
  const { brake } = situation;
  const { purpose, effect } = fact.data;
  if (!brake) return null;
  if (purpose.kind === 'request') return brake.stop ? blocked(situation, snapshot, { rule: planned.rule, reasons: [stopReason(brake)], out: undefined }) : null;
  if (brake.held === 'waiting') return { ...noted('It waits for a review already.'), settling: planned.rule };
  if (brake.held === 'discarded') return noted('It was held, and a person has discarded it.');
  const weighed = weigh(brake, { settled: settledOf(purpose), entry: purpose.kind !== 'retry', now: situation.now });
  const read = { effect, deal: fact.data.deal, purpose };
  switch (weighed.kind) {
    case 'go':
      return null;
    case 'hold':
      if (purpose.kind === 'retry')
        return later(situation, read, planned.rule, situation.now + STOPPED_MS, 'Sending is stopped, so the expired envelope is not sent again for now.');
      return held(situation, snapshot, planned, weighed.cause, brake);
    case 'settle':
      return later(situation, read, planned.rule, situation.now + SETTLE_MS, 'Many deals enter this stage at once, so it waits until all of them are known.');
    case 'wait':
      return later(situation, read, planned.rule, weighed.until, 'The rule has sent as much as it may for the moment, so it waits for its turn.');
  }
}

const settledOf = (purpose: Automatic): number => ('settled' in purpose ? (purpose.settled ?? 0) : 0);

/** The deal is read again then: what is sent is what it says by that time. */
function later(situation: Situation, { effect, deal, purpose }: { effect: string; deal: string; purpose: Automatic }, rule: string, at: number, why: string): Decision {
  const again = purpose.kind === 'retry' ? purpose : { ...purpose, settled: settledOf(purpose) + 1 };
  return { ...moved(why, [{ ...readEffect(situation, deal, `settle|${effect}`, again, PRIORITY.event), notBefore: at }]), settling: rule };
}

function held(situation: Situation, snapshot: Snapshot, { rule, intent }: Planned, cause: HoldCause, { ceiling, stop }: Brake): Decision {
  const { id, name, stage } = snapshot.deal;
  const say = sayHeld(rule, cause, ceiling);
  return {
    ...moved(`Held for a review (${cause}); nothing was sent. The reason is on the deal.`, []),
    ...blockedWrites(situation, snapshot, { rule, say }),
    hold: { cause, stop: cause === 'stop' ? (stop?.id ?? null) : null, rule, intent, deal: { id, name }, stage, say },
  };
}

const STOPPED = { rule: 'The rule is', tenant: 'Sending is', server: 'Sending on this server is' } as const;
function stopReason({ stop }: Brake) {
  return { code: 'stopped', say: `${STOPPED[stop?.scope ?? 'tenant']} stopped in Countersign. Nothing is sent until somebody resumes it; press Send again then.`, path: '' };
}

/** Somebody looked at what was held: it goes on from what is true now, or it never goes. Null: it is an entry like any other now. */
export function onReviewed(situation: Situation, snapshot: Snapshot, { purpose, intent }: { purpose: Extract<DealPurpose, { kind: 'held' }>; intent: string }): Decision | null {
  if (situation.intentKnown(purpose.intent)) return noted('This entry into the stage has its envelope already.');
  if (intent !== purpose.intent) return told(situation, snapshot, 'The deal left the stage while its send was held, so it is not sent.');
  return purpose.verdict === 'discard' ? told(situation, snapshot, 'It was held, and a person discarded it: nothing was sent.') : null;
}

const told = (situation: Situation, snapshot: Snapshot, say: string): Decision => ({ ...moved(say, []), ...blockedWrites(situation, snapshot, { rule: null, say }) });
