import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '#core/fact';
import { seededRandom } from '#lib/random';
import { createStory, dealRead, NOW, recipient, status, type Story } from './story.ts';

/** Seven facts of one envelope with two signers in routing order, as a provider would tell them: each with all that it knows at that moment. */
const at = (second: number) => NOW + second * 1000;
const A = { sent: recipient('A', 'sent', at(1)), viewed: recipient('A', 'viewed', at(2)), signed: recipient('A', 'signed', at(3)) };
const B = { waiting: recipient('B', 'waiting'), sent: recipient('B', 'sent', at(4)), viewed: recipient('B', 'viewed', at(5)), signed: recipient('B', 'signed', at(6)) };
const FACTS: Fact[] = [
  status('sent', { at: at(1), recipients: [A.sent, B.waiting] }),
  status('viewed', { at: at(2), recipients: [A.viewed, B.waiting] }),
  status('partially_signed', { at: at(3), recipients: [A.signed, B.waiting] }),
  status('partially_signed', { at: at(4), recipients: [A.signed, B.sent] }),
  status('partially_signed', { at: at(5), recipients: [A.signed, B.viewed] }),
  status('partially_signed', { at: at(6), recipients: [A.signed, B.signed] }),
  status('completed', { at: at(7), recipients: [A.signed, B.signed] }),
];
const FINAL = FACTS[6] as Fact;

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, place) => permutations(items.toSpliced(place, 1)).map((rest) => [item, ...rest]));
}

function play(facts: readonly Fact[]): Story {
  const story = createStory();
  story.hear(dealRead());
  for (const fact of facts) story.hear(fact);
  return story;
}

/** What the CRM is left with: of each record the last value of each field, and the steps of journeys. */
function outcome(story: Story) {
  const fields: Record<string, unknown> = {};
  for (const effect of story.effects())
    if (effect.kind === 'record.write') for (const [name, value] of Object.entries(effect.data.set)) fields[`${effect.data.record.id}.${name}`] = value;
  const { status: final, remote, completedAt, closedAt, voidBy, reason, recipients } = story.envelope;
  const signers = recipients.map(({ role, status: signer, signedAt, remote: id }) => ({ role, signer, signedAt, id }));
  return { final, remote, completedAt, closedAt, voidBy, reason, signers, fields, steps: story.keys().filter((key) => key.startsWith('journey|')) };
}

describe('facts in any order', () => {
  const expected = outcome(play(FACTS));

  it('end where the provider ended', () => {
    expect(expected).toMatchObject({
      final: 'completed',
      completedAt: at(7),
      signers: [
        { role: 'A', signer: 'signed', signedAt: at(3) },
        { role: 'B', signer: 'signed', signedAt: at(6) },
      ],
      fields: { 'deal-1.esign_status': 'completed' },
    });
    expect(expected.steps).toHaveLength(1);
  });

  it('all 5,040 orders of seven facts, some dropped (never the final one) and some repeated, end in the same state', () => {
    const random = seededRandom(6);
    const orders = permutations(FACTS);
    expect(orders).toHaveLength(5040);
    for (const order of orders) {
      const heard = order.flatMap((fact) => (fact !== FINAL && random() < 0.25 ? [] : random() < 0.25 ? [fact, fact] : [fact]));
      if (random() < 0.5) heard.push(heard[Math.floor(random() * heard.length)] ?? FINAL);
      expect(outcome(play(heard))).toEqual(expected);
    }
  });

  it('a story heard again from its beginning changes nothing and asks for nothing new', () => {
    const story = play(FACTS);
    const before = [story.envelope, story.keys()];
    for (const fact of FACTS) expect(story.hear(fact)).toMatchObject({ outcome: 'noted', effects: [] });
    expect([story.envelope, story.keys()]).toEqual(before);
  });

  it('the first of two final states counts, and each repeat of a journey step is the same step', () => {
    const ends = fc.shuffledSubarray(['completed', 'declined', 'voided', 'expired'] as const, { minLength: 1 });
    fc.assert(
      fc.property(ends, fc.shuffledSubarray(FACTS.slice(0, 6)), (finals, open) => {
        const story = play([...open, ...finals.map((one, second) => status(one, { at: at(10 + second) }))]);
        expect(story.envelope).toMatchObject({ status: finals[0], closedAt: at(10) });
        expect(outcome(story).steps).toHaveLength(finals[0] === 'completed' ? 1 : 0);
      }),
    );
  });

  it('equal facts in equal situations give equal decisions', () => {
    for (const fact of [dealRead(), ...FACTS]) {
      const [one, other] = [createStory(), createStory()];
      expect(one.hear(fact)).toEqual(other.hear(fact));
    }
    const [one, other] = [play(FACTS.slice(0, 3)), play(FACTS.slice(0, 3))];
    for (const fact of FACTS) expect(one.hear(fact)).toEqual(other.hear(fact));
  });
});
