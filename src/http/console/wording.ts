import type { EffectData, EffectKind } from '#core/effect';
import type { EnvelopeStatus } from '#core/envelope';
import type { FactData, FactType } from '#core/fact';
import { counted } from './counted.ts';
import type { FactsTable, ReceiptsTable } from '#store/ledger-schema';
import type { OutboxTable } from '#store/schema';

/** What a story's parties are called on its page. */
export interface Names {
  crm: string;
  sign: string;
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
  'envelope.remind-requested': (data) => `A reminder was asked for by ${data.by}`,
  'person.erased': (_, { crm }) => `${crm} asked us to erase a person`,
  'record.write-failed': (data, { crm }) => `${crm} refused ${counted(data.fields.length, 'field')} of ${data.record.type} ${data.record.id}`,
};
const SEEN: Record<FactData['envelope.status']['seenBy'], string> = { webhook: '', reconcile: ' (found by reconciliation)', call: '' };

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
  'record.write': (data, { crm }) => `Write ${counted(Object.keys(data.set).length, 'field')} of ${data.record.type} ${data.record.id} in ${crm}`,
  'task.create': (data, { crm }) => `Make a task in ${crm}: ${data.subject}`,
  'journey.emit': (data, { crm }) => `Add contact ${data.contact} to the list “${data.list}” in ${crm}`,
};

export function sayEffect(effect: Pick<OutboxTable, 'kind' | 'data'>, names: Names): string {
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

const DID: Record<EffectKind, [string, keyof Pick<Names, 'crm' | 'sign'>]> = {
  'deal.read': ['read the deal', 'crm'],
  'envelope.create': ['made and sent the envelope', 'sign'],
  'envelope.void': ['voided the envelope', 'sign'],
  'envelope.remind': ['sent the reminder', 'sign'],
  'record.write': ['wrote the fields', 'crm'],
  'task.create': ['made the task', 'crm'],
  'journey.emit': ['added the contact to the list', 'crm'],
};

export function sayReceipt(receipt: Pick<ReceiptsTable, 'kind' | 'outcome'>, names: Names): string {
  const [did, whose] = DID[receipt.kind];
  const vendor = names[whose];
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
