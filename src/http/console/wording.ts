import type { ConsentTopic } from '#core/consent';
import type { EffectData, EffectKind } from '#core/effect';
import { statusWords, type EnvelopeStatus } from '#core/envelope';
import type { FactData, FactType } from '#core/fact';
import { counted } from './counted.ts';
import type { FactsTable, ReceiptsTable } from '#store/ledger-schema';
import type { OutboxTable } from '#store/schema';

/** What a story's parties are called on its page. */
export interface Names {
  crm: string;
  sign: string;
  /** Whoever lists and journeys belong to: the CRM, or another account beside it. */
  journey: string;
  /** What one vendor is called, in the parts that it plays. */
  as: (vendor: string) => Partial<Pick<Names, 'crm' | 'sign' | 'journey'>>;
  /** A stage as people know it. */
  stage: (id: string) => string;
}

const HEARD: Record<EnvelopeStatus, string> = {
  requested: 'prepared the envelope',
  sent: 'sent the envelope out',
  viewed: 'says that a recipient opened it',
  partially_signed: 'says that someone signed and others have still to sign',
  completed: 'says that everyone has signed',
  declined: 'says that a recipient declined',
  voided: 'says that the envelope was voided',
  expired: 'says that the envelope expired',
  failed: 'says that the envelope failed',
};

/** Every kind of fact as a sentence; the type makes a forgotten one a compile error. */
const FACTS: { [Type in FactType]: (data: FactData[Type], names: Names) => string } = {
  'deal.stage-changed': (data, { crm, stage }) => {
    const who = { person: 'A person', automation: 'An automation', countersign: 'Countersign itself', unknown: 'Someone' }[data.source];
    const where = data.stage === null ? 'to another stage' : `to “${stage(data.stage)}”`;
    return `${who} moved the deal ${where} in ${crm}${data.seenBy === 'reconcile' ? ' (found by reconciliation)' : ''}`;
  },
  'deal.deleted': (_, { crm }) => `The deal was deleted in ${crm}`,
  'deal.read': (data, { crm, stage }) => `${crm} says that the deal stands at “${stage(data.stage)}”`,
  'deal.read-failed': (_, { crm }) => `The deal could not be read from ${crm}`,
  'send.requested': () => 'A person pressed Send for signature',
  'envelope.status': (data, { sign }) => `${sign} ${HEARD[data.status]}${SEEN[data.seenBy]}`,
  'envelope.create-failed': (_, { sign }) => `${sign} did not make the envelope`,
  'envelope.void-requested': (data) => `A void was asked for by ${data.by}`,
  'envelope.waited': (data) => `The time of the journey rule “${data.rule}” was over`,
  'envelope.remind-requested': (data) => `A reminder was asked for by ${data.by}`,
  'person.erased': (_, { crm }) => `${crm} asked us to erase a person`,
  'consent.acted': (data, { crm }) => `${data.acts.map(sayAct).join('; ')}${data.acts.some(({ how }) => how === 'crm') ? `, in ${crm}` : ''}`,
  'lead.captured': (data) => `Somebody filled in the page “${data.page}”`,
  'person.linked': (data, { crm }) => `${crm} knows them as contact ${data.contact}${data.deal === null ? '' : `, with deal ${data.deal}`}`,
  'consent.refused': (data) => `${counted(data.refused.length, 'checkbox', 'checkboxes')} of the signed envelope could not be taken as consent`,
  'envelope.answered': (_, { sign }) => `${sign} told what the signers ticked`,
  'record.write-failed': (data, { crm }) => `${crm} refused ${counted(data.fields.length, 'field')} of ${data.record.type} ${data.record.id}`,
  'attribution.overwritten': (data, { crm }) => `${data.field} of ${data.record.type} ${data.record.id} was written over in ${crm}`,
};
const SEEN: Record<FactData['envelope.status']['seenBy'], string> = { webhook: '', reconcile: ' (found by reconciliation)', call: '' };

/** What is agreed to, as a phrase: `marketing by email for newsletter`. */
export function sayTopic({ type, purpose, channel }: ConsentTopic): string {
  const words = type.replaceAll('-', ' ');
  return type === 'marketing' ? `${words} by ${channel ?? 'any way'} for ${purpose ?? 'anything'}` : words;
}
const sayAct = (act: ConsentTopic & { status: string }): string =>
  `A person ${act.status === 'granted' ? 'agreed to' : act.status === 'declined' ? 'declined' : 'withdrew'} ${sayTopic(act)}`;

export function sayFact(fact: Pick<FactsTable, 'type' | 'data'>, names: Names): string {
  const say = FACTS[fact.type] as ((data: unknown, names: Names) => string) | undefined;
  return worded(fact.data, (data) => say?.(data, names), fact.type);
}

/** Every kind of effect, as what shall be done. */
const EFFECTS: { [Kind in EffectKind]: (data: EffectData[Kind], names: Names) => string } = {
  'deal.read': (_, { crm }) => `Read the deal from ${crm}`,
  'envelope.create': (_, { sign }) => `Make the envelope at ${sign} and send it`,
  'envelope.void': (_, { sign }) => `Void the envelope at ${sign}`,
  'envelope.remind': (_, { sign }) => `Have ${sign} remind whoever has to sign now`,
  'envelope.wait': (data) => `See whether the envelope is still “${statusWords(data.status)}” when the journey rule “${data.rule}” is due`,
  'record.write': (data, { crm }) => `Write ${counted(Object.keys(data.set).length, 'field')} of ${data.record.type} ${data.record.id} in ${crm}`,
  'task.create': (data, { crm }) => `Make a task in ${crm}: ${data.subject}`,
  'journey.join': (data, { journey }) => `Add contact ${data.contact} to the list “${data.list}”${data.status === undefined ? '' : ` as “${data.status}”`} in ${journey}`,
  'journey.leave': (data, { journey }) => `Take contact ${data.contact} off the list “${data.list}” in ${journey}`,
  'journey.complete': (data, { journey }) => `Let the workflow in ${journey} go on: ${data.outcome}`,
  'journey.emit': (data, { journey }) => `Tell “${data.event}” of contact ${data.contact} in ${journey}`,
  'consent.tell': (data, { crm }) => `Tell ${crm}: ${sayTopic(data.topic)} ${data.status}`,
  'contact.intake': (data, { crm }) => `Find or make the contact of who filled in “${data.page}” in ${crm}`,
  'answers.read': (_, { sign }) => `Read from ${sign} what the signers ticked`,
  'document.attach': (data, { crm }) => `Keep the signed document with ${data.record.type} ${data.record.id} in ${crm}`,
};

/** The names of a story in which this vendor acts: a tenant may have several CRMs. */
export const namesWith = (names: Names, vendor: string | null): Names => (vendor === null ? names : { ...names, ...names.as(vendor) });

export function sayEffect(effect: Pick<OutboxTable, 'kind' | 'data'> & { vendor?: string | null }, told: Names): string {
  const names = namesWith(told, effect.vendor ?? null);
  const say = EFFECTS[effect.kind] as ((data: unknown, names: Names) => string) | undefined;
  return worded(effect.data, (data) => say?.(data, names), effect.kind);
}

/** A status that was told already, told once more: what is new then is how far the recipients are. */
export const sayTold = ({ sign }: Names): string => `${sign} tells how each recipient stands`;

export interface RecordName {
  type: string;
  id: string;
}

/** Records as a phrase: `the deal and 2 contacts`. */
export function sayRecords(records: RecordName[]): string {
  const byType = new Map<string, Set<string>>();
  for (const { type, id } of records) byType.set(type, (byType.get(type) ?? new Set()).add(id));
  const parts = [...byType].map(([type, ids]) => (ids.size === 1 ? `the ${type}` : `${ids.size} ${type === 'company' ? 'companies' : `${type}s`}`));
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

const DID: Record<EffectKind, [string, 'crm' | 'sign' | 'journey']> = {
  'deal.read': ['read the deal', 'crm'],
  'envelope.create': ['made and sent the envelope', 'sign'],
  'envelope.void': ['voided the envelope', 'sign'],
  'envelope.remind': ['sent the reminder', 'sign'],
  'envelope.wait': ['had been given the time', 'sign'],
  'record.write': ['wrote the fields', 'crm'],
  'task.create': ['made the task', 'crm'],
  'journey.join': ['added the contact to the list', 'journey'],
  'journey.leave': ['took the contact off the list', 'journey'],
  'journey.complete': ['let the workflow go on', 'journey'],
  'journey.emit': ['told the journey', 'journey'],
  'consent.tell': ['took note of the consent', 'crm'],
  'contact.intake': ['found or made the contact', 'crm'],
  'answers.read': ['told what the signers ticked', 'sign'],
  'document.attach': ['kept the signed document', 'crm'],
};

/** What a system said to a consent: each is an answer, and only some of them changed anything there. */
const TOLD: Record<string, (vendor: string) => string> = {
  already: (vendor) => `${vendor} knew of the consent already`,
  'no-place': (vendor) => `${vendor} has no place for this consent`,
  'kept-out': (vendor) => `${vendor} keeps the person out: they have objected there`,
};

export function sayReceipt(receipt: Pick<ReceiptsTable, 'kind' | 'outcome'> & { detail?: string }, names: Names): string {
  const [did, whose] = DID[receipt.kind];
  const vendor = names[whose];
  if (receipt.kind === 'consent.tell' && receipt.outcome === 'done') {
    const said = worded(receipt.detail ?? '{}', (detail) => TOLD[(detail as { outcome?: string }).outcome ?? '']?.(vendor), '');
    if (said !== '') return said;
  }
  if (receipt.outcome === 'retry' && worded(receipt.detail ?? '{}', (detail) => (detail as { code?: string }).code, '') === 'send.stopped')
    return 'Sending is stopped, so it waits until somebody resumes it';
  const said: Record<ReceiptsTable['outcome'], string> = {
    done: `${vendor} ${did}`,
    partly: `${vendor} ${did}, but not all of it`,
    retry: `${vendor} could not do it yet; it is tried again`,
    parked: `${vendor} refused; it is a dead letter until a person mends it`,
    cancelled: 'It was not needed any more',
  };
  return said[receipt.outcome];
}

/** A ledger outlives the code that wrote it: a row of an unknown shape still gets its bare name. */
function worded(json: string, say: (data: unknown) => string | undefined, bare: string): string {
  try {
    return say(JSON.parse(json)) ?? bare;
  } catch {
    return bare;
  }
}

/** Of what we told ourselves, or found by asking. Those of effects tell what came of the call, be it a refusal. */
const KINDS: Record<string, string> = {
  'deal.read': 'Answer to reading the deal',
  'envelope.create': 'Answer to making the envelope',
  'envelope.void': 'Answer to voiding the envelope',
  'answers.read': 'Answer to reading what was ticked',
  'record.write': 'Answer to writing a record',
  'contact.intake': 'Answer to finding or making a contact',
  'reconcile.deal': 'A change of a deal, found by asking',
  'reconcile.envelope': 'A change of an envelope, found by asking',
  'send.requested': 'Send for signature was pressed',
  'envelope.void-requested': 'A void was asked for',
  'envelope.remind-requested': 'A reminder was asked for',
};

/** What a notice is called: `deal.propertyChange` as “Deal property change”. */
export function sayKind(kind: string): string {
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  const words = kind
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[-._]+/g, ' ')
    .toLowerCase();
  return known ?? words.charAt(0).toUpperCase() + words.slice(1);
}
