import type { Rules, Trigger } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import { chainUntil, namesOf, touchesOfNames } from '#core/frozen-attribution';
import type { TenantId } from '#core/ids';
import type { PlannedRecipient } from '#core/plan';
import type { Snapshot } from '#core/records';
import { findPersonOfContact } from '#store/consents';
import type { Db, Tx } from '#store/database';
import type { Install } from '#store/installs';
import { ensurePerson, findPersonByEmail } from '#store/people';
import { keepTouches, recordTouches, touchesOf } from '#store/touches';
import type { Flow } from '#flow/flow';

/** Who would sign first if a deal were sent now, and how the CRM says that they came. */
export interface Sighting {
  /** The rule that would send. */
  rule: string;
  signers: PlannedRecipient[];
  names: Record<string, string>;
  readAt: number;
}

/** What a deal that was read tells of how its signers came; null where nothing would be sent, for then nobody is a signer. */
export function sightingOf(rules: Rules, fact: Fact): Sighting | null {
  const trigger = fact.type === 'deal.read' ? triggerOf(fact) : null;
  return trigger && fact.personal?.snapshot ? sight(rules, fact.personal.snapshot, trigger) : null;
}

export function sight(rules: Rules, snapshot: Snapshot, trigger: Trigger): Sighting | null {
  const decision = rules.plan(snapshot, trigger);
  if (!decision.send) return null;
  const { rule, recipients, attribution } = decision.plan;
  const turn = Math.min(...recipients.map(({ order }) => order));
  return { rule, signers: recipients.filter(({ order }) => order === turn), names: attribution, readAt: snapshot.readAt };
}

function triggerOf({ data, personal }: Fact<'deal.read'>): Trigger | null {
  if (data.purpose.kind !== 'request') return { kind: 'stage' };
  return personal?.request ? { kind: 'request', request: personal.request } : null;
}

/** First and last touch of the first signer of whom the ledger knows any, by name. Reads alone. */
export async function touchedNames(flow: Flow, db: Db, tenant: TenantId, crm: Install, { signers, readAt }: Sighting): Promise<Record<string, string>> {
  for (const { email, contact } of signers) {
    const person = await findPersonByEmail(db, flow.sealer, tenant, email);
    // Before a merge or a new address the contact may have been somebody else here, whose touchpoints go along.
    const before = contact === null ? null : await findPersonOfContact(db, tenant, crm.id, contact);
    const persons = [...new Set([person, before].flatMap((one) => one ?? []))];
    const touches = (await Promise.all(persons.map((one) => touchesOf(db, tenant, one, readAt)))).flat();
    if (touches.length > 0) return namesOf(chainUntil(touches, readAt));
  }
  return {};
}

/** Keeps what a read deal told: who its signers are in the CRM, and how the CRM says that they came. Reading again adds nothing. */
export async function keepSighting(flow: Flow, tx: Tx, tenant: TenantId, crm: Install, { signers, names, readAt }: Omit<Sighting, 'rule'>): Promise<void> {
  const now = flow.clock.now();
  const [told] = [...signers.filter(({ contact }) => contact !== null), ...signers];
  for (const signer of signers) {
    const { contact, email } = signer;
    const touches = signer === told ? touchesOfNames(names, readAt) : [];
    if (contact === null && touches.length === 0) continue;
    const { id: person } = await ensurePerson(tx, flow.sealer, tenant, email);
    if (contact !== null) await keepTouches(tx, tenant, { install: crm.id, contact, person }, now);
    await recordTouches(tx, tenant, person, touches, 'crm', now);
  }
}
