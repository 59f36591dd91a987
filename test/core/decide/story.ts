import { sha256 } from '#lib/hmac';
import { canonicalJson } from '#lib/json';
import { decide } from '#core/decide/decide';
import { intentOf } from '#core/decide/intent';
import type { Decision, InstallState, Rules, Situation } from '#core/decide/situation';
import type { Effect } from '#core/effect';
import { isClosed } from '#core/envelope';
import type { DealPurpose, Fact, FactData, Personal, RecipientHeard, SendRequest } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeView, PlannedStep, PlannedWrite, Policies, SendPlan } from '#core/plan';
import type { CrmSchema, Snapshot } from '#core/records';
import { applyChange, type EnvelopeState } from '#core/state';

export const NOW = 1_760_000_000_000;
export const DAY = 86_400_000;
export const CRM: InstallState = { id: 'ins_crm', name: 'The CRM account', usable: true, maySend: true };
export const SIGN: InstallState = { id: 'ins_sign', name: 'The signing account', usable: true, maySend: true };
export const NO_POLICIES: Policies = { reminders: null, expiresAfterDays: null, backward: 'keep', retries: 0 };

const stage = (id: string, order: number) => ({ id, label: id, order, closed: false });
const field = (name: string, writable = true) => ({ name, label: name, type: 'text' as const, writable });
export const SCHEMA: CrmSchema = {
  fields: { deal: [field('esign_status'), field('esign_reason'), field('amount', false)], contact: [], company: [], line: [] },
  pipelines: [{ id: 'sales', label: 'Sales', stages: [stage('qualified', 0), stage('contract', 1), stage('won', 2)] }],
  contactLabels: [],
  readAt: NOW,
};

export const plan = (over: Partial<SendPlan> = {}): SendPlan => ({
  rule: 'contract',
  template: { id: 'template-1', name: 'Contract' },
  subject: 'Please sign',
  message: 'Dear Ada Example',
  recipients: [
    { role: 'A', name: 'Ada Example', email: 'ada@example.com', order: 1, contact: 'contact-a' },
    { role: 'B', name: 'Ben Example', email: 'ben@example.com', order: 2, contact: null },
  ],
  fields: [],
  policies: NO_POLICIES,
  attribution: { first_source: 'newsletter' },
  ...over,
});

/** Rules as a tenant may have them: a contract at the stage `contract`, its status on the deal, a list once it is complete. */
export const rules = (over: Partial<Rules> = {}): Rules => ({
  startsAt: (pipeline, at) => at === 'contract' && (pipeline === null || pipeline === 'sales'),
  renamed: () => null,
  plan: () => ({ send: true, plan: plan() }),
  brake: () => ({ ceiling: {}, start: 'contract' }),
  preflight: () => [],
  texts: () => [],
  restores: () => false,
  consentWrites: () => ({}),
  writes: (view: EnvelopeView): PlannedWrite[] => [
    {
      record: { type: 'deal', id: view.deal },
      set: { esign_status: view.status, esign_reason: view.reason, first_source: view.attribution['first_source'] ?? null },
      once: ['first_source'],
    },
  ],
  attachments: () => [],
  waits: () => [],
  steps: (_view, status): PlannedStep[] => (status === 'completed' ? [{ kind: 'list', contact: 'contact-a', list: 'Signed', rule: 'signed', consent: 'none' }] : []),
  ...over,
});

export const snapshot = (deal: Partial<Snapshot['deal']> = {}): Snapshot => ({
  deal: { id: 'deal-1', name: 'A deal', fields: { dealname: 'A deal' }, pipeline: 'sales', stage: 'contract', enteredAt: NOW - 5000, url: null, ...deal },
  contacts: [],
  company: null,
  lines: [],
  owner: { id: 'owner-1', name: 'Olga Owner', email: 'olga@example.com' },
  readAt: NOW,
});

/** A deal's story in memory: facts are heard as the line would have them heard, and what follows is kept. */
export function createStory(
  over: Partial<Pick<Situation, 'crm' | 'sign' | 'rules' | 'schema' | 'coalesceMs' | 'targets' | 'consents' | 'person' | 'callback' | 'now' | 'brake'>> = {},
) {
  const envelopes = new Map<EnvelopeId, EnvelopeState>();
  const effects = new Map<string, Effect>();
  let made = 0;

  function subject(fact: Fact): EnvelopeState | null {
    const data = fact.data as { envelope?: EnvelopeId | null; remote?: string | null; purpose?: DealPurpose };
    if (data.purpose) return data.purpose.kind === 'retry' ? (envelopes.get(data.purpose.envelope) ?? null) : null;
    const byRemote = [...envelopes.values()].find((one) => one.remote !== null && one.remote === data.remote);
    return byRemote ?? (data.envelope ? (envelopes.get(data.envelope) ?? null) : null);
  }

  function situate(fact: Fact): Situation {
    const all = [...envelopes.values()];
    const deal = 'deal' in fact.data ? fact.data.deal : null;
    return {
      now: NOW,
      cause: sha256(canonicalJson(fact)),
      grounded: true,
      overtaken: overtaken(subject(fact)),
      coalesceMs: 1000,
      crm: CRM,
      sign: SIGN,
      rules: rules(),
      schema: SCHEMA,
      envelope: subject(fact),
      targets: new Map(),
      consents: new Map(),
      person: null,
      callback: null,
      open: all.filter((one) => one.deal === deal && !isClosed(one.status)),
      brake: null,
      ownEntry: false,
      touched: {},
      intentKnown: (intent) => all.some((one) => one.intent === intent),
      fresh: { id: `env_${made + 1}`, url: `https://console.example.com/env_${made + 1}` },
      provider: 'A provider',
      ...over,
    };
  }

  function overtaken(state: EnvelopeState | null): boolean {
    return state !== null && [...envelopes.values()].some((one) => one.deal === state.deal && one.id > state.id && (!isClosed(one.status) || one.status === 'completed'));
  }

  function hear(fact: Fact): Decision & { fresh: Effect[] } {
    const situation = situate(fact);
    const decision = decide(fact, situation);
    if (decision.create) keep(situation, decision.create);
    for (const { envelope, set, recipients } of decision.changes) {
      const state = envelopes.get(envelope);
      if (state) envelopes.set(envelope, applyChange(state, set, recipients));
    }
    const fresh = decision.effects.filter(({ key }) => !effects.has(key));
    for (const effect of decision.effects) if (!effects.has(effect.key)) effects.set(effect.key, effect);
    return { ...decision, fresh };
  }

  function keep(situation: Situation, { id, intent, plan: sent, deal, leads, pipeline, stage: at, attempt }: NonNullable<Decision['create']>) {
    made++;
    envelopes.set(id, {
      ...{
        id,
        sign: SIGN.id,
        intent,
        deal: deal.id,
        company: deal.company,
        rule: sent.rule,
        template: sent.template,
        provider: situation.provider,
        remote: null,
        status: 'requested',
        pipeline,
        stage: at,
        attempt,
        voidBy: null,
        reason: null,
      },
      ...{
        policies: sent.policies,
        attribution: sent.attribution,
        ...(sent.consents ? { consents: sent.consents } : {}),
        requestedAt: NOW,
        sentAt: null,
        viewedAt: null,
        completedAt: null,
        closedAt: null,
        expiresAt: null,
        owner: deal.owner,
        url: situation.fresh.url,
      },
      recipients: sent.recipients.map(({ role, order, contact }) => ({
        ...{ id: `sgn_${role}`, role, order, status: 'waiting' as const, contact, lead: leads[role] ?? null, remote: null, viewedAt: null, signedAt: null },
      })),
    });
  }

  return {
    hear,
    situate,
    all: () => [...envelopes.values()],
    /** The newest envelope. */
    get envelope(): EnvelopeState {
      const last = [...envelopes.values()].at(-1);
      if (!last) throw new Error('Nothing was sent in this story.');
      return last;
    },
    keys: () => [...effects.keys()],
    effects: () => [...effects.values()],
  };
}
export type Story = ReturnType<typeof createStory>;

export const stageChanged = (over: Partial<FactData['deal.stage-changed']> = {}, at = NOW): Fact => ({
  type: 'deal.stage-changed',
  at,
  data: { deal: 'deal-1', stage: 'contract', source: 'person', seenBy: 'webhook', ...over },
});

/** The deal was read because its stage changed. */
export function dealRead(of: Snapshot = snapshot(), purpose: DealPurpose = { kind: 'stage', seenBy: 'webhook' }, request?: SendRequest): Fact {
  const { id, stage: at, pipeline, enteredAt } = of.deal;
  const personal: Personal = { snapshot: of, ...(request ? { request } : {}) };
  return { type: 'deal.read', at: NOW, data: { deal: id, stage: at, pipeline, enteredAt, purpose, effect: 'eff_1' }, personal };
}

export function status(heard: FactData['envelope.status']['status'], over: Partial<FactData['envelope.status']> & { at?: number; reason?: string } = {}): Fact {
  const { at = NOW, reason, ...data } = over;
  return {
    type: 'envelope.status',
    at,
    data: { remote: 'remote-1', envelope: 'env_1', status: heard, seenBy: 'webhook', recipients: [], ...data },
    ...(reason === undefined ? {} : { personal: { reason } }),
  };
}
export const recipient = (role: string, heard: RecipientHeard['status'], at: number | null = null): RecipientHeard => ({ role, remote: `remote-${role}`, status: heard, at });

/** A story in which the envelope is out. */
export function sent(over: Parameters<typeof createStory>[0] = {}): Story {
  const story = createStory(over);
  story.hear(dealRead());
  story.hear(status('sent', { seenBy: 'call', at: NOW + 1 }));
  return story;
}

export const retryOf = (story: Story): DealPurpose => ({ kind: 'retry', envelope: story.envelope.id });
export const intent = (of: Snapshot) => intentOf({ kind: 'stage', seenBy: 'webhook' }, of, null);
