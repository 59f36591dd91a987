import type { EnvelopeView, PlannedWrite } from '#core/plan';
import type { FieldValue, RecordRef } from '#core/records';
import { evaluate, evaluateCondition } from './expression.ts';
import type { Language } from './language.ts';
import { envelopeLanguages } from './languages.ts';
import { writePath } from './place.ts';
import type { WritebackMapping, WritebackRule } from './schema.ts';
import { bindView, contactsOf, isOn } from './view.ts';

/**
 * What an envelope writes to which records, one write a record; where two rules write one field, the later rule holds.
 * @throws Problem `mapping.failed`
 */
export function planWrites(writeback: WritebackMapping, view: EnvelopeView): PlannedWrite[] {
  const writes = new Map<string, PlannedWrite>();
  const { envelope, recipient } = envelopeLanguages(null);
  writeback.rules.forEach((rule, index) => {
    if (!isOn(rule.on, view.status)) return;
    if (rule.record === 'deal') return merge(writes, { type: 'deal', id: view.deal }, valuesOf(rule, index, envelope, bindView(envelope, view)));
    for (const one of contactsOf(view, rule.roles)) {
      merge(writes, { type: 'contact', id: one.contact }, valuesOf(rule, index, recipient, bindView(recipient, view, one)));
    }
  });
  return [...writes.values()].filter(({ set }) => Object.keys(set).length > 0);
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
