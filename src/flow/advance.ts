import { newId } from '#lib/ids';
import { isObject } from '#lib/json';
import { decide } from '#core/decide/decide';
import { intentOf } from '#core/decide/intent';
import type { Decision, InstallState, Situation } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { Correlation, EnvelopeId } from '#core/ids';
import { Problem } from '#core/problem';
import { raiseAlarm } from '#store/alarms';
import { countGap } from '#store/cursors';
import type { Tx } from '#store/database';
import { findEnvelope, findEnvelopeByIntent, findEnvelopeByRemote, listOpenEnvelopesOfDeal, type EnvelopeWithRecipients } from '#store/envelopes';
import { claimNotices, deliveryBody, failNotice, OWN, settleNotice, type InboxNotice } from '#store/inbox';
import type { Install } from '#store/installs';
import { append, lockLedger } from '#store/ledger';
import { putEffects } from '#store/outbox';
import { erasePeople } from '#store/people';
import { applyDecision } from '#flow/apply';
import { createCourtesy } from '#flow/courtesy';
import { toState } from '#flow/envelope-state';
import { envelopeUrl, getVendor, type Flow } from '#flow/flow';
import { accountsOf, type Accounts, type RuleBook, type Versions } from '#flow/rule-book';

const BATCH = 100;
const ATTEMPTS = 5;
const RETRY_MS = 2_000;

/** Settles waiting notices: facts, state, ledgers and outbox in one transaction. Returns how many were settled; 0 means nothing waits. */
export function createAdvance(flow: Flow, book: RuleBook): () => Promise<number> {
  const courteously = createCourtesy();
  return async () => {
    const batch = await courteously(() => attempt(flow, book, BATCH));
    if (batch.ok) return batch.settled;
    // One notice of the batch could not be settled and took the others back with it: each goes alone, and the faulty one is laid aside.
    const alone = await attempt(flow, book, 1);
    if (alone.ok) return alone.settled;
    if (alone.notice) await layAside(flow, alone.notice, alone.error);
    else if (batch.notice) await layAside(flow, batch.notice, batch.error);
    else throw alone.error;
    return 1;
  };
}

type Attempt = { ok: true; settled: number } | { ok: false; notice: InboxNotice | null; error: unknown };

async function attempt(flow: Flow, book: RuleBook, limit: number): Promise<Attempt> {
  let current: InboxNotice | null = null;
  try {
    const settled = await flow.db.transaction().execute(async (tx) => {
      const notices = await claimNotices(tx, flow.clock.now(), limit);
      const [first] = notices;
      if (!first) return 0;
      current = first;
      await lockLedger(tx, first.tenant, 'facts');
      const accounts = await accountsOf(flow, tx, first.tenant, true);
      for (const notice of notices) {
        current = notice;
        await settle(flow, book, tx, notice, accounts);
      }
      return notices.length;
    });
    if (settled > 0) flow.wake.outbox();
    return { ok: true, settled };
  } catch (error) {
    return { ok: false, notice: current, error };
  }
}

async function layAside(flow: Flow, notice: InboxNotice, error: unknown): Promise<void> {
  const problem = Problem.from(error);
  const last = notice.attempts + 1 >= ATTEMPTS || problem.remedy === 'reject';
  flow.log[last ? 'error' : 'warn']({ notice: notice.id, tenant: notice.tenant, correlation: notice.correlation, err: error }, 'notice could not be settled');
  await failNotice(flow.db, notice, `${problem.code}: ${problem.message}`, last ? null : flow.clock.now() + RETRY_MS * 2 ** notice.attempts);
}

async function settle(flow: Flow, book: RuleBook, tx: Tx, notice: InboxNotice, accounts: Accounts): Promise<void> {
  const facts = await factsOf(flow, tx, notice);
  let correlation = notice.correlation;
  for (const fact of facts) correlation = await settleFact(flow, book, tx, notice, fact, accounts, correlation);
  await settleNotice(tx, notice.tenant, notice.id, { state: facts.length > 0 ? 'done' : 'noted', correlation, payload: null });
}

/** What the notice means. Vendors' notices are decoded from the bytes as they came; our own are facts already. */
async function factsOf(flow: Flow, tx: Tx, notice: InboxNotice): Promise<Fact[]> {
  if (notice.vendor === OWN) return JSON.parse(notice.payload ?? '[]') as Fact[];
  const { connector, appId } = getVendor(flow, notice.vendor);
  const { inbound } = connector;
  if (!inbound) return [];
  if (notice.payload !== null) return inbound.decode({ account: null, key: notice.key, kind: notice.kind, at: notice.at, payload: JSON.parse(notice.payload) }, { appId });
  const delivery = await deliveryBody(tx, notice.delivery);
  if (!delivery?.body) return [];
  const headers = JSON.parse(delivery.headers) as Record<string, string>;
  const again = inbound.split({ method: 'POST', url: '', headers, body: delivery.body })[notice.position];
  return again ? inbound.decode(again, { appId }) : [];
}

async function settleFact(flow: Flow, book: RuleBook, tx: Tx, notice: InboxNotice, fact: Fact, accounts: Accounts, correlation: Correlation): Promise<Correlation> {
  const now = flow.clock.now();
  const subject = await subjectOf(tx, notice, fact, accounts);
  const known = new Set<string>();
  const { situation, versions } = await situate(flow, book, tx, notice, fact, accounts, subject, known);
  const decision = decide(fact, situation);
  const story = subject?.envelope.correlation ?? correlation;
  const envelope = subject?.envelope.id ?? decision.create?.id ?? null;
  const [row] = await append(tx, notice.tenant, 'facts', [
    {
      id: newId('fct', now),
      type: fact.type,
      at: fact.at,
      recorded_at: now,
      notice: notice.id,
      envelope,
      deal: subject?.envelope.deal ?? dealOf(fact),
      correlation: story,
      data: JSON.stringify(fact.data),
      outcome: decision.outcome,
      why: decision.why,
    },
  ]);
  await applyDecision(flow, tx, { tenant: notice.tenant, correlation: story, accounts, versions, decision, fact });
  await putEffects(tx, notice.tenant, decision.effects, { ordinal: row?.seq ?? 0, correlation: story }, now);
  // Of the erased nothing is kept, whatever is still told of them.
  for (const contact of erasedIn(subject)) await erasePeople(tx, notice.tenant, contact, now);
  if (isGap(fact, decision)) await reportGap(flow, tx, notice);
  flow.metrics.facts.inc({ type: fact.type, outcome: decision.outcome });
  return story;
}

function erasedIn(subject: EnvelopeWithRecipients | undefined): Set<string> {
  return new Set(subject?.recipients.flatMap(({ contact, personal }) => (personal === null && contact !== null ? [contact] : [])));
}

/** The envelope that a fact is about, if it is one of this tenant's. */
async function subjectOf(tx: Tx, notice: InboxNotice, fact: Fact, { sign }: Accounts): Promise<EnvelopeWithRecipients | undefined> {
  if (fact.type === 'deal.read') return fact.data.purpose.kind === 'retry' ? findEnvelope(tx, notice.tenant, fact.data.purpose.envelope) : undefined;
  if (fact.type === 'envelope.status' && fact.data.remote !== null && sign) {
    const found = await findEnvelopeByRemote(tx, notice.tenant, sign.id, fact.data.remote);
    if (found) return found;
  }
  if (!isObject(fact.data) || !('envelope' in fact.data) || !fact.data.envelope) return undefined;
  const named = await findEnvelope(tx, notice.tenant, fact.data.envelope as EnvelopeId);
  // An envelope that has its provider's id already is not another envelope that carries our id along, such as a copy made by hand.
  const copied = fact.type === 'envelope.status' && named?.envelope.remote != null && fact.data.remote !== null && named.envelope.remote !== fact.data.remote;
  return copied ? undefined : named;
}

async function situate(flow: Flow, book: RuleBook, tx: Tx, notice: InboxNotice, fact: Fact, accounts: Accounts, subject: EnvelopeWithRecipients | undefined, known: Set<string>): Promise<{ situation: Situation; versions: Versions }> {
  const { tenant } = notice;
  const provider = accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '';
  const pinned = subject && fact.type !== 'deal.read' ? { send: subject.envelope.send_mapping, writeback: subject.envelope.writeback_mapping, journey: subject.envelope.journey_mapping } : null;
  const { rules, versions } = pinned ? { rules: await book.pinned(tx, tenant, accounts, pinned), versions: pinned } : await book.active(tx, tenant, accounts);
  const deal = dealOf(fact);
  const open = deal === null ? [] : await listOpenEnvelopesOfDeal(tx, tenant, deal);
  for (const intent of intentsOf(fact, subject)) if (await findEnvelopeByIntent(tx, tenant, intent)) known.add(intent);
  const fresh = newId('env', flow.clock.now());
  return {
    versions,
    situation: {
      now: flow.clock.now(),
      coalesceMs: flow.coalesceMs,
      crm: installState(accounts.crm),
      sign: accounts.sign && installState(accounts.sign),
      rules,
      schema: accounts.schema,
      envelope: subject ? toState(flow, subject, provider) : null,
      open: open.map((one) => toState(flow, one, provider)),
      intentKnown: (intent) => known.has(intent),
      fresh: { id: fresh, url: envelopeUrl(flow, tenant, fresh) },
      provider,
    },
  };
}

/** Intents that a decision on this fact may ask about. */
function intentsOf(fact: Fact, subject: EnvelopeWithRecipients | undefined): string[] {
  if (fact.type !== 'deal.read' || !fact.personal?.snapshot) return [];
  return [intentOf(fact.data.purpose, fact.personal.snapshot, subject ? { intent: subject.envelope.intent, attempt: subject.envelope.attempt } : null)];
}

function installState(install: Install): InstallState {
  return { id: install.id, name: install.name, usable: install.state === 'active', maySend: install.environment === 'live' || install.send_allowed === 1 };
}

function dealOf(fact: Fact): string | null {
  return 'deal' in fact.data ? fact.data.deal : null;
}

function isGap(fact: Fact, decision: Decision): boolean {
  if (decision.outcome !== 'moved') return false;
  if (fact.type === 'envelope.status') return fact.data.seenBy === 'reconcile';
  return fact.type === 'deal.read' && fact.data.purpose.kind === 'stage' && fact.data.purpose.seenBy === 'reconcile';
}

async function reportGap(flow: Flow, tx: Tx, notice: InboxNotice): Promise<void> {
  await countGap(tx, notice.tenant, notice.install);
  const say = 'Asking the account found changes that no webhook had told. They are in place now; if this goes on, webhooks do not arrive.';
  await raiseAlarm(tx, { code: 'reconcile-gaps', subject: notice.install, tenant: notice.tenant, say }, flow.clock.now());
  flow.metrics.gaps.inc({ vendor: notice.vendor });
  flow.log.warn({ tenant: notice.tenant, install: notice.install, correlation: notice.correlation }, 'reconciliation found what no webhook had told');
}
