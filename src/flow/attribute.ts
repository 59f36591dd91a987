import { sha256 } from '#lib/hmac';
import { canonicalJson } from '#lib/json';
import type { Decision } from '#core/decide/situation';
import type { EnvelopeStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import { chainUntil, valueOf, withNames, type FrozenAttribution, type KnownTouch } from '#core/frozen-attribution';
import type { PersonId, TenantId } from '#core/ids';
import { fieldsByRecord, isOverwritten } from '#core/overwrite';
import type { RecordType } from '#core/records';
import { cleanText } from '#core/touch';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import { freezeAttribution, type Frozen } from '#store/attributions';
import type { Tx } from '#store/database';
import { findEnvelope, type EnvelopeDocument, type EnvelopeWithRecipients } from '#store/envelopes';
import { frozenWrites, type FrozenWrite } from '#store/frozen-writes';
import { putOwnNotice } from '#store/inbox';
import type { Install } from '#store/installs';
import { touchesOf } from '#store/touches';
import { envelopeColumns } from '#flow/apply';
import type { Flow } from '#flow/flow';
import { keepSighting, type Sighting } from '#flow/sighting';

export interface Attributed {
  tenant: TenantId;
  crm: Install;
  fact: Fact;
  decision: Decision;
  /** The envelope that the fact is about, as it was before the decision. */
  subject: EnvelopeWithRecipients | undefined;
  sighting: Omit<Sighting, 'rule'> | null;
}

/** What a settled fact means for attribution: touchpoints that a deal told, what is frozen of an envelope that went out or was signed, and what somebody wrote over. */
export async function attribute(flow: Flow, tx: Tx, { tenant, crm, fact, decision, subject, sighting }: Attributed): Promise<void> {
  if (sighting) await keepSighting(flow, tx, tenant, crm, sighting);
  for (const { envelope, set } of decision.changes) {
    if (set.status === undefined && set.sentAt === undefined) continue;
    // Who is erased is another person by now.
    const known = decision.erase === undefined && subject?.envelope.id === envelope ? { ...subject, envelope: { ...subject.envelope, ...envelopeColumns(set) } } : undefined;
    const moved = known ?? (await findEnvelope(tx, tenant, envelope));
    if (moved) await freeze(flow, tx, tenant, moved);
  }
  if (fact.type === 'deal.read') await compare(flow, tx, tenant, crm, fact);
  if (fact.type === 'attribution.overwritten') await report(flow, tx, tenant, crm, fact);
}

/** Statuses of an envelope that its recipients were asked to sign. */
const WENT_OUT: ReadonlySet<EnvelopeStatus> = new Set(['sent', 'viewed', 'partially_signed', 'completed', 'declined', 'voided', 'expired']);

/** Once at send and once at signature, whichever facts come in whatever order: what is frozen is never frozen again. */
async function freeze(flow: Flow, tx: Tx, tenant: TenantId, moved: EnvelopeWithRecipients): Promise<void> {
  const { id, sent_at: sentAt, completed_at: completedAt, status } = moved.envelope;
  if (sentAt === null || !WENT_OUT.has(status)) return;
  const touches = createTouches(tx, tenant, Math.max(sentAt, completedAt ?? 0));
  const data = (at: number) => (frozen: Frozen) => contentAt(touches, moved, at, frozen);
  const points = [{ point: 'sent' as const, at: sentAt, why: 'The envelope went out.', data: data(sentAt) }];
  const signed = status === 'completed' && completedAt !== null ? [{ point: 'signed' as const, at: completedAt, why: 'Everybody has signed.', data: data(completedAt) }] : [];
  await freezeAttribution(tx, tenant, id, [...points, ...signed], flow.clock.now());
}

/** A person's touchpoints until then, asked for once. */
type TouchesFor = (person: PersonId) => Promise<KnownTouch[]>;

function createTouches(tx: Tx, tenant: TenantId, until: number): TouchesFor {
  const known = new Map<PersonId, Promise<KnownTouch[]>>();
  return (person) => {
    const found = known.get(person) ?? touchesOf(tx, tenant, person, until);
    known.set(person, found);
    return found;
  };
}

/** The touchpoints until then of the first signer who has any. */
async function contentAt(touches: TouchesFor, { envelope, recipients }: EnvelopeWithRecipients, at: number, frozen: Frozen): Promise<FrozenAttribution> {
  const names = JSON.parse(envelope.attribution) as Record<string, string>;
  const { owner } = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  const turn = Math.min(...recipients.map(({ position }) => position));
  let chain = chainUntil([], at);
  for (const { person } of recipients.filter(({ position }) => position === turn)) {
    chain = chainUntil(await touches(person), at);
    if (chain.first) break;
  }
  const sent = frozen.get('sent')?.id;
  return {
    ...withNames(chain, names, at),
    names,
    value: valueOf(names),
    deal: envelope.deal,
    rule: envelope.rule,
    template: envelope.template_name,
    owner: owner ?? null,
    recipients: recipients.length,
    ...(sent ? { sent } : {}),
  };
}

/** Looks whether the write-once fields of a deal that was read still say what was frozen. */
async function compare(flow: Flow, tx: Tx, tenant: TenantId, crm: Install, fact: Fact<'deal.read'>): Promise<void> {
  const snapshot = fact.personal?.snapshot;
  if (!snapshot) return;
  const records = fieldsByRecord(snapshot);
  const writes = await frozenWrites(tx, tenant, crm.id, [...records.keys()]);
  const odd = new Set<string>();
  for (const write of writes) {
    const found = records.get(write.record)?.[write.field];
    if (!isOverwritten(write.value, found)) continue;
    odd.add(write.record);
    await tell(flow, tx, tenant, crm, { write, found: found ?? null, deal: snapshot.deal.id });
  }
  for (const record of new Set(writes.map((write) => write.record))) if (!odd.has(record)) await clearAlarm(tx, 'attribution-overwritten', subjectOf(crm, record));
}

const subjectOf = (crm: Install, record: string): string => `${crm.id}|${record}`;

/** A fact of our own, on the line like any other. Told once of one value, until we wrote there again. */
async function tell(flow: Flow, tx: Tx, tenant: TenantId, crm: Install, { write, found, deal }: { write: FrozenWrite; found: string | number | boolean | null; deal: string }) {
  const envelope = await findEnvelope(tx, tenant, write.envelope);
  if (!envelope) return;
  const now = flow.clock.now();
  const [type, ...id] = write.record.split(':');
  const record = { type: type as RecordType, id: id.join(':') };
  const data = { deal, envelope: write.envelope, record, field: write.field, frozen: write.value, found: typeof found === 'string' ? cleanText(found) : found };
  const fact: Fact = { type: 'attribution.overwritten', at: now, data };
  const key = `overwritten|${sha256(canonicalJson({ data, at: write.at }))}`;
  await putOwnNotice(tx, tenant, { install: crm.id, key, kind: fact.type, at: now, correlation: envelope.envelope.correlation, facts: [fact] }, now);
}

async function report(flow: Flow, tx: Tx, tenant: TenantId, crm: Install, { data }: Fact<'attribution.overwritten'>): Promise<void> {
  const { record, field, frozen, found } = data;
  const say = `Attribution was overwritten in the CRM: ${field} of ${record.type} ${record.id} was frozen as "${String(frozen)}" and says "${String(found)}" now.`;
  await raiseAlarm(tx, { code: 'attribution-overwritten', subject: subjectOf(crm, `${record.type}:${record.id}`), tenant, say }, flow.clock.now());
}
