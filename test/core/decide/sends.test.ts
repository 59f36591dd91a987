import { describe, expect, it } from 'vitest';
import { decide } from '#core/decide/decide';
import type { Situation } from '#core/decide/situation';
import { PRIORITY } from '#core/effect';
import type { DealPurpose, Fact, SendRequest } from '#core/fact';
import type { Snapshot } from '#core/records';
import { createStory, CRM, dealRead, NO_POLICIES, NOW, plan, rules, sent, SIGN, snapshot, stageChanged } from './story.ts';

const REQUEST: SendRequest = { rule: 'contract', recipients: [] } as unknown as SendRequest;
const WEBHOOK: DealPurpose = { kind: 'stage', seenBy: 'webhook' };
const ASKED: DealPurpose = { kind: 'request', key: 'click' };
/** What is decided on one fact, with a situation that differs from the ordinary one. */
const on = (fact: Fact, over: Partial<Situation> = {}, story = createStory()) => decide(fact, { ...story.situate(fact), ...over });
const outOf = (story = sent()) => story.envelope;
const read = (at: number) => ({ ...snapshot(), readAt: at });

describe('a deal is read', () => {
  it('for a stage at which a rule may start, or because an envelope of it is out', () => {
    const first = on(stageChanged());
    expect(first).toMatchObject({ outcome: 'moved', why: 'A rule may start at that stage, so the deal is read first.' });
    expect(first.effects).toEqual([
      {
        kind: 'deal.read',
        key: `read|ins_crm|deal-1|contract|${NOW}`,
        install: CRM.id,
        data: { deal: 'deal-1', purpose: { kind: 'stage', seenBy: 'webhook' } },
        priority: PRIORITY.event,
        notBefore: NOW,
        envelope: null,
        why: 'To decide on what is true now.',
      },
    ]);
    expect(on(stageChanged({ stage: null })).effects[0]?.key).toBe(`read|ins_crm|deal-1||${NOW}`);
    const back = on(stageChanged({ stage: 'qualified' }), { open: [outOf()] });
    expect(back).toMatchObject({ outcome: 'moved', why: 'An envelope of this deal is out, so the deal is read to see whether it went back.' });
    expect(on(stageChanged({ stage: 'qualified' })).outcome).toBe('noted');
    expect(on(stageChanged({ source: 'countersign' }), { open: [outOf()] })).toMatchObject({ outcome: 'noted', why: 'This is our own write coming back.' });
  });

  it('for a request, before other work, once for its key', () => {
    const fact: Fact = { type: 'send.requested', at: NOW, data: { deal: 'deal-1', key: 'click', by: 'a person' }, personal: { request: REQUEST } } as unknown as Fact;
    expect(on(fact).effects).toMatchObject([
      { key: 'read|ins_crm|request|deal-1|click', priority: PRIORITY.click, data: { deal: 'deal-1', purpose: { kind: 'request', request: REQUEST } } },
    ]);
    expect(on({ ...fact, personal: {} })).toMatchObject({ outcome: 'noted', effects: [] });
  });

  it('again in half a minute while nothing is known of the accounts, and at once where it was read more than ten minutes ago', () => {
    const soon = on(dealRead(), { grounded: false });
    expect(soon.why).toContain('have not been read yet');
    expect(soon.effects).toMatchObject([{ key: 'read|ins_crm|again|eff_1', notBefore: NOW + 30_000, priority: PRIORITY.event, data: { deal: 'deal-1', purpose: WEBHOOK } }]);
    const stale = on(dealRead(read(NOW - 600_001)));
    expect(stale.why).toContain('too long ago');
    expect(stale.effects).toMatchObject([{ key: 'read|ins_crm|again|eff_1', notBefore: NOW }]);
    expect(on(dealRead(read(NOW - 600_001)), { grounded: false }).effects).toMatchObject([{ notBefore: NOW }]);
    expect(on(dealRead(read(NOW - 600_000))).create).toBeDefined();
  });

  it('again for a request as that request, and not at all once its people were erased', () => {
    const again = on(dealRead(read(0), ASKED, REQUEST));
    expect(again.effects).toMatchObject([{ priority: PRIORITY.click, data: { purpose: { kind: 'request', request: REQUEST } } }]);
    const erased = { outcome: 'noted', why: 'The request is no longer there: its people were erased.', effects: [] };
    expect(on(dealRead(read(0), ASKED))).toMatchObject(erased);
    expect(on(dealRead(snapshot(), ASKED))).toMatchObject(erased);
    expect(on({ ...dealRead(), personal: {} })).toMatchObject({ outcome: 'noted', why: 'What was read is no longer there: its people were erased.' });
  });
});

describe('what a read deal leads to', () => {
  const back = (policy: 'void' | 'ask') => {
    const story = sent({ rules: rules({ plan: () => ({ send: true, plan: plan({ policies: { ...NO_POLICIES, backward: policy } }) }) }) });
    return { ...story.envelope, stage: 'won' };
  };

  it('is both at once: what is out goes back, and what starts there starts', () => {
    const early = dealRead();
    const open = { ...back('void'), rule: 'other', template: { id: 'other', name: 'Other' } };
    const alone = on(dealRead(snapshot({ stage: 'qualified' })), { open: [open] });
    const both = on(early, { open: [open] });
    expect(alone.create).toBeUndefined();
    expect(both.why).toMatch(/^.+ Rule "contract" sends "Contract" to 2 recipients\.$/);
    expect(both.create).toBeDefined();
    expect(both.changes).toEqual(alone.changes);
    expect(both.changes).toHaveLength(1);
    expect(both.effects.map(({ kind }) => kind)).toEqual([...alone.effects.map(({ kind }) => kind), 'envelope.create', 'record.write']);
    // Nothing starts twice: then only what went back counts.
    const known = on(early, { open: [open], intentKnown: () => true });
    expect(known).toEqual({ ...alone, effects: known.effects });
    expect(known.outcome).toBe('moved');
  });

  it('is nothing where a write of ours put it there, or where no rule starts', () => {
    expect(on(dealRead(), { ownEntry: true })).toMatchObject({ outcome: 'noted', why: 'A write of ours put the deal there, and that starts nothing.' });
    const reason = { code: 'stage-renamed', say: 'It was renamed.', path: '' };
    const renamed = rules({ startsAt: () => false, renamed: () => ({ rule: 'contract', reason }) });
    expect([true, false].map((ownEntry) => on(dealRead(), { ownEntry, rules: renamed }).outcome)).toEqual(['noted', 'moved']);
    expect(on(dealRead(snapshot({ stage: 'won' })))).toMatchObject({ outcome: 'noted', why: 'The deal is now at a stage where no rule starts.' });
    expect(on(dealRead(), { intentKnown: () => true }).why).toBe('This entry into the stage has its envelope already.');
  });

  it('is a review of what was held, and else an entry like any other', () => {
    const held = (verdict: string, of = snapshot()): Fact => dealRead(of, { kind: 'held', verdict, intent: `stage|deal-1|sales|contract|${NOW - 5000}` } as unknown as DealPurpose);
    expect(on(held('send')).create?.intent).toBe(`stage|deal-1|sales|contract|${NOW - 5000}`);
    expect(on(held('discard')).create).toBeUndefined();
    expect(on(held('send', snapshot({ enteredAt: 1 }))).create).toBeUndefined();
  });
});

describe('a send', () => {
  const reasons = (decision: ReturnType<typeof on>) => decision.why;

  it('makes an envelope of what was planned', () => {
    const lead = {
      ...snapshot(),
      contacts: [{ id: 'contact-a', lead: 'lead-a' }, { id: 'contact-b' }],
      company: { id: 'company-1', name: 'Example', fields: {} },
    } as unknown as Snapshot;
    const decision = on(dealRead(lead));
    expect(decision.create).toMatchObject({
      id: 'env_1',
      intent: `stage|deal-1|sales|contract|${NOW - 5000}`,
      deal: { id: 'deal-1', name: 'A deal', owner: 'owner-1', company: 'company-1' },
      leads: { A: 'lead-a' },
      pipeline: 'sales',
      stage: 'contract',
      attempt: 0,
    });
    expect(decision.create?.leads).toEqual({ A: 'lead-a' });
    expect(decision.effects[0]).toEqual({
      kind: 'envelope.create',
      key: 'create|env_1',
      install: SIGN.id,
      data: { envelope: 'env_1' },
      priority: PRIORITY.event,
      notBefore: NOW,
      envelope: 'env_1',
      why: 'Rule "contract" starts at this stage.',
    });
    const bare = on(dealRead({ ...snapshot(), owner: null, company: null })).create;
    expect([bare?.deal.owner, bare?.deal.company]).toEqual([null, null]);
  });

  it('on request goes before other work', () => {
    const { effects, create } = on(dealRead(snapshot({ stage: 'won' }), ASKED, REQUEST));
    expect(create).toMatchObject({ intent: 'request|deal-1|click', attempt: 0 });
    expect(effects[0]).toMatchObject({ priority: PRIORITY.click, why: 'A person asked for it.' });
    expect(effects[1]).toMatchObject({ kind: 'record.write', priority: PRIORITY.click });
  });

  it('is shown to the mapping as it begins', () => {
    const seen: object[] = [];
    const view = rules({
      plan: () => ({ send: true, plan: plan({ consents: [{ role: 'A' }] as never }) }),
      writes: (shown) => (seen.push(shown), []),
    });
    on(dealRead({ ...snapshot(), contacts: [{ id: 'contact-a', lead: 'lead-a' }] } as unknown as Snapshot), { rules: view });
    const nobody = { status: 'waiting', signedAt: null };
    expect(seen[0]).toEqual({
      id: 'env_1',
      deal: 'deal-1',
      company: null,
      status: 'requested',
      rule: 'contract',
      template: 'Contract',
      provider: 'A provider',
      url: 'https://console.example.com/env_1',
      requestedAt: new Date(NOW).toISOString(),
      sentAt: null,
      viewedAt: null,
      completedAt: null,
      closedAt: null,
      expiresAt: null,
      recipients: [
        { role: 'A', order: 1, contact: 'contact-a', lead: 'lead-a', ...nobody },
        { role: 'B', order: 2, contact: null, lead: null, ...nobody },
      ],
      waitingFor: [],
      reason: '',
      attribution: { first_source: 'newsletter' },
    });
  });

  it('is refused for what the accounts lack', () => {
    const refused = (over: Partial<Situation>) => {
      const decision = on(dealRead(), over);
      expect(decision.create).toBeUndefined();
      return reasons(decision);
    };
    expect(refused({ sign: null })).toContain('no e-signature account is connected');
    expect(refused({ sign: { ...SIGN, usable: false } })).toContain('the e-signature account has to be authorised again');
    expect(refused({ sign: { ...SIGN, maySend: false } })).toContain('a test account does not send to live people');
    expect(refused({ crm: { ...CRM, maySend: false } })).toContain('a test account does not send to live people');
    expect(refused({ rules: rules({ preflight: () => [{ code: 'writeback', say: 'No field.', path: '' }] }) })).toContain('the result could not be written back');
  });

  it('that asks for consent is refused where nobody could read the answer', () => {
    const asking = rules({ plan: () => ({ send: true, plan: plan({ consents: [{ role: 'A' }] as never }) }) });
    expect(reasons(on(dealRead(), { rules: asking, sign: { ...SIGN, answers: false } }))).toContain('the provider does not tell what signers tick');
    for (const over of [
      { rules: asking, sign: { ...SIGN, answers: true } },
      { rules: asking, sign: SIGN },
      { sign: { ...SIGN, answers: false } },
      { rules: rules({ plan: () => ({ send: true, plan: plan({ consents: [] }) }) }), sign: { ...SIGN, answers: false } },
    ])
      expect(on(dealRead(), over).create).toBeDefined();
  });

  it('never goes out beside another of its template or, at a stage, of its rule', () => {
    const open = outOf();
    const other = { id: 'other', name: 'Other' };
    const blocked = (over: object, fact = dealRead()) => on(fact, { open: [{ ...open, ...over }] }).create === undefined;
    const asked = dealRead(snapshot(), ASKED, REQUEST);
    expect([blocked({}), blocked({ template: other }), blocked({ rule: 'other' }), blocked({ template: other, rule: 'other' })]).toEqual([true, true, true, false]);
    expect([blocked({}, asked), blocked({ template: other }, asked), blocked({ voidBy: 'console' }), blocked({ voidBy: 'console' }, asked)]).toEqual([true, false, false, false]);
    expect(reasons(on(dealRead(), { open: [open] }))).toContain('an envelope for this is already out');
  });

  it('whose condition does not hold is noted; any other reason is told', () => {
    const refusing = (...codes: string[]) =>
      on(dealRead(), { rules: rules({ plan: () => ({ send: false, rule: 'contract', reasons: codes.map((code) => ({ code, say: code, path: '' })) }) }) });
    expect(refusing('condition')).toMatchObject({ outcome: 'noted', effects: [] });
    expect(refusing('condition', 'email-missing').outcome).toBe('moved');
    expect(refusing('email-missing').why).toContain('a signer has no e-mail address');
  });

  it('is kept back by a stop', () => {
    const brake = { ceiling: {}, stop: { id: 'stp_1', scope: 'tenant' }, held: null } as unknown as Situation['brake'];
    expect(on(dealRead(snapshot(), ASKED, REQUEST), { brake }).create).toBeUndefined();
  });
});

describe('an envelope that expired', () => {
  const retried = (over: Partial<Situation['envelope'] & object> = {}, of = snapshot(), more: Partial<Situation> = {}) => {
    const envelope = { ...outOf(), status: 'expired' as const, ...over };
    return on(dealRead(of, { kind: 'retry', envelope: envelope.id }), { envelope, ...more });
  };

  it('is sent again, and says which attempt it is', () => {
    const decision = retried({ attempt: 1 });
    expect(decision.create).toMatchObject({ attempt: 2, intent: `stage|deal-1|sales|contract|${NOW - 5000}|again-2` });
    expect(decision.why).toBe('Rule "contract" sends "Contract" to 2 recipients. It is attempt 3, after an expiry.');
    expect(retried().why).toContain('It is attempt 2, after an expiry.');
    expect(on(dealRead()).why).toBe('Rule "contract" sends "Contract" to 2 recipients.');
  });

  it('is not sent again once the deal is elsewhere', () => {
    for (const of of [snapshot({ stage: 'won' }), snapshot({ pipeline: 'other' })]) expect(retried({}, of)).toMatchObject({ outcome: 'noted', effects: [] });
    expect(retried({}, snapshot(), { envelope: null })).toMatchObject({ outcome: 'noted' });
  });
});
