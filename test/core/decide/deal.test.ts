import { describe, expect, it } from 'vitest';
import type { Fact, SendRequest } from '#core/fact';
import type { BackwardPolicy, Reason } from '#core/plan';
import { Problem } from '#core/problem';
import { createStory, CRM, dealRead, intent, NO_POLICIES, NOW, plan, retryOf, rules, SCHEMA, sent, SIGN, snapshot, stageChanged, status } from './story.ts';

const NAMES = /Ada|Ben|Olga|@example/;
const withPolicies = (policies: Partial<typeof NO_POLICIES>) => rules({ plan: () => ({ send: true, plan: plan({ policies: { ...NO_POLICIES, ...policies } }) }) });
const refusing = (...reasons: Reason[]) => rules({ plan: () => ({ send: false, rule: 'contract', reasons }) });
const back = () => dealRead(snapshot({ stage: 'qualified', enteredAt: NOW + 9000 }));

describe('a stage change', () => {
  it('is a hint: the deal is read first, and nothing else follows', () => {
    const { outcome, effects } = createStory().hear(stageChanged());
    expect(outcome).toBe('moved');
    expect(effects).toMatchObject([{ kind: 'deal.read', install: CRM.id, notBefore: NOW, data: { deal: 'deal-1', purpose: { kind: 'stage', seenBy: 'webhook' } } }]);
  });

  it.each<[string, Fact, 'moved' | 'noted']>([
    ['at a stage where no rule starts is noted', stageChanged({ stage: 'won' }), 'noted'],
    ['of an unknown stage is looked at while something may follow', stageChanged({ stage: null }), 'moved'],
    ['of our own making is noted', stageChanged({ source: 'countersign' }), 'noted'],
    ['by an automation counts', stageChanged({ source: 'automation' }), 'moved'],
  ])('%s', (_what, fact, outcome) => expect(createStory().hear(fact).outcome).toBe(outcome));

  it('at any stage is looked at while an envelope of the deal is out: it may have gone back', () => {
    expect(sent().hear(stageChanged({ stage: 'qualified' })).effects).toMatchObject([{ kind: 'deal.read' }]);
    expect(sent().hear(stageChanged({ stage: 'qualified', source: 'countersign' })).outcome).toBe('noted');
    expect(sent().hear(stageChanged({ stage: 'qualified', deal: 'deal-2' })).outcome).toBe('noted');
  });

  it('that is heard twice is read once', () => {
    const story = createStory();
    expect([story.hear(stageChanged()).fresh.length, story.hear(stageChanged()).fresh.length, story.hear(stageChanged({}, NOW + 1)).fresh.length]).toEqual([1, 0, 1]);
  });
});

describe('a deal that was read at a stage where a rule starts', () => {
  it('makes an envelope, tells the deal, and names no person in the ledger or the outbox', () => {
    const story = createStory();
    const { outcome, why, effects, create } = story.hear(dealRead());
    expect(outcome).toBe('moved');
    expect(create).toMatchObject({ id: 'env_1', intent: intent(snapshot()), deal: { id: 'deal-1', name: 'A deal', owner: 'owner-1' }, attempt: 0 });
    expect(effects.map(({ kind, install }) => [kind, install])).toEqual([
      ['envelope.create', SIGN.id],
      ['record.write', CRM.id],
    ]);
    expect(effects[1]).toMatchObject({ notBefore: NOW + 1000, data: { set: { esign_status: 'requested' }, once: ['first_source'] } });
    expect(why + JSON.stringify(effects)).not.toMatch(NAMES);
  });

  it('makes one for an entry, however often and by whomever it is heard; entering again is another', () => {
    const story = createStory();
    for (const seenBy of ['webhook', 'reconcile', 'webhook'] as const) story.hear(dealRead(snapshot(), { kind: 'stage', seenBy }));
    expect(story.all()).toHaveLength(1);
    story.hear(status('declined'));
    expect(story.hear(dealRead())).toMatchObject({ outcome: 'noted', effects: [] });
    story.hear(dealRead(snapshot({ enteredAt: NOW + 1 })));
    expect(story.all().map(({ intent: one }) => one)).toEqual(['stage|deal-1|sales|contract|1759999995000', 'stage|deal-1|sales|contract|1760000000001']);
  });

  it('makes one for ever where the CRM does not say when a stage was entered', () => {
    const story = createStory();
    for (let times = 0; times < 2; times++) story.hear(dealRead(snapshot({ enteredAt: null })));
    expect(story.all()).toHaveLength(1);
  });

  it('makes none at another stage, for another pipeline, or once its people were erased', () => {
    const erased: Fact = { ...dealRead(), personal: {} };
    for (const fact of [dealRead(snapshot({ stage: 'won' })), dealRead(snapshot({ pipeline: 'renewals' })), erased])
      expect(createStory().hear(fact)).toMatchObject({ outcome: 'noted', effects: [] });
  });

  it('makes none, and says nothing on the deal, where the condition of the rule is not met', () => {
    const story = createStory({ rules: refusing({ code: 'condition', say: 'The amount is below 1,000.', path: 'rules[0].when' }) });
    expect(story.hear(dealRead())).toMatchObject({ outcome: 'noted', effects: [] });
  });
});

describe('a send that is blocked', () => {
  const noAddress: Reason = { code: 'email-missing', say: 'Ada Example has no e-mail address.', path: 'rules[0].recipients[0]' };

  it('tells the deal why in words, and the ledger by code and place alone', () => {
    const { why, effects, create } = createStory({ rules: refusing(noAddress) }).hear(dealRead());
    expect(create).toBeUndefined();
    expect(effects).toMatchObject([{ kind: 'record.write', envelope: null, data: { set: { esign_status: 'blocked', esign_reason: noAddress.say } } }]);
    expect(why).toContain('Nothing was sent: a signer has no e-mail address (rules[0].recipients[0]). The reasons are on the deal.');
    expect(why + effects.map((effect) => effect.why + effect.key).join()).not.toMatch(NAMES);
  });

  it('writes only fields that are there and can be written: a missing field may be the reason', () => {
    const [write] = createStory({ rules: refusing(noAddress) }).hear(dealRead()).effects;
    expect(write?.kind === 'record.write' && Object.keys(write.data.set)).toEqual(['esign_status', 'esign_reason']);
    expect(write?.kind === 'record.write' && 'once' in write.data).toBe(false);
    const bare = { ...SCHEMA, fields: { ...SCHEMA.fields, deal: [] } };
    expect(createStory({ rules: refusing(noAddress), schema: bare }).hear(dealRead()).effects).toEqual([]);
  });

  it.each<[string, Parameters<typeof createStory>[0], string]>([
    ['no e-signature account is connected', { sign: null }, 'no e-signature account is connected'],
    ['the e-signature account has lost its permission', { sign: { ...SIGN, usable: false } }, 'the e-signature account has to be authorised again'],
    ['the CRM is a test account', { crm: { ...CRM, maySend: false } }, 'a test account does not send to live people'],
    ['the e-signature account is a test account', { sign: { ...SIGN, maySend: false } }, 'a test account does not send to live people'],
    [
      'a write-back would surely fail',
      { rules: rules({ preflight: () => [{ code: 'writeback', say: 'There is no such field.', path: 'rules[0].set.x' }] }) },
      'the result could not be written back (rules[0].set.x)',
    ],
  ])('because %s', (_what, over, words) => {
    const { create, why, effects } = createStory(over).hear(dealRead());
    expect([create, effects.map(({ kind }) => kind)]).toEqual([undefined, ['record.write']]);
    expect(why).toContain(words);
  });

  it('because its rule knows the stage by an older name', () => {
    const reason: Reason = { code: 'stage-renamed', say: 'Rule "contract" starts at "Contract", which is called "Out" now.', path: 'rules[0].when.stage' };
    const renamed = rules({ renamed: (pipeline, stage) => (stage === 'out' && pipeline !== 'renewals' ? { rule: 'contract', reason } : null) });
    const story = createStory({ rules: renamed });
    expect(story.hear(stageChanged({ stage: 'out' })).effects).toMatchObject([{ kind: 'deal.read' }]);
    const { why, effects, create } = story.hear(dealRead(snapshot({ stage: 'out' })));
    expect([why.includes('the stage is called differently in the rule'), create]).toEqual([true, undefined]);
    expect(effects).toMatchObject([{ kind: 'record.write', data: { set: { esign_status: 'blocked', esign_reason: reason.say } } }]);
    expect(createStory({ rules: renamed }).hear(dealRead(snapshot({ stage: 'out', pipeline: 'renewals' }))).outcome).toBe('noted');
  });

  it('because one is out already: the same template, or the same rule by another template; not once it is to be voided', () => {
    const story = sent();
    expect(story.hear(dealRead(snapshot({ enteredAt: NOW + 1 }))).why).toContain('an envelope for this is already out');
    const otherTemplate = rules({ plan: () => ({ send: true, plan: plan({ template: { id: 'template-2', name: 'Another' } }) }) });
    const other = createStory({ rules: otherTemplate });
    other.hear(dealRead());
    expect(other.hear(dealRead(snapshot({ enteredAt: NOW + 1 }))).why).toContain('an envelope for this is already out');
    story.hear({ type: 'envelope.void-requested', at: NOW, data: { envelope: 'env_1', by: 'console' }, personal: { reason: 'Wrong template.' } });
    expect(story.hear(dealRead(snapshot({ enteredAt: NOW + 2 }))).create).toBeDefined();
  });

  it('that is heard twice is written once, and one for another reason is written anew', () => {
    const story = createStory({ rules: refusing(noAddress) });
    expect([story.hear(dealRead()).fresh.length, story.hear(dealRead()).fresh.length]).toEqual([1, 0]);
    const [first] = createStory({ rules: refusing(noAddress) }).hear(dealRead()).effects;
    const [second] = createStory({ rules: refusing({ ...noAddress, say: 'There is no signer.' }) }).hear(dealRead()).effects;
    expect(first?.key).not.toBe(second?.key);
  });
});

describe("a person's request", () => {
  const request: SendRequest = { key: 'click-1', by: 'rep', recipients: [{ role: 'A', name: 'Ada Example', email: 'ada@example.com' }] };
  const asked: Fact = { type: 'send.requested', at: NOW, data: { deal: 'deal-1', key: 'click-1' }, personal: { request } };
  const read = dealRead(snapshot({ stage: 'qualified' }), { kind: 'request', key: 'click-1' }, request);

  it('goes ahead of other work, at any stage, and is one envelope for one key', () => {
    const story = createStory();
    expect(story.hear(asked).effects).toMatchObject([{ kind: 'deal.read', priority: 2, notBefore: NOW }]);
    expect(story.hear(asked).fresh).toEqual([]);
    const { create, effects } = story.hear(read);
    expect(create?.intent).toBe('request|deal-1|click-1');
    expect(effects).toMatchObject([
      { kind: 'envelope.create', priority: 2 },
      { kind: 'record.write', priority: 2, notBefore: NOW },
    ]);
    expect(story.hear(read)).toMatchObject({ outcome: 'noted', effects: [] });
  });

  it('is noted once its people were erased', () => {
    for (const fact of [asked, read]) expect(createStory().hear({ ...fact, personal: fact.type === 'deal.read' ? { snapshot: snapshot() } : {} }).outcome).toBe('noted');
  });
});

describe('a deal that goes back while its envelope is out', () => {
  const gone = (backward: BackwardPolicy) => {
    const story = sent({ rules: withPolicies({ backward }) });
    return { story, decision: story.hear(back()) };
  };

  it('keeps it', () => expect(gone('keep').decision).toMatchObject({ outcome: 'noted', effects: [], changes: [] }));

  it('voids it, once', () => {
    const { story, decision } = gone('void');
    expect(decision.effects).toMatchObject([{ kind: 'envelope.void', key: 'void|env_1', install: SIGN.id }]);
    expect(story.envelope).toMatchObject({ voidBy: 'rule', status: 'sent' });
    expect(story.hear(back()).effects).toEqual([]);
  });

  it('asks its owner, once for each time it went back', () => {
    const { story, decision } = gone('ask');
    expect(decision.effects).toMatchObject([{ kind: 'task.create', install: CRM.id, data: { owner: 'owner-1' } }]);
    expect(JSON.stringify(decision.effects)).not.toMatch(NAMES);
    expect(story.hear(back()).fresh).toEqual([]);
    expect(story.hear(dealRead(snapshot({ stage: 'qualified', enteredAt: NOW + 20_000 }))).fresh).toHaveLength(1);
  });

  it.each([
    ['forward', snapshot({ stage: 'won' }), SCHEMA],
    ['to another pipeline', snapshot({ pipeline: 'renewals', stage: 'qualified' }), SCHEMA],
    ['to a stage nobody knows', snapshot({ stage: 'gone' }), SCHEMA],
    ['where no stages are known', snapshot({ stage: 'qualified' }), null],
  ])('is not what happens when it goes %s', (_what, to, schema) => {
    const story = sent({ rules: withPolicies({ backward: 'void' }), schema });
    expect(story.hear(dealRead(to))).toMatchObject({ effects: [], changes: [] });
  });

  it('and comes forward again is another entry, which is sent once the void was asked for', () => {
    const { story } = gone('void');
    expect(story.hear(dealRead(snapshot({ enteredAt: NOW + 10_000 }))).create).toBeDefined();
  });
});

describe('an envelope that expired', () => {
  const story = (retries: number) => sent({ rules: withPolicies({ retries }) });

  it('is planned anew from the deal as it is then, as often as its rule says', () => {
    const tale = story(2);
    const intents = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { id } = tale.envelope;
      const expired = tale.hear(status('expired', { envelope: id, remote: `remote-${attempt}` }));
      intents.push(tale.envelope.intent);
      expect(expired.effects.filter(({ kind }) => kind === 'deal.read')).toHaveLength(attempt < 3 ? 1 : 0);
      if (attempt < 3) {
        const again = dealRead(snapshot(), retryOf(tale));
        expect(tale.hear(again).create?.attempt).toBe(attempt);
        expect(tale.hear({ ...again, data: { ...again.data, purpose: { kind: 'retry', envelope: id } } } as Fact).outcome).toBe('noted');
        tale.hear(status('sent', { envelope: tale.envelope.id, remote: `remote-${attempt + 1}` }));
      }
    }
    const first = intent(snapshot());
    expect(intents).toEqual([first, `${first}|again-1`, `${first}|again-1|again-2`]);
  });

  it('is not sent again where the deal has left the stage, nor where no rule says so', () => {
    const tale = story(1);
    tale.hear(status('expired'));
    expect(tale.hear(dealRead(snapshot({ stage: 'won' }), retryOf(tale)))).toMatchObject({ outcome: 'noted', effects: [] });
    expect(
      story(0)
        .hear(status('expired'))
        .effects.filter(({ kind }) => kind === 'deal.read'),
    ).toEqual([]);
  });
});

it('a write-back that fails on a record stops neither the envelope nor the ledger: the tenant hears of it', () => {
  const failing = rules({
    writes: () => {
      throw new Problem('mapping.failed', { say: 'division by zero at rules[0].set.x' });
    },
  });
  const { create, effects, alarm } = createStory({ rules: failing }).hear(dealRead());
  expect([create?.id, effects.map(({ kind }) => kind), alarm]).toEqual(['env_1', ['envelope.create'], 'division by zero at rules[0].set.x']);
  const broken = rules({
    writes: () => {
      throw new TypeError('a bug');
    },
  });
  expect(() => createStory({ rules: broken }).hear(dealRead())).toThrow('a bug');
});
