import { newId } from '#lib/ids';
import { decide } from '#core/decide/decide';
import type { Decision } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { Correlation, EnvelopeId, InstallId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { raiseAlarm } from '#store/alarms';
import { countGap } from '#store/cursors';
import { isPostgres, isWeather, withinTenant, type Tx } from '#store/database';
import type { EnvelopeWithRecipients } from '#store/envelopes';
import { areSeveralDue, claimNotices, claimNoticesOf, failNotice, OWN, type InboxNotice } from '#store/inbox';
import { getInstall, listInstalls } from '#store/installs';
import { putEffects } from '#store/outbox';
import { erasePeople } from '#store/people';
import { asTenant } from '#store/scope';
import { gatherWakes } from '#store/wakes';
import { applyDecision } from '#flow/apply';
import { attribute } from '#flow/attribute';
import { openBatch, type Batch } from '#flow/batch';
import { keepBrakes } from '#flow/brakes';
import { createCourtesy, type IsOver, type Left } from '#flow/courtesy';
import type { Flow } from '#flow/flow';
import { publishConsents, publishMoves } from '#flow/publish';
import { accountsAmong, type Accounts, type RuleBook } from '#flow/rule-book';
import { dealOf, situate, type About } from '#flow/situate';

const BATCH = 100;
/** Notices of a batch whose deliveries and envelopes are read together, to save round trips. SQLite has none, and its turns may end after one: what was read for the others was read again. */
const AHEAD = 16;
const ATTEMPTS = 5;
const RETRY_MS = 2_000;

/**
 * Settles waiting notices, of the tenant that is named or of whoever's turn it is: facts, state, ledgers and outbox in one transaction. Returns how many were
 * settled; 0 means that nothing waits. `requests` counts those that came to this process, to which it gives way; null where it answers none.
 */
export function createAdvance(flow: Flow, book: RuleBook, requests: (() => number) | null = null): (tenant?: TenantId) => Promise<number> {
  const courteously = requests ? createCourtesy(requests) : <T>(turn: (isOver: IsOver) => Promise<T>) => turn(() => false);
  const turns: Turns = { served: null };
  return async (tenant) => {
    const result = await courteously((isOver) => (tenant === undefined ? attemptSome(flow, book, turns, isOver) : attempt(flow, book, turns, tenant, isOver)));
    if (result.ok) return result.settled;
    // Bad weather in the database is nobody's fault: nothing was settled, and everything is settled once it is over.
    if (result.notice === null || isWeather(result.error)) throw result.error;
    // One notice took the others back with it. It is laid aside, and they go on without it.
    const { notice, error } = result;
    await asTenant(notice.tenant, () => layAside(flow, notice, error));
    return 1;
  };
}

type Attempt = Left & ({ ok: true; settled: number } | { ok: false; notice: InboxNotice | null; error: unknown });

/** Whose turn it was last. */
interface Turns {
  served: TenantId | null;
}

/**
 * One tenant after the other while the turn lasts. Under a flood a pause follows each turn, and with one tenant a turn nine were served a second: 200 quiet ones waited in line behind each
 * other, with hardly any work to do.
 */
async function attemptSome(flow: Flow, book: RuleBook, turns: Turns, isOver: IsOver): Promise<Attempt> {
  for (let settled = 0; ;) {
    const result = await attempt(flow, book, turns, undefined, isOver);
    if (!result.ok) return result;
    settled += result.settled;
    if (result.settled === 0) return { ok: true, settled, several: false };
    if (isOver()) return { ok: true, settled, several: await areSeveralDue(flow.db, flow.clock.now()) };
  }
}

/** Where one of a batch cannot be settled, all are settled again one by one, which tells whose fault it is. */
async function attempt(flow: Flow, book: RuleBook, turns: Turns, named: TenantId | undefined, isOver: IsOver): Promise<Attempt> {
  const before = turns.served;
  const result = await settleSome(flow, book, turns, named, isOver, true);
  if (result.ok || isWeather(result.error)) return result;
  turns.served = before;
  return settleSome(flow, book, turns, named, isOver, false);
}

async function settleSome(flow: Flow, book: RuleBook, turns: Turns, named: TenantId | undefined, isOver: IsOver, together: boolean): Promise<Attempt> {
  let current: InboxNotice | null = null;
  try {
    const done = await flow.db.transaction().execute(async (tx) => {
      const now = flow.clock.now();
      const notices = await (named === undefined ? claimNotices(tx, now, BATCH, turns.served) : claimNoticesOf(tx, named, now, BATCH));
      const [first] = notices;
      if (!first) return null;
      turns.served = first.tenant;
      current = first;
      return withinTenant(tx, first.tenant, () =>
        gatherWakes(tx, async () => {
          const holdsThread = !isPostgres(tx);
          const batch = await openBatch(flow, tx, first.tenant, notices, together && !holdsThread ? AHEAD : 1);
          const accounts = createAccounts(flow, tx, first.tenant);
          const settled: Line[][] = [];
          for (const notice of notices) {
            current = notice;
            settled.push(await settle(flow, book, tx, batch, accounts, notice));
            if (!together) await batch.write();
            if (holdsThread && isOver()) break;
          }
          await batch.write();
          return settled;
        }),
      );
    });
    for (const line of done?.result.flat() ?? []) flow.log.info(line, line.fact ? 'fact settled' : 'notice noted');
    // Each of their loops would look for work, and find none after most notices.
    if (done?.woken.has('perform')) flow.wake.outbox();
    if (done?.woken.has('deliver')) flow.wake.messages();
    // Beside a lane that is named others are served, so that a long pause of one would keep the next waiting.
    return { ok: true, settled: done?.result.length ?? 0, several: named !== undefined };
  } catch (error) {
    return { ok: false, notice: current, error, several: false };
  }
}

async function layAside(flow: Flow, notice: InboxNotice, error: unknown): Promise<void> {
  const problem = Problem.from(error);
  const last = notice.attempts + 1 >= ATTEMPTS || problem.remedy === 'reject';
  flow.log[last ? 'error' : 'warn']({ notice: notice.id, tenant: notice.tenant, correlation: notice.correlation, err: error }, 'notice could not be settled');
  await failNotice(flow.db, notice, `${problem.code}: ${problem.message}`, last ? null : flow.clock.now() + RETRY_MS * 2 ** notice.attempts);
}

/** What the log says of a notice or of a fact in it, once both are durable. */
type Line = Pick<InboxNotice, 'tenant' | 'delivery' | 'correlation'> & { notice: InboxNotice['id']; kind: string; fact?: string; outcome?: string; effects?: number };

async function settle(flow: Flow, book: RuleBook, tx: Tx, batch: Batch, accounts: AccountsFor, notice: InboxNotice): Promise<Line[]> {
  const facts = await batch.factsOf(notice);
  const { id, tenant, delivery, kind } = notice;
  const lines: Line[] = [];
  let { correlation } = notice;
  for (const [place, fact] of facts.entries()) {
    const about = { notice, fact, cause: `${id}|${place}`, subject: await batch.subjectOf(notice, fact) };
    const settled = await settleFact(flow, book, tx, batch, await accounts(about), about, correlation);
    lines.push({ tenant, notice: id, delivery, kind: fact.type, ...settled });
    correlation = settled.correlation;
  }
  batch.settle({ id, state: facts.length > 0 ? 'done' : 'noted', correlation });
  return lines.length > 0 ? lines : [{ tenant, notice: id, delivery, kind, correlation }];
}

/** The accounts that a fact is about. */
type AccountsFor = (about: About) => Promise<Accounts>;

/** Each CRM's are asked for once a batch. A fact of an envelope is about the CRM that it was sent from, any other about the CRM that told it. */
function createAccounts(flow: Flow, tx: Tx, tenant: TenantId): AccountsFor {
  const known = new Map<InstallId | undefined, Promise<Accounts>>();
  return ({ notice, subject }) => {
    const told = flow.vendors.get(notice.vendor)?.connector.crm !== undefined || notice.vendor === OWN ? notice.install : undefined;
    const install = subject?.envelope.crm ?? told;
    const accounts = known.get(install) ?? accountsFor(flow, tx, tenant, install);
    known.set(install, accounts);
    return accounts;
  };
}

/** What we told ourselves may come from the lane of an account that is no CRM. */
async function accountsFor(flow: Flow, tx: Tx, tenant: TenantId, install: InstallId | undefined): Promise<Accounts> {
  const all = await listInstalls(tx, tenant);
  const isCrm = all.some(({ id, vendor }) => id === install && flow.vendors.get(vendor)?.connector.crm !== undefined);
  return accountsAmong(flow, tx, tenant, all, { install: isCrm ? install : undefined, evenLeft: true });
}

async function settleFact(flow: Flow, book: RuleBook, tx: Tx, batch: Batch, accounts: Accounts, about: About, correlation: Correlation) {
  const { notice, fact, subject } = about;
  const now = flow.clock.now();
  const { situation, versions, sighting } = await situate(flow, book, tx, accounts, about);
  const decision = decide(fact, situation);
  const story = subject?.envelope.correlation ?? correlation;
  const envelope = envelopeOf(about, decision);
  const row = batch.facts.add({
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
  });
  const erased = erasedIn(subject);
  const erases = decision.erase !== undefined || erased.size > 0;
  // What is erased is found by the facts of it.
  if (erases) await batch.write();
  await applyDecision(flow, tx, { tenant: notice.tenant, correlation: story, accounts, versions, decision, fact });
  const fresh = await putEffects(tx, notice.tenant, decision.effects, { ordinal: row.seq, correlation: story, at: fact.at, restored: flow.restored ?? null }, now);
  await keepBrakes(flow, tx, { tenant: notice.tenant, crm: accounts.crm.id, fact, decision, situation, isNews: fresh > 0, correlation: story });
  await attribute(flow, tx, { tenant: notice.tenant, crm: accounts.crm, fact, decision, subject, sighting });
  await publishMoves(flow, tx, notice.tenant, { decision, cause: row.id, ordinal: row.seq, at: fact.at, correlation: story });
  await publishConsents(flow, tx, notice.tenant, { decision, ordinal: row.seq, correlation: story });
  // Of the erased nothing is kept, whatever is still told of them.
  for (const contact of erased) await erasePeople(tx, flow.sealer, notice.tenant, contact, now);
  batch.applied(decision, erases);
  if (isGap(fact, decision)) await reportGap(flow, tx, notice);
  flow.metrics.facts.inc({ type: fact.type, outcome: decision.outcome });
  return { fact: row.id, outcome: decision.outcome, effects: fresh, correlation: story };
}

/** Which envelope a fact is about. Of a deal that went back it is the one left behind, whose story tells why it is voided; what starts at the new stage has this story anyway. */
function envelopeOf({ fact, subject }: About, { effects, create }: Decision): EnvelopeId | null {
  const left = fact.type === 'deal.read' ? effects.find(({ envelope }) => envelope !== null && envelope !== create?.id) : undefined;
  return subject?.envelope.id ?? left?.envelope ?? create?.id ?? null;
}

function erasedIn(subject: EnvelopeWithRecipients | undefined): Set<string> {
  return new Set(subject?.recipients.flatMap(({ contact, personal }) => (personal === null && contact !== null ? [contact] : [])));
}

function isGap(fact: Fact, decision: Decision): boolean {
  if (decision.outcome !== 'moved') return false;
  if (fact.type === 'envelope.status') return fact.data.seenBy === 'reconcile';
  return fact.type === 'deal.read' && fact.data.purpose.kind === 'stage' && fact.data.purpose.seenBy === 'reconcile';
}

async function reportGap(flow: Flow, tx: Tx, notice: InboxNotice): Promise<void> {
  await countGap(tx, notice.tenant, notice.install);
  const { vendor } = await getInstall(tx, notice.tenant, notice.install);
  flow.metrics.gaps.inc({ vendor });
  // Where asking is the usual way to hear of a change, finding one is no sign of anything lost.
  if (flow.vendors.get(vendor)?.connector.manifest.webhook?.optional) return;
  const say = 'Asking the account found changes that no webhook had told. They are in place now; if this goes on, webhooks do not arrive.';
  await raiseAlarm(tx, { code: 'reconcile-gaps', subject: notice.install, tenant: notice.tenant, say }, flow.clock.now());
  flow.log.warn({ tenant: notice.tenant, install: notice.install, correlation: notice.correlation }, 'reconciliation found what no webhook had told');
}
