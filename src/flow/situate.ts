import { newId } from '#lib/ids';
import { intentOf } from '#core/decide/intent';
import type { InstallState, Situation } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { TenantId } from '#core/ids';
import type { Tx } from '#store/database';
import { findEnvelopeByIntent, isOvertaken, listOpenEnvelopesOfDeal, type EnvelopeWithRecipients } from '#store/envelopes';
import type { InboxNotice } from '#store/inbox';
import { actsOfContacts } from '#store/objections';
import type { Install } from '#store/installs';
import { fieldWrites } from '#store/written';
import { toState } from '#flow/envelope-state';
import { brakeFor } from '#flow/brakes';
import { envelopeUrl, getVendor, type Flow } from '#flow/flow';
import type { Accounts, RuleBook, Versions } from '#flow/rule-book';
import { withTexts } from '#flow/shown-texts';
import { callbackIn } from '#flow/workflow';
import { personIn } from '#flow/situate-person';
import { sightingOf, touchedNames, type Sighting } from '#flow/sighting';

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
): Promise<{ situation: Situation; versions: Versions; sighting: Sighting | null }> {
  const { tenant } = notice;
  const now = flow.clock.now();
  const provider = accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '';
  const { rules: compiled, versions } = await rulesFor(book, tx, tenant, accounts, fact, subject);
  const rules = fact.type === 'deal.read' ? await withTexts(tx, tenant, compiled, now) : compiled;
  const deal = dealOf(fact);
  const open = deal === null ? [] : await listOpenEnvelopesOfDeal(tx, tenant, accounts.crm.id, deal);
  const intent = intentIn(fact, subject);
  const known = intent !== null && (await findEnvelopeByIntent(tx, tenant, accounts.crm.id, intent)) !== undefined;
  const id = newId('env', now);
  const sighting = sightingOf(rules, fact);
  return {
    versions,
    sighting,
    situation: {
      now,
      cause,
      coalesceMs: flow.coalesceMs,
      crm: installState(accounts.crm),
      sign: accounts.sign && { ...installState(accounts.sign), answers: getVendor(flow, accounts.sign.vendor).connector.sign?.answers !== undefined },
      rules,
      schema: accounts.schema,
      grounded: accounts.schema !== null && (accounts.sign === null || accounts.templates !== null),
      envelope: subject ? toState(flow, subject, provider) : null,
      overtaken: subject !== undefined && fact.type !== 'deal.read' && (await isOvertaken(tx, tenant, subject.envelope)),
      brake: await brakeFor(flow, tx, tenant, { crm: accounts.crm.id, rules, fact, rule: sighting?.rule ?? null, intent }),
      ownEntry: await isOwnEntry(tx, tenant, accounts, fact),
      open: open.map((one) => toState(flow, one, provider)),
      touched: sighting ? await touchedNames(flow, tx, tenant, accounts.crm, sighting) : {},
      intentKnown: (asked) => known && asked === intent,
      targets: accounts.targets,
      fresh: { id, url: envelopeUrl(flow, tenant, id) },
      provider,
      consents: subject ? await actsOfContacts(tx, tenant, accounts.crm.id, subject.recipients) : new Map(),
      person: await personIn(flow, book, tx, notice, fact),
      callback: await callbackIn(tx, tenant, accounts.crm.id, fact, subject),
    },
  };
}

/** A write takes effect at the vendor at about the time at which we were told that it did. */
const ECHO_MS = 60_000;

/** Where a vendor does not say who moved a deal, our own writes do: one of them set this stage when the deal entered it. */
async function isOwnEntry(tx: Tx, tenant: TenantId, { crm, schema }: Accounts, fact: Fact): Promise<boolean> {
  if (fact.type !== 'deal.read' || fact.data.purpose.kind !== 'stage' || schema?.stageField === undefined) return false;
  const { deal, stage, enteredAt } = fact.data;
  const written = await fieldWrites(tx, tenant, crm.id, `deal:${deal}`, schema.stageField);
  return written.some(({ value, at }) => value === stage && (enteredAt === null || Math.abs(at - enteredAt) < ECHO_MS));
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
