import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { atOnce, FIRST_RUN_MS, sayHold, SETTLE_MS, weigh, type Brake, type Ceiling, type HeldState, type HoldCause } from '#core/brakes';
import { PRIORITY } from '#core/effect';
import { dealRead, createStory, NOW, snapshot, CRM } from './decide/story.ts';

/** A deal enters the rule's stage at `at`, is heard of and read so much later. */
interface Entering {
  at: number;
  readMs: number;
}
interface Seen {
  at: number;
  known: boolean;
}

/** What the line does with a rule's entries, in a model of its counting: who has entered, who is read, what was sent. Deals are read again where they have to wait. */
function play(entries: readonly Entering[], ceiling: Ceiling, options: { reviewed: boolean } = { reviewed: true }): { sent: number[]; held: { at: number; cause: HoldCause }[] } {
  const seen = new Map<number, Seen>();
  const sent: number[] = [];
  const held: { at: number; cause: HoldCause }[] = [];
  let queue = entries.flatMap(({ at, readMs }, deal) => [
    { now: at, deal, what: 'heard' as const, settled: 0 },
    { now: at + readMs, deal, what: 'read' as const, settled: 0 },
  ]);
  for (;;) {
    queue = queue.sort((a, b) => a.now - b.now || (a.what === 'heard' ? -1 : 1));
    const next = queue.shift();
    if (!next) return { sent, held };
    const { now, deal, settled } = next;
    const at = entries[deal]?.at ?? 0;
    if (next.what === 'heard') {
      seen.set(deal, { at, known: false });
      continue;
    }
    const crowd = [...seen].filter(([other, one]) => other !== deal && Math.abs(one.at - at) <= Math.ceil(ceiling.withinMs / 2)).map(([, one]) => one.known);
    const lately = sent.filter((time) => time > now - ceiling.withinMs);
    const first = sent[0];
    const brake: Brake = {
      ceiling,
      stop: null,
      entered: crowd.filter(Boolean).length,
      unread: crowd.filter((known) => !known).length,
      sent: lately.length,
      roomAt: (lately[0] ?? now) + ceiling.withinMs,
      firstRun: options.reviewed || (first !== undefined && now - first > FIRST_RUN_MS) ? null : sent.length,
      held: null,
    };
    seen.set(deal, { at, known: true });
    const weighed = weigh(brake, { settled, entry: true, now });
    if (weighed.kind === 'go') sent.push(now);
    else if (weighed.kind === 'hold') held.push({ at: now, cause: weighed.cause });
    else queue.push({ now: weighed.kind === 'settle' ? now + SETTLE_MS : weighed.until, deal, what: 'read', settled: settled + 1 });
  }
}

const ceilings = fc.record({
  sends: fc.integer({ min: 1, max: 30 }),
  withinMs: fc.integer({ min: 1, max: 10 }).map((minutes) => minutes * 60_000),
  firstRun: fc.integer({ min: 1, max: 12 }),
});
const entering = (within: number) => fc.record({ at: fc.integer({ min: 0, max: within }), readMs: fc.integer({ min: 1, max: 60_000 }) });

/** The most that left within any one stretch of so long. */
const most = (times: readonly number[], withinMs: number): number => Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + withinMs).length));

describe('a ceiling', () => {
  it('is never passed within any stretch of its time, however deals enter and are read', () => {
    fc.assert(
      fc.property(ceilings, fc.array(entering(20 * 60_000), { maxLength: 70 }), (ceiling, entries) => {
        const { sent, held } = play(entries, ceiling);
        expect(most(sent, ceiling.withinMs)).toBeLessThanOrEqual(ceiling.sends);
        expect(sent.length + held.length).toBe(entries.length);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('lets nothing of a bulk edit through that is heard of before its first deal is read', () => {
    fc.assert(
      fc.property(ceilings, fc.integer({ min: 1, max: 60 }), (ceiling, more) => {
        const entries = Array.from({ length: ceiling.sends + more }, (_, place) => ({ at: place % 7, readMs: 100 + place }));
        const { sent, held } = play(entries, ceiling);
        expect(sent).toEqual([]);
        expect(held.length).toBe(entries.length);
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it('lets a few of an edit through that takes minutes, and holds the rest', () => {
    const ceiling = { sends: 50, withinMs: 180_000, firstRun: 10 };
    const entries = Array.from({ length: 412 }, (_, place) => ({ at: Math.round((place * 180_000) / 412), readMs: 200 }));
    const { sent, held } = play(entries, ceiling);
    expect({ sent: sent.length, held: held.length }).toEqual({ sent: atOnce(ceiling), held: 412 - atOnce(ceiling) });
  });

  it('keeps single moves waiting for nothing', () => {
    const ceiling = { sends: 50, withinMs: 180_000, firstRun: 10 };
    const entries = Array.from({ length: 200 }, (_, place) => ({ at: place * 45_000, readMs: 200 }));
    expect(play(entries, ceiling).sent).toEqual(entries.map(({ at }) => at + 200));
  });

  it('caps the first run of a rule', () => {
    const ceiling = { sends: 50, withinMs: 180_000, firstRun: 10 };
    const entries = Array.from({ length: 40 }, (_, place) => ({ at: place * 60_000, readMs: 200 }));
    const { sent, held } = play(entries, ceiling, { reviewed: false });
    expect([sent.length, held.length, new Set(held.map(({ cause }) => cause))]).toEqual([10, 30, new Set(['first-run'])]);
  });
});

const CEILING: Ceiling = { sends: 3, withinMs: 180_000, firstRun: 2 };
const brake = (over: Partial<Brake> = {}): Brake => ({ ceiling: CEILING, stop: null, entered: 0, unread: 0, sent: 0, roomAt: NOW, firstRun: null, held: null, ...over });
const decided = (over: Partial<Brake>, fact = dealRead()) => {
  return createStory({ brake: brake(over) }).hear(fact);
};
const INTENT = `stage|deal-1|sales|contract|${NOW - 5000}`;
const request = dealRead(snapshot(), { kind: 'request', key: 'key-1' }, { key: 'key-1', by: 'Pat Person' });

describe('a decision', () => {
  it('holds a send of a crowd, and says so on the deal', () => {
    const decision = decided({ entered: 3 });
    expect(decision.create).toBeUndefined();
    expect(decision.hold).toMatchObject({ cause: 'ceiling', rule: 'contract', intent: INTENT, deal: { id: 'deal-1' } });
    const [write] = decision.effects;
    expect(write?.data).toMatchObject({ set: { esign_status: 'blocked', esign_reason: expect.stringMatching(/^Held: more deals entered this stage at once/) as string } });
  });

  it('reads the deal again later while its crowd is not known', () => {
    const decision = decided({ unread: 2 });
    expect(decision.create ?? decision.hold).toBeUndefined();
    expect(decision.effects).toMatchObject([
      { kind: 'deal.read', notBefore: NOW + SETTLE_MS, priority: PRIORITY.event, install: CRM.id, data: { purpose: { kind: 'stage', settled: 1 } } },
    ]);
  });

  it('never holds a click for a ceiling or a first run, whatever the rule has done', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.nat(500), fc.option(fc.nat(500)), (entered, unread, sent, firstRun) => {
        expect(decided({ entered, unread, sent, firstRun }, request).create).toBeDefined();
      }),
      { numRuns: 50, seed: 7 },
    );
  });

  it('refuses a click while sending is stopped, in words', () => {
    const decision = decided({ stop: { id: 'stp_1', scope: 'tenant' } }, request);
    expect([decision.create, decision.hold]).toEqual([undefined, undefined]);
    expect(decision.effects[0]?.data).toMatchObject({ set: { esign_reason: expect.stringContaining('Sending is stopped in Countersign') as string } });
  });

  it('holds what enters while sending is stopped, released or not', () => {
    for (const held of [null, 'released', 'resumed'] as const)
      expect(decided({ held, stop: { id: 'stp_1', scope: 'rule' } }, dealRead(snapshot(), { kind: 'held', intent: INTENT, verdict: 'release' })).hold).toMatchObject({
        cause: 'stop',
        stop: 'stp_1',
      });
  });

  it('sends what a person released, whatever the ceiling; what the end of a stop let go is weighed anew', () => {
    const held = (verdict: 'release' | 'resume', state: HeldState) =>
      decided({ entered: 9, sent: 9, firstRun: 9, held: state }, dealRead(snapshot(), { kind: 'held', intent: INTENT, verdict }));
    expect(held('release', 'released').create).toMatchObject({ intent: INTENT });
    expect(held('resume', 'resumed').hold).toMatchObject({ cause: 'ceiling' });
  });

  it('sends nothing for a deal that left the stage while it was held, nor for one that was discarded, and says so', () => {
    const gone = decided({ held: 'released' }, dealRead(snapshot({ enteredAt: NOW - 1 }), { kind: 'held', intent: INTENT, verdict: 'release' }));
    const discarded = decided({ held: 'discarded' }, dealRead(snapshot(), { kind: 'held', intent: INTENT, verdict: 'discard' }));
    for (const [decision, words] of [
      [gone, 'left the stage'],
      [discarded, 'a person discarded it'],
    ] as const) {
      expect(decision.create).toBeUndefined();
      expect(decision.effects[0]?.data).toMatchObject({ set: { esign_reason: expect.stringContaining(words) as string } });
    }
  });

  it('hears of what is held or discarded again without doing anything', () => {
    for (const held of ['waiting', 'discarded'] as const) expect(decided({ held, entered: 9 })).toMatchObject({ outcome: 'noted', effects: [] });
  });
});

it('a hold in words', () => {
  const figures = { rule: 'contract-sent', cause: 'ceiling' as const, waiting: 412, sent: 0, firstAt: 0, lastAt: 170_000 };
  expect(sayHold(figures)).toBe('Rule "contract-sent": 412 deals entered this stage within 3 minutes; nothing was sent; review.');
  expect(sayHold({ ...figures, waiting: 407, sent: 5 })).toBe('Rule "contract-sent": 412 deals entered this stage within 3 minutes; 5 were sent, 407 wait; review.');
  expect(sayHold({ ...figures, cause: 'first-run', waiting: 1, sent: 10 })).toBe('Rule "contract-sent" is on its first run: 10 were sent, 1 waits; review.');
});
