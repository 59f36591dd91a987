import { describe, expect, it } from 'vitest';
import { checkMapping, type Ground } from '#core/mapping/check';
import { parsed } from './reading.ts';

const GROUND: Ground = {
  schema: null,
  templates: null,
  targets: ['marketing-cloud'],
  abilities: new Map([
    ['', { name: 'The CRM', list: true, leave: true, event: true, lacks: 'The CRM account takes no events yet.' }],
    ['marketing-cloud', { name: 'The other', list: false, leave: false, event: true }],
  ]),
  topics: [
    { type: 'marketing', purpose: 'newsletter', channel: 'email' },
    { type: 'marketing', purpose: 'offers', channel: null },
    { type: 'terms', purpose: null, channel: null },
  ],
};
const faults = (rule: string, ground: Ground = GROUND) =>
  checkMapping({ journey: parsed('journey', `kind: journey\nrules:\n  - { id: one, title: One, ${rule} }\n`) }, ground).map(({ level, path, say, suggestion }) => ({
    level,
    path,
    say,
    suggestion,
  }));
const on = (steps: string) => faults(`on: [sent], steps: [${steps}]`);

describe('a rule that waits', () => {
  it.each(['sent', 'viewed', 'partially_signed'])('may wait in "%s"', (status) => expect(faults(`on: [${status}], after: 3, steps: [{ leave: N }]`)).toEqual([]));
  it.each(['completed', 'declined', 'voided', 'expired', 'failed', 'blocked', 'requested', 'bounced'])('cannot wait in "%s"', (status) =>
    expect(faults(`on: [${status}], after: { hours: 2 }, steps: [{ leave: N }]`)).toMatchObject([
      { level: 'error', path: 'rules[0].after', say: expect.stringContaining(`"${status}"`) },
    ]),
  );
  it('says which statuses it waits in', () => expect(faults('on: any, after: 3, steps: [{ leave: N }]')).toMatchObject([{ level: 'error', path: 'rules[0].after' }]));
});

describe('a step that asks for what an account lacks', () => {
  it('is warned of: a list, a leave, an event', () => {
    expect(
      on('{ list: N, in: marketing-cloud, consent: none }, { leave: N, in: marketing-cloud }, { event: E, consent: none }, { event: E, in: marketing-cloud, consent: none }'),
    ).toEqual([
      { level: 'warning', path: 'rules[0].steps[0].list', say: 'The other has no lists that people can be put on.' },
      { level: 'warning', path: 'rules[0].steps[1].leave', say: 'The other takes nobody off a list.' },
      { level: 'warning', path: 'rules[0].steps[2].event', say: 'The CRM account takes no events yet.' },
    ]);
  });
  it('is an error where no such account is connected', () =>
    expect(on('{ leave: N, in: marketing-clod }')).toMatchObject([{ level: 'error', path: 'rules[0].steps[0].in', suggestion: 'marketing-cloud' }]));
  it('is not judged where nothing is known', () => expect(faults('on: [sent], steps: [{ leave: N, in: elsewhere }]', { schema: null, templates: null })).toEqual([]));
});

describe('a consent that nobody is asked for', () => {
  const list = (consent: string) => on(`{ list: N, consent: ${consent} }`);
  it('is warned of, with what was probably meant', () =>
    expect(list('{ channel: email, purpose: newsleter }')).toMatchObject([{ level: 'warning', path: 'rules[0].steps[0].consent.purpose', suggestion: 'newsletter' }]));
  it('is one for another channel too', () => expect(list('{ channel: sms, purpose: newsletter }')).toMatchObject([{ level: 'warning' }]));
  it.each(['{ channel: email, purpose: newsletter }', '{ channel: sms, purpose: offers }', 'not-opted-out', 'none'])('is not %s', (consent) => expect(list(consent)).toEqual([]));
});
