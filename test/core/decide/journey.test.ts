import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsentAct } from '#core/consent';
import type { Situation } from '#core/decide/situation';
import type { Effect } from '#core/effect';
import type { Fact } from '#core/fact';
import { planJourney, planWaits } from '#core/mapping/journey';
import { parsed } from '../mapping/reading.ts';
import { createStory, DAY, dealRead, NOW, recipient, rules, sent, snapshot, status, type Story } from './story.ts';

const HOUR = DAY / 24;
const MAPPING = parsed(
  'journey',
  `kind: journey
rules:
  - { id: hold, title: Hold, on: [sent], steps: [{ leave: Nurture }] }
  - { id: news, title: News, on: [viewed, completed], steps: [{ list: News, consent: { channel: email, purpose: newsletter } }, { event: Seen, consent: { channel: email, purpose: newsletter } }] }
  - { id: field, title: Field, on: [viewed], steps: [{ set: { journey: '"viewed"' }, consent: { channel: email, purpose: newsletter } }] }
  - { id: nudge, title: Nudge, on: [sent, viewed], after: 3, steps: [{ list: Nudged, consent: { channel: email, purpose: newsletter } }, { task: { subject: '"Call"', body: '""' } }] }
  - { id: soon, title: Soon, on: [viewed], after: { hours: 5 }, steps: [{ task: { subject: '"Look"', body: '""' } }] }
  - { id: back, title: Back, on: [bounced], steps: [{ set: { bounced: 'recipient.role' } }, { task: { subject: '"Mail came back"', body: '""' } }] }
`,
);
const mapped = () => rules({ steps: (view, moment) => planJourney(MAPPING, view, moment).steps, waits: (at) => planWaits(MAPPING, at) });
const play = (over: Partial<Pick<Situation, 'now' | 'consents' | 'callback'>> = {}) => sent({ rules: mapped(), coalesceMs: 0, ...over });
const waitsIn = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.kind === 'envelope.wait' ? [effect] : []));
const isOfJourney = ({ key }: Effect) => key.startsWith('journey|');
const waited = ({ data, notBefore }: Extract<Effect, { kind: 'envelope.wait' }>, at = notBefore): Fact => ({ type: 'envelope.waited', at, data });
const say = (step: Effect) => (step.kind === 'task.create' ? step.data.subject : step.kind);

describe('a rule that waits', () => {
  it('waits from when the provider says that the status was reached, in the lane of the provider, and only then', () => {
    const story = play({ now: NOW + 60_000 });
    const { fresh } = story.hear(status('viewed', { at: NOW + 10 }));
    expect(waitsIn(fresh).map(({ install, notBefore, data }) => [install, data.rule, notBefore])).toEqual([
      ['ins_sign', 'nudge', NOW + 10 + 3 * DAY],
      ['ins_sign', 'soon', NOW + 10 + 5 * HOUR],
    ]);
    expect(story.hear(status('viewed', { at: NOW + 20 })).effects).toEqual([]);
  });
  it('never waits longer because a clock is ahead', () => {
    const { fresh } = play().hear(status('viewed', { at: NOW + 400 * DAY }));
    expect(waitsIn(fresh).map(({ notBefore }) => notBefore)).toEqual([NOW + 3 * DAY, NOW + 5 * HOUR]);
  });
  it('runs if the envelope is still there, once, and not once it has moved on', () => {
    const story = play();
    const [first] = waitsIn(story.effects());
    if (!first) throw new Error('It waits.');
    expect(story.hear(waited(first)).fresh.map(say)).toEqual(['Call']);
    expect(story.hear(waited(first)).fresh).toEqual([]);
    const [, soon] = waitsIn(story.hear(status('viewed')).fresh);
    story.hear(status('completed'));
    expect(soon && story.hear(waited(soon))).toMatchObject({ outcome: 'noted', effects: [] });
  });
  it('does not run for what nobody wants any more', () => {
    const story = play();
    story.hear({ type: 'envelope.void-requested', at: NOW, data: { envelope: 'env_1', by: 'a person' } });
    for (const wait of waitsIn(story.effects())) expect(story.hear(waited(wait))).toMatchObject({ outcome: 'noted', effects: [] });
  });
});

describe('mail that comes back', () => {
  it('is told once for each recipient, whatever the status, and moves nothing else', () => {
    const story = play();
    const once = story.hear(status('sent', { recipients: [recipient('A', 'bounced', NOW)] })).fresh.filter(isOfJourney);
    expect(once.map(({ kind, data }) => [kind, data])).toEqual([
      ['record.write', { record: { type: 'contact', id: 'contact-a' }, set: { bounced: 'A' } }],
      ['task.create', expect.objectContaining({ subject: 'Mail came back' })],
    ]);
    expect(story.hear(status('sent', { recipients: [recipient('A', 'bounced', NOW + 5)] })).effects).toEqual([]);
    expect(story.envelope.status).toBe('sent');
    // Another recipient is another matter, though one without a contact has no fields.
    expect(
      story
        .hear(status('sent', { recipients: [recipient('B', 'bounced', NOW)] }))
        .fresh.filter(isOfJourney)
        .map(say),
    ).toEqual(['Mail came back']);
  });
  it('after the end is nothing that anybody could mend', () => {
    const story = play();
    story.hear(status('completed', { recipients: [recipient('A', 'signed', NOW)] }));
    expect(story.hear(status('completed', { recipients: [recipient('B', 'bounced', NOW)] })).effects.filter(isOfJourney)).toEqual([]);
  });
});

describe('a hold', () => {
  it('needs nobody’s consent', () => {
    const story = createStory({ rules: mapped() });
    story.hear(dealRead());
    expect(story.hear(status('sent', { seenBy: 'call' })).fresh.filter(isOfJourney)).toMatchObject([
      { kind: 'journey.leave', install: 'ins_crm', data: { contact: 'contact-a', list: 'Nurture' } },
    ]);
  });
});

const topic = { type: 'marketing', purpose: 'newsletter', channel: 'email' } as const;
/** What may come next: the provider tells, the person acts, time goes by, a process looks what is due (perhaps twice), somebody voids. */
const events = fc.array(
  fc.oneof(
    fc.record({
      is: fc.constant('told' as const),
      status: fc.constantFrom('viewed', 'viewed', 'viewed', 'partially_signed', 'completed', 'declined', 'expired'),
      late: fc.nat(5 * DAY),
    }),
    fc.record({ is: fc.constant('bounced' as const), role: fc.constantFrom('A', 'B') }),
    fc.record({ is: fc.constant('acted' as const), act: fc.constantFrom('granted', 'granted', 'declined', 'withdrawn'), lasts: fc.option(fc.nat(6 * DAY)) }),
    fc.record({ is: fc.constant('passed' as const), ms: fc.nat(4 * DAY) }),
    fc.record({ is: fc.constant('due' as const), twice: fc.boolean() }),
    fc.record({ is: fc.constant('void' as const) }),
  ),
  { minLength: 4, maxLength: 25, size: 'max' },
);
type Happening = typeof events extends fc.Arbitrary<(infer One)[]> ? One : never;
interface Heard {
  now: number;
  fact: Fact;
  fresh: Effect[];
  /** Of the envelope before. */
  was: string;
  acts: readonly ConsentAct[];
}

function tell(happenings: readonly Happening[]): { heard: Heard[]; story: Story } {
  const over = { rules: mapped(), coalesceMs: 0, now: NOW, consents: new Map<string, ConsentAct[]>() };
  const story = createStory(over);
  const heard: Heard[] = [];
  const done = new Set<string>();
  let acts: ConsentAct[] = [];
  const hear = (fact: Fact) => {
    const was = story.all()[0]?.status ?? 'none';
    over.consents = new Map([['contact-a', acts]]);
    heard.push({ now: over.now, fact, fresh: story.hear(fact).fresh, was, acts });
  };
  hear(dealRead());
  hear(status('sent', { seenBy: 'call' }));
  for (const one of happenings) {
    over.now += 1;
    if (one.is === 'passed') over.now += one.ms;
    if (one.is === 'told') hear(status(one.status, { at: over.now - one.late }));
    if (one.is === 'bounced') hear(status('sent', { at: over.now, recipients: [recipient(one.role, 'bounced', over.now)] }));
    if (one.is === 'void') hear({ type: 'envelope.void-requested', at: over.now, data: { envelope: 'env_1', by: 'a person' } });
    if (one.is === 'acted') {
      const expiresAt = one.lasts === null ? null : over.now + one.lasts;
      acts = [...acts, { ...topic, status: one.act, how: 'api', capturedAt: over.now, seq: acts.length + 1, expiresAt }];
    }
    if (one.is !== 'due') continue;
    for (const wait of waitsIn(story.effects()).filter(({ key, notBefore }) => notBefore <= over.now && !done.has(key))) {
      done.add(wait.key);
      hear(waited(wait, over.now));
      if (one.twice) hear(waited(wait, over.now));
    }
  }
  return { heard, story };
}

describe('over any history', () => {
  it('no journey effect that asks for consent comes about without that consent in force at that moment', () => {
    const seen = { kept: 0, made: 0 };
    fc.assert(
      fc.property(events, (happenings) => {
        for (const { now, fresh, acts } of tell(happenings).heard) {
          // Acts are in order and of one topic, so the last one is what counts: told without the code that decides it.
          const last = acts.at(-1);
          const isGranted = last?.status === 'granted' && (last.expiresAt === null || last.expiresAt > now);
          const asking = fresh.filter((effect) => isOfJourney(effect) && ['journey.join', 'journey.emit'].includes(effect.kind));
          const fields = fresh.filter((effect) => effect.kind === 'record.write' && 'journey' in effect.data.set);
          if (!isGranted) expect([...asking, ...fields]).toEqual([]);
          seen[isGranted ? 'made' : 'kept'] += asking.length;
        }
      }),
      { numRuns: 400 },
    );
    // The property says something: such effects do come about.
    expect(seen.made).toBeGreaterThan(50);
  });

  it('a wait is over at most once, never early, and never after the envelope moved on', () => {
    let ran = 0;
    fc.assert(
      fc.property(events, (happenings) => {
        const { heard } = tell(happenings);
        const times = new Map<string, number>();
        for (const [place, { fact, fresh, was, now }] of heard.entries()) {
          if (fact.type !== 'envelope.waited' || fresh.length === 0) continue;
          const { rule, status: in_, since } = fact.data;
          const after = rule === 'soon' ? 5 * HOUR : 3 * DAY;
          expect(was).toBe(in_);
          expect(now).toBeGreaterThanOrEqual(since + after);
          // Nothing else that was heard before has moved it out of the status since it got there.
          const entered = heard.findIndex((one) => one.fresh.some((effect) => effect.kind === 'envelope.wait' && effect.data.rule === rule && effect.data.status === in_));
          expect(heard.slice(entered + 1, place + 1).every((one) => one.was === in_)).toBe(true);
          times.set(`${rule} ${in_}`, (times.get(`${rule} ${in_}`) ?? 0) + 1);
        }
        for (const count of times.values()) expect(count).toBe(1);
        ran += times.size;
      }),
      { numRuns: 400 },
    );
    // About fifty do on average; with none the property would say nothing.
    expect(ran).toBeGreaterThan(10);
  });

  it('mail that comes back is told at most once for each recipient', () => {
    fc.assert(
      fc.property(events, (happenings) => {
        const told = tell(happenings).heard.flatMap(({ fresh }) => fresh.filter((effect) => effect.kind === 'task.create' && effect.data.subject === 'Mail came back'));
        expect(told.length).toBeLessThanOrEqual(2);
        expect(new Set(told.map(({ key }) => key)).size).toBe(told.length);
      }),
    );
  });
});

describe('a workflow that waits for a send', () => {
  const request = { key: 'workflow|cb-1', by: 'a workflow' };
  const ask = dealRead(snapshot(), { kind: 'request', key: request.key }, request);
  const completions = (story: Story) => story.effects().flatMap((effect) => (effect.kind === 'journey.complete' ? [effect.data] : []));

  it.each(['completed', 'declined', 'voided', 'expired'] as const)('goes on with "%s" once it is that, and not before', (end) => {
    const story = createStory({ callback: 'cb-1' });
    story.hear(ask);
    story.hear(status('sent', { seenBy: 'call' }));
    story.hear(status('viewed'));
    expect(completions(story)).toEqual([]);
    story.hear(status(end));
    story.hear(status(end, { at: NOW + 5 }));
    expect(completions(story)).toMatchObject([{ callback: 'cb-1', outcome: end, envelope: 'env_1' }]);
  });
  it('goes on at once where nothing is sent, with why: in words of its kind, for those of the deal may name people', () => {
    const reasons = [{ code: 'role-unfilled', say: 'Ada Example has no address.', path: 'rules[0].recipients[0]' }];
    const story = createStory({ callback: 'cb-1', rules: rules({ plan: () => ({ send: false, rule: 'contract', reasons }) }) });
    story.hear(ask);
    expect(completions(story)).toEqual([
      { callback: 'cb-1', outcome: 'blocked', envelope: null, reason: expect.stringContaining('nobody signs in a role of the template (rules[0].recipients[0])') },
    ]);
    expect(JSON.stringify(completions(story))).not.toContain('Ada');
  });
  it('does not go on because the same request is heard again, or the deal is read once more', () => {
    const story = createStory({ callback: 'cb-1' });
    story.hear(ask);
    story.hear(ask);
    story.hear(dealRead({ ...snapshot(), readAt: NOW - DAY }, { kind: 'request', key: request.key }, request));
    expect(completions(story)).toEqual([]);
  });
  it('is told nothing of a send that nobody waits for', () => {
    const story = createStory();
    story.hear(ask);
    story.hear(status('completed'));
    expect(completions(story)).toEqual([]);
  });
});
