import { describe, expect, it } from 'vitest';
import type { Rules } from '#core/decide/situation';
import { PRIORITY } from '#core/effect';
import { ENVELOPE_STATUSES } from '#core/envelope';
import type { InstallId } from '#core/ids';
import type { EnvelopeView, PlannedStep } from '#core/plan';
import type { Contact } from '#core/records';
import { viewOf } from '#core/state';
import { createStory, CRM, dealRead, NOW, plan, rules, sent, snapshot, status } from './story.ts';

const TARGETS: ReadonlyMap<string, InstallId> = new Map([
  ['a-crm', CRM.id],
  ['marketing-cloud', 'ins_journey'],
]);
const base = { rule: 'signed', consent: 'none' } as const;
const event = (more: Partial<Extract<PlannedStep, { kind: 'event' }>> = {}): PlannedStep => ({
  kind: 'event',
  contact: 'contact-a',
  event: 'Signed',
  data: { Template: 'Contract' },
  in: 'marketing-cloud',
  ...base,
  ...more,
});
const list = (more: Partial<Extract<PlannedStep, { kind: 'list' }>> = {}): PlannedStep => ({ kind: 'list', contact: 'contact-a', list: 'Signed', ...base, ...more });
const task: PlannedStep = { kind: 'task', subject: 'Call them', body: 'Now.', ...base };
const set: PlannedStep = { kind: 'set', contact: 'contact-a', set: { stage: 'signed' }, ...base };
const onCompleted = (...steps: PlannedStep[]): Rules => rules({ steps: (_view, at) => (at === 'completed' ? steps : []) });
const complete = (steps: PlannedStep[], targets = TARGETS) => sent({ rules: onCompleted(...steps), targets }).hear(status('completed', { at: NOW + 9 }));

const NEWS = { channel: 'email', purpose: 'newsletter' } as const;

describe('a journey step', () => {
  it('that is an event goes to the account that it names, with what it tells and the contact by id alone', () => {
    const { effects, alarm } = complete([event()]);
    expect(alarm).toBeUndefined();
    expect(effects.filter(({ kind }) => kind === 'journey.emit')).toMatchObject([
      { install: 'ins_journey', data: { contact: 'contact-a', event: 'Signed', data: { Template: 'Contract' } }, envelope: 'env_1', priority: PRIORITY.event },
    ]);
    expect(JSON.stringify(effects)).not.toContain('example.com');
  });

  it('that names no account goes to the CRM, and so does what only a CRM has', () => {
    const { effects } = complete([event({ in: undefined } as object), list(), task, set]);
    const steps = effects.filter(({ key }) => key.startsWith('journey|'));
    expect(steps.map(({ kind, install }) => [kind, install])).toEqual([
      ['journey.emit', CRM.id],
      ['journey.join', CRM.id],
      ['task.create', CRM.id],
      ['record.write', CRM.id],
    ]);
  });

  it('that joins a list carries the status of the member only where there is one', () => {
    const { effects } = complete([list({ status: 'Responded' }), list({ list: 'Other' })]);
    expect(effects.filter(({ kind }) => kind === 'journey.join').map(({ data }) => data)).toEqual([
      { contact: 'contact-a', list: 'Signed', status: 'Responded' },
      { contact: 'contact-a', list: 'Other' },
    ]);
  });

  it('is one effect for ever for a status, and another where it says something else', () => {
    const story = sent({ rules: onCompleted(event(), event({ data: { Template: 'NDA' } }), list(), list({ status: 'Sent' })), targets: TARGETS });
    story.hear(status('completed', { at: NOW + 9 }));
    const keys = story.keys().filter((key) => key.startsWith('journey|'));
    expect(new Set(keys).size).toBe(4);
    story.hear(status('completed', { at: NOW + 10, seenBy: 'reconcile' }));
    expect(story.keys().filter((key) => key.startsWith('journey|'))).toEqual(keys);
  });

  it('that asks for a consent which nobody gave makes no effect, and no alarm either', () => {
    const { effects, alarm } = complete([event({ consent: NEWS }), event({ consent: NEWS, in: 'nowhere' })]);
    expect(effects.filter(({ key }) => key.startsWith('journey|'))).toEqual([]);
    expect(alarm).toBeUndefined();
  });
});

describe('a journey through an account that is not connected', () => {
  it('is left out with an alarm that names rule and account; the write-back and every other step happen', () => {
    const steps = [event({ in: 'account-engagement', rule: 'nurture' }), event(), list(), list({ in: 'account-engagement', list: 'Nurtured' }), task];
    const { effects, alarm, outcome } = complete(steps);
    expect(outcome).toBe('moved');
    expect(effects.map(({ kind, install }) => [kind, install])).toEqual([
      ['record.write', CRM.id],
      ['journey.emit', 'ins_journey'],
      ['journey.join', CRM.id],
      ['task.create', CRM.id],
    ]);
    expect(alarm).toContain('nurture');
    expect(alarm).toContain('"account-engagement"');
    expect(alarm).toContain('not connected');
  });

  it('never falls back to the CRM', () => {
    const { effects } = complete([event(), list({ in: 'marketing-cloud' })], new Map());
    expect(effects.filter(({ key }) => key.startsWith('journey|'))).toEqual([]);
  });

  it('moves the envelope all the same', () => {
    const story = sent({ rules: onCompleted(event({ in: 'nowhere' })), targets: TARGETS });
    story.hear(status('completed', { at: NOW + 9 }));
    expect(story.envelope.status).toBe('completed');
  });
});

describe('the signed document', () => {
  const kept = rules({
    attachments: (view: EnvelopeView) => [{ record: { type: 'deal', id: view.deal } }, { record: { type: 'envelope', id: view.id } }],
  });

  it('is kept once the envelope is completed, behind everything else, once for each record', () => {
    const story = sent({ rules: kept });
    const { effects } = story.hear(status('completed', { at: NOW + 9 }));
    expect(effects.filter(({ kind }) => kind === 'document.attach')).toMatchObject([
      { install: CRM.id, priority: PRIORITY.background, envelope: 'env_1', data: { envelope: 'env_1', record: { type: 'deal', id: 'deal-1' } } },
      { install: CRM.id, priority: PRIORITY.background, envelope: 'env_1', data: { envelope: 'env_1', record: { type: 'envelope', id: 'env_1' } } },
    ]);
    story.hear(status('completed', { at: NOW + 10, seenBy: 'reconcile' }));
    expect(story.effects().filter(({ kind }) => kind === 'document.attach')).toHaveLength(2);
  });

  it.each(ENVELOPE_STATUSES.filter((one) => one !== 'completed'))('is not kept while it is %s', (at) => {
    const story = sent({ rules: kept });
    story.hear(status(at, { at: NOW + 9 }));
    expect(story.effects().filter(({ kind }) => kind === 'document.attach')).toEqual([]);
  });
});

describe('what stood around a deal at send', () => {
  const contact = (id: string, lead?: string): Contact => ({ id, fields: {}, labels: [], primary: false, ...(lead === undefined ? {} : { lead }) });
  const around = { ...snapshot(), company: { id: 'company-1', fields: {} }, contacts: [contact('contact-b', '00Q-other'), contact('contact-a', '00Q-a')] };

  it('is remembered: the company, and the open lead of each recipient who has one, by role', () => {
    const { create } = createStory().hear(dealRead(around));
    expect(create).toMatchObject({ deal: { id: 'deal-1', company: 'company-1' }, leads: { A: '00Q-a' } });
    expect(Object.keys(create?.leads ?? {})).toEqual(['A']);
    expect(createStory().hear(dealRead()).create).toMatchObject({ deal: { company: null }, leads: {} });
  });

  it('is seen by every later write-back of the envelope', () => {
    const seen: EnvelopeView[] = [];
    const story = createStory({
      rules: rules({
        writes: (view) => {
          seen.push(view);
          return [];
        },
      }),
    });
    story.hear(dealRead(around));
    story.hear(status('sent', { seenBy: 'call', at: NOW + 1 }));
    story.hear(status('completed', { at: NOW + 9 }));
    expect(seen.map(({ status: at, company, recipients }) => [at, company, recipients.map(({ lead }) => lead)])).toEqual([
      ['requested', 'company-1', ['00Q-a', null]],
      ['sent', 'company-1', ['00Q-a', null]],
      ['completed', 'company-1', ['00Q-a', null]],
    ]);
    expect(viewOf(story.envelope)).toMatchObject({
      company: 'company-1',
      recipients: [
        { role: 'A', lead: '00Q-a' },
        { role: 'B', lead: null },
      ],
    });
  });

  it('is known to a blocked send too, which has no envelope', () => {
    let seen: EnvelopeView | undefined;
    const story = createStory({
      rules: rules({
        plan: () => ({ send: false, rule: 'contract', reasons: [{ code: 'email-missing', say: 'No address.', path: '' }] }),
        writes: (view) => {
          seen = view;
          return [];
        },
      }),
    });
    story.hear(dealRead(around));
    expect(seen).toMatchObject({ id: '', status: 'blocked', company: 'company-1' });
  });

  it('does not make a plan send to anybody else: recipients are those of the plan', () => expect(createStory().hear(dealRead(around)).create?.plan).toEqual(plan()));
});
