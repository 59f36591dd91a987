import { newId } from '#lib/ids';
import { intentOf } from '#core/decide/intent';
import type { InstallState, Situation } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { TenantId } from '#core/ids';
import type { Tx } from '#store/database';
import { findEnvelope, findEnvelopeByIntent, findEnvelopeByRemote, isOvertaken, listOpenEnvelopesOfDeal, type EnvelopeWithRecipients } from '#store/envelopes';
import type { InboxNotice } from '#store/inbox';
import type { Install } from '#store/installs';
import { toState } from '#flow/envelope-state';
import { envelopeUrl, getVendor, type Flow } from '#flow/flow';
import type { Accounts, RuleBook, Versions } from '#flow/rule-book';

/** The envelope that a fact is about, if it is one of this tenant's. A provider's id counts within the account that named it. */
export async function subjectOf(tx: Tx, notice: InboxNotice, fact: Fact): Promise<EnvelopeWithRecipients | undefined> {
  if (fact.type === 'deal.read') return fact.data.purpose.kind === 'retry' ? findEnvelope(tx, notice.tenant, fact.data.purpose.envelope) : undefined;
  if (fact.type !== 'envelope.status') return 'envelope' in fact.data ? findEnvelope(tx, notice.tenant, fact.data.envelope) : undefined;
  const { remote, envelope } = fact.data;
  const known = remote === null ? undefined : await findEnvelopeByRemote(tx, notice.tenant, notice.install, remote);
  if (known || envelope === null) return known;
  return unlessCopied(await findEnvelope(tx, notice.tenant, envelope), remote);
}

/** An envelope that has its provider's id already is not another one that carries our id along, such as a copy made by hand. */
function unlessCopied(named: EnvelopeWithRecipients | undefined, remote: string | null): EnvelopeWithRecipients | undefined {
  const copied = named?.envelope.remote != null && remote !== null && named.envelope.remote !== remote;
  return copied ? undefined : named;
}

export interface About {
  notice: InboxNotice;
  fact: Fact;
  /** Equal for one fact of one notice, however often it is settled. */
  cause: string;
  subject: EnvelopeWithRecipients | undefined;
}

/** Everything that a decision on a fact may rest on. */
export async function situate(
  flow: Flow,
  book: RuleBook,
  tx: Tx,
  accounts: Accounts,
  { notice, fact, cause, subject }: About,
): Promise<{ situation: Situation; versions: Versions }> {
  const { tenant } = notice;
  const now = flow.clock.now();
  const provider = accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '';
  const { rules, versions } = await rulesFor(book, tx, tenant, accounts, fact, subject);
  const deal = dealOf(fact);
  const open = deal === null ? [] : await listOpenEnvelopesOfDeal(tx, tenant, deal);
  const intent = intentIn(fact, subject);
  const known = intent !== null && (await findEnvelopeByIntent(tx, tenant, intent)) !== undefined;
  const id = newId('env', now);
  return {
    versions,
    situation: {
      now,
      cause,
      coalesceMs: flow.coalesceMs,
      crm: installState(accounts.crm),
      sign: accounts.sign && installState(accounts.sign),
      rules,
      schema: accounts.schema,
      grounded: accounts.schema !== null && (accounts.sign === null || accounts.templates !== null),
      envelope: subject ? toState(flow, subject, provider) : null,
      overtaken: subject !== undefined && fact.type !== 'deal.read' && (await isOvertaken(tx, tenant, subject.envelope)),
      open: open.map((one) => toState(flow, one, provider)),
      intentKnown: (asked) => known && asked === intent,
      fresh: { id, url: envelopeUrl(flow, tenant, id) },
      provider,
    },
  };
}

/** An envelope keeps the mappings that sent it; everything else goes by the active ones. */
async function rulesFor(book: RuleBook, tx: Tx, tenant: TenantId, accounts: Accounts, fact: Fact, subject: EnvelopeWithRecipients | undefined) {
  if (!subject || fact.type === 'deal.read') return book.active(tx, tenant, accounts);
  const { send_mapping: send, writeback_mapping: writeback, journey_mapping: journey } = subject.envelope;
  const versions = { send, writeback, journey };
  return { versions, rules: await book.pinned(tx, tenant, accounts, versions) };
}

/** The intent that a decision on this fact may ask about. */
function intentIn(fact: Fact, subject: EnvelopeWithRecipients | undefined): string | null {
  if (fact.type !== 'deal.read' || !fact.personal?.snapshot) return null;
  return intentOf(fact.data.purpose, fact.personal.snapshot, subject?.envelope ?? null);
}

function installState(install: Install): InstallState {
  return { id: install.id, name: install.name, usable: install.state === 'active', maySend: install.environment === 'live' || install.send_allowed === 1 };
}

export function dealOf(fact: Fact): string | null {
  return 'deal' in fact.data ? fact.data.deal : null;
}
