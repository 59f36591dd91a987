import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weighAnswers, type Signed } from '#core/decide/answers';
import type { ConsentAct, ConsentTopic } from '#core/consent';
import { CONSENT_TYPES } from '#core/consent';
import type { RefusedConsent } from '#core/fact';
import { hashWords, type PinnedConsent, type SignedForm } from '#core/pinned-consent';
import type { PlannedStep } from '#core/plan';
import { createStory, dealRead, NOW, plan, rules, SIGN, sent, status } from './story.ts';

const hashOf = (number: number) => number.toString(16).padStart(64, '0');
const topicOf = (index: number): ConsentTopic => {
  const type = CONSENT_TYPES[index % CONSENT_TYPES.length] ?? 'terms';
  return type === 'marketing' ? { type, purpose: `purpose-${index}`, channel: 'email' } : { type, purpose: null, channel: null };
};
const pin = (index: number, role = 'A'): PinnedConsent => ({
  role,
  checkbox: `Box ${index}`,
  hash: `Hash ${index}`,
  text: { id: `ctx_${index}`, name: `text-${index}`, version: 1, hash: hashOf(index + 1) },
  topic: topicOf(index),
  locale: 'en',
  jurisdiction: null,
});
const signedWith = (consents: PinnedConsent[]): Signed => ({ envelope: 'env_1', sign: SIGN.id, remote: 'remote-1', template: 'template-1', completedAt: NOW, consents });
const cell = (role: string, label: string, value: string, ticked = false) => ({ role, label, value, ticked });
const form = (answers: SignedForm['answers']): SignedForm => ({ answers, signers: [{ role: 'A', email: null, method: 'mail-link', at: NOW - 5 }], documentHash: 'd'.repeat(64) });

/** A box: ticked, empty or not there; and a hash: as sent, of another, none, or something typed. */
const box = fc.record({ box: fc.constantFrom('ticked', 'empty', 'absent'), hash: fc.constantFrom('sent', 'other', 'missing', 'empty', 'typed') });

describe('weighing the answers of a signed form', () => {
  it('grants what is ticked and declines what is empty, each for itself, and only under the hash that was sent', () => {
    fc.assert(
      fc.property(fc.array(box, { minLength: 1, maxLength: 10 }), (boxes) => {
        const consents = boxes.map((_, index) => pin(index, index % 2 === 0 ? 'A' : 'B'));
        const answers = boxes.flatMap(({ box: state, hash }, index) => {
          const { role, checkbox, hash: label, text } = pin(index, index % 2 === 0 ? 'A' : 'B');
          const value = { sent: text.hash, other: hashOf(index + 100), empty: '', typed: 'Ada Example', missing: '' }[hash];
          return [
            ...(state === 'absent' ? [] : [cell(role, checkbox, state === 'ticked' ? 'X' : '', state === 'ticked')]),
            ...(hash === 'missing' ? [] : [cell(role, label, value)]),
          ];
        });
        const { acts, refused } = weighAnswers(signedWith(consents), form(answers));
        const all = [...acts.entries()].flatMap(([role, some]) => some.map((act) => ({ role, ...act })));
        for (const [index, { box: state, hash }] of boxes.entries()) {
          const { role, topic, text, checkbox } = pin(index, index % 2 === 0 ? 'A' : 'B');
          const own = all.filter((act) => act.text?.id === text.id);
          const counts = hash === 'sent' && state !== 'absent';
          expect(own.map((act) => [act.role, act.type, act.purpose, act.channel, act.status])).toEqual(
            counts ? [[role, topic.type, topic.purpose, topic.channel, state === 'ticked' ? 'granted' : 'declined']] : [],
          );
          expect(refused.filter((one) => one.checkbox === checkbox)).toHaveLength(counts ? 0 : 1);
        }
        // No box speaks for another's topic, whatever is ticked beside it.
        expect(all.length + refused.length).toBe(boxes.length);
        expect(JSON.stringify(refused)).not.toContain('Ada');
      }),
    );
  });

  it('takes a box that stands there twice as ticked only where both are, and two hashes for none', () => {
    const consent = pin(0);
    const hash = cell('A', 'Hash 0', consent.text.hash);
    const weigh = (...answers: SignedForm['answers']) => weighAnswers(signedWith([consent]), form(answers));
    const ticked = cell('A', 'Box 0', 'X', true);
    expect(weigh(hash, ticked, ticked).acts.get('A')?.[0]?.status).toBe('granted');
    expect(weigh(hash, ticked, cell('A', 'Box 0', '')).acts.get('A')?.[0]?.status).toBe('declined');
    expect(weigh(hash, cell('A', 'Hash 0', hashOf(9)), ticked).refused[0]?.why).toBe('hash-missing');
    expect(weigh({ ...hash, value: ` ${hash.value.toUpperCase()} ` }, ticked).refused).toEqual([]);
  });

  it('takes an answer only beside the words that were sent, wherever their lines are broken', () => {
    const consent: PinnedConsent = { ...pin(0), wording: { label: 'Words', words: hashWords('Yes, send me news. I can stop it.\n') } };
    const weigh = (...words: string[]) => {
      const answers = [cell('A', 'Hash 0', consent.text.hash), cell('A', 'Box 0', 'X', true), ...words.map((value) => cell('A', 'Words', value))];
      return weighAnswers(signedWith([consent]), form(answers)).refused.map(({ why }) => why);
    };
    expect(weigh('Yes, send me news.\r\n I can stop it.')).toEqual([]);
    expect(weigh('Yes, send me everything. I can stop it.')).toEqual(['wording-differs']);
    expect(weigh()).toEqual(['wording-differs']);
    expect(weigh('Yes, send me news. I can stop it.', 'Yes.')).toEqual(['wording-differs']);
  });

  it('takes nobody’s answer for another role, and none of a signer who is not whom we asked', () => {
    const consent = pin(0);
    const answers = [cell('B', 'Hash 0', consent.text.hash), cell('B', 'Box 0', 'X', true)];
    expect(weighAnswers(signedWith([consent]), form(answers)).refused[0]?.why).toBe('hash-missing');
    const own = answers.map((answer) => ({ ...answer, role: 'A' }));
    expect(weighAnswers(signedWith([consent]), form(own), new Map([['A', 'another-signer']]))).toMatchObject({ acts: new Map(), refused: [{ why: 'another-signer' }] });
  });

  it('dates an act by the signature, and names no person', () => {
    const consent = pin(0);
    const [act] = weighAnswers(signedWith([consent]), form([cell('A', 'Hash 0', consent.text.hash), cell('A', 'Box 0', 'X', true)])).acts.get('A') ?? [];
    expect(act).toMatchObject({
      capturedAt: NOW - 5,
      how: 'envelope',
      envelope: 'env_1',
      documentHash: 'd'.repeat(64),
      source: SIGN.id,
      evidence: { checkbox: 'Box 0', identified: 'mail-link' },
    });
  });
});

const NEWS = { channel: 'email', purpose: 'newsletter' } as const;
const list = (name: string, consent: PlannedStep['consent']): PlannedStep => ({ kind: 'list', contact: 'contact-a', list: name, rule: name, consent });
const steps = [list('Signed', 'none'), list('News', NEWS), list('Tips', 'not-opted-out')];
const asking = (over: Parameters<typeof createStory>[0] = {}) => {
  const asks = rules({ plan: () => ({ send: true, plan: plan({ consents: [pin(0)] }) }), steps: (_view, at) => (at === 'completed' ? steps : []) });
  return sent({ rules: asks, ...over });
};
const joins = (effects: readonly { kind: string; data: unknown }[]) => effects.flatMap(({ kind, data }) => (kind === 'journey.join' ? [(data as { list: string }).list] : []));
const answered = { type: 'envelope.answered', at: NOW + 20, data: { envelope: 'env_1', granted: 1, declined: 0, refused: 0 } } as const;
const granted: ConsentAct = { type: 'marketing', purpose: 'newsletter', channel: 'email', status: 'granted', how: 'envelope', capturedAt: NOW, seq: 1, expiresAt: null };

describe('a completed envelope that asked for consent', () => {
  it('has its answers read once, and the steps that need consent wait for them', () => {
    const story = asking();
    const { fresh } = story.hear(status('completed', { at: NOW + 9 }));
    expect(fresh.filter(({ kind }) => kind === 'answers.read')).toMatchObject([{ install: SIGN.id, data: { envelope: 'env_1' }, envelope: 'env_1' }]);
    expect(joins(fresh)).toEqual(['Signed']);
    expect(story.hear(status('completed', { at: NOW + 10 })).effects).toEqual([]);
  });

  it('begins after the answers what they allow, and nothing twice', () => {
    const story = asking({ consents: new Map([['contact-a', [granted]]]) });
    story.hear(status('completed', { at: NOW + 9 }));
    const { fresh, why } = story.hear(answered);
    expect(joins(fresh)).toEqual(['News', 'Tips']);
    expect(why).toBe('Of the checkboxes 1 were ticked, 0 left empty and 0 not taken.');
    expect(story.hear(answered).fresh).toEqual([]);
  });

  it('leaves out what was declined, and says so', () => {
    const story = asking({ consents: new Map([['contact-a', [{ ...granted, status: 'declined' as const }]]]) });
    story.hear(status('completed', { at: NOW + 9 }));
    const { fresh, why } = story.hear(answered);
    expect(joins(fresh)).toEqual([]);
    expect(why).toContain('the journey rule "News", "Tips" was left out.');
  });

  it('has no answers to read where it asked for none, or did not complete', () => {
    expect(
      sent()
        .hear(status('completed', { at: NOW + 9 }))
        .effects.map(({ kind }) => kind),
    ).not.toContain('answers.read');
    expect(
      asking()
        .hear(status('declined', { at: NOW + 9 }))
        .effects.map(({ kind }) => kind),
    ).not.toContain('answers.read');
  });

  it('is not sent by a provider that does not tell what was ticked', () => {
    const story = createStory({ sign: { ...SIGN, answers: false }, rules: rules({ plan: () => ({ send: true, plan: plan({ consents: [pin(0)] }) }) }) });
    const { create, why } = story.hear(dealRead());
    expect(create).toBeUndefined();
    expect(why).toContain('the provider does not tell what signers tick');
  });
});

describe('an answer that was refused', () => {
  const refused = (why: RefusedConsent['why']) => {
    const one: RefusedConsent = { role: 'A', checkbox: 'News', field: 'NewsHash', text: 'news', sent: hashOf(1), signed: why === 'hash-differs' ? hashOf(2) : null, why };
    return asking().hear({ type: 'consent.refused', at: NOW, data: { envelope: 'env_1', refused: [one] } });
  };
  it('is told with the box and both hashes, alarms, and enters no ledger of consents', () => {
    const { why, wordingDiffers, consents } = refused('hash-differs');
    expect(why).toContain('"News" of A');
    expect(why).toContain(`(sent ${hashOf(1)}, signed ${hashOf(2)})`);
    expect(wordingDiffers).toMatchObject({ envelope: 'env_1', say: expect.stringContaining('"News"') });
    expect(consents).toBeUndefined();
  });
  it('alarms where the form was changed, and not where somebody else signed', () => {
    expect(refused('hash-missing').wordingDiffers).toBeDefined();
    expect(refused('wording-differs').wordingDiffers).toBeDefined();
    expect(refused('checkbox-missing').wordingDiffers).toBeDefined();
    expect(refused('another-signer').wordingDiffers).toBeUndefined();
    expect(refused('no-person').wordingDiffers).toBeUndefined();
  });
});
