import type { EnvelopeView, PlannedAttachment, PlannedWrite } from '#core/plan';
import type { FieldValue, RecordRef } from '#core/records';
import { evaluate, evaluateCondition } from './expression.ts';
import type { Language } from './language.ts';
import { envelopeLanguages } from './languages.ts';
import { writePath } from './place.ts';
import { ofRecipients, type WritebackMapping, type WritebackRule } from './schema.ts';
import { bindView, isOn, signersOf, type ViewRecipient } from './view.ts';

/**
 * What an envelope writes to which records, one write a record; where two rules write one field, the later rule holds.
 * @throws Problem `mapping.failed`
 */
export function planWrites(writeback: WritebackMapping, view: EnvelopeView): PlannedWrite[] {
  const writes = new Map<string, PlannedWrite>();
  const { envelope, recipient } = envelopeLanguages(null);
  writeback.rules.forEach((rule, index) => {
    if (!isOn(rule.on, view.status)) return;
    if (!ofRecipients(rule.record)) {
      const id = recordOf(rule.record, view);
      if (id) merge(writes, { type: rule.record, id }, valuesOf(rule, index, envelope, bindView(envelope, view)));
      return;
    }
    for (const one of signersOf(view, rule.roles)) {
      const id = recordOfRecipient(rule.record, view, one);
      if (id) merge(writes, { type: rule.record, id }, valuesOf(rule, index, recipient, bindView(recipient, view, one)));
    }
  });
  return [...writes.values()].filter(({ set }) => Object.keys(set).length > 0);
}

/** With which records the signed document of an envelope is kept. */
export function planAttachments(writeback: WritebackMapping, view: EnvelopeView): PlannedAttachment[] {
  const { envelope } = envelopeLanguages(null);
  return writeback.rules.flatMap((rule, index): PlannedAttachment[] => {
    const id = rule.attach === undefined || !isOn(rule.on, view.status) ? '' : recordOf(rule.record, view);
    const holds = id && (rule.if === undefined || evaluateCondition(rule.if, envelope, bindView(envelope, view), writePath(['rules', index, 'if'])));
    return holds ? [{ record: { type: rule.record, id } }] : [];
  });
}

/** The one record of that kind; empty where there is none. */
function recordOf(type: RecordRef['type'], { id, deal, company }: EnvelopeView): string {
  return { envelope: id, deal, company: company ?? '', recipient: '', contact: '', lead: '' }[type];
}

function recordOfRecipient(type: RecordRef['type'], { id }: EnvelopeView, { role, contact, lead }: ViewRecipient): string {
  return { recipient: id && `${id}|${role}`, contact: contact ?? '', lead: lead ?? '', envelope: '', deal: '', company: '' }[type];
}

interface Values {
  set: Record<string, FieldValue>;
  once: Record<string, FieldValue>;
}

function valuesOf(rule: WritebackRule, index: number, language: Language, bound: Readonly<Record<string, unknown>>): Values {
  const at = (...path: string[]): string => writePath(['rules', index, ...path]);
  if (rule.if !== undefined && !evaluateCondition(rule.if, language, bound, at('if'))) return { set: {}, once: {} };
  const values = (key: 'set' | 'once'): Record<string, FieldValue> =>
    Object.fromEntries(Object.entries(rule[key]).map(([field, text]) => [field, evaluate(text, language, bound, at(key, field))] as const));
  return { set: values('set'), once: values('once') };
}

function merge(writes: Map<string, PlannedWrite>, record: RecordRef, { set, once }: Values): void {
  const key = `${record.type} ${record.id}`;
  const write = writes.get(key) ?? { record, set: {}, once: [] };
  writes.set(key, write);
  for (const [field, value] of Object.entries(set)) {
    write.set[field] = value;
    write.once = write.once.filter((name) => name !== field);
  }
  for (const [field, value] of Object.entries(once)) {
    // To write emptiness once is to write nothing; a field that some rule always writes is not kept.
    if (value === null || value === '' || Object.hasOwn(write.set, field)) continue;
    write.set[field] = value;
    write.once.push(field);
  }
}
