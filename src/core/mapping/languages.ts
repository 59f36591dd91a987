import { TOUCH_NAMES } from '#core/frozen-attribution';
import type { CrmSchema, FieldInfo } from '#core/records';
import { createLanguage, type FieldKinds, type Language, type Shape } from './language.ts';
import type { FieldKind } from './row.ts';

/** The languages of a `send` mapping. */
export interface SendLanguages {
  /** Conditions, templates: `deal`, `contact`, `primary`, `company`, `owner`, `lines`. */
  condition: Language;
  /** Subject, message and fields, written once the recipients are known: `recipients` too. */
  content: Language;
  /** How a contact's name and address are read: `contact` alone. */
  people: Language;
}
/** The languages of `writeback` and `journey` mappings: `envelope`, `attribution`, `recipients`, `waitingFor`, and for a contact `recipient`. */
export interface EnvelopeLanguages {
  envelope: Language;
  recipient: Language;
}

const OWNER: FieldKinds = { id: 'text', name: 'text', email: 'text' };
const SIGNER: FieldKinds = { role: 'text', name: 'text', email: 'text', order: 'number', contact: 'text' };
const ENVELOPE: FieldKinds = {
  ...texts('id', 'deal', 'company', 'status', 'rule', 'template', 'provider', 'url', 'reason'),
  ...texts('requestedAt', 'sentAt', 'viewedAt', 'completedAt', 'closedAt', 'expiresAt'),
};
const RECIPIENT: FieldKinds = { ...texts('role', 'status', 'contact', 'lead', 'signedAt'), order: 'number' };

const bySchema = new WeakMap<CrmSchema, SendLanguages>();
let unchecked: SendLanguages | undefined;

/** With the fields of an account; without a schema, any field may be named and what is absent is empty. */
export function sendLanguages(schema: CrmSchema | null): SendLanguages {
  if (schema === null) return (unchecked ??= createSendLanguages(null));
  let languages = bySchema.get(schema);
  if (!languages) bySchema.set(schema, (languages = createSendLanguages(schema)));
  return languages;
}

function createSendLanguages(schema: CrmSchema | null): SendLanguages {
  const kinds = (type: 'deal' | 'contact' | 'company' | 'line', more: Record<string, FieldKind>): FieldKinds => (schema ? { ...more, ...fieldKinds(schema.fields[type]) } : null);
  const contact = kinds('contact', { id: 'text' });
  const base: Record<string, Shape> = {
    deal: { one: kinds('deal', { id: 'text', url: 'text' }) },
    contact: { one: contact },
    primary: { one: contact },
    company: { one: kinds('company', { id: 'text' }) },
    owner: { one: OWNER },
    lines: { many: kinds('line', { id: 'text' }) },
  };
  return {
    condition: createLanguage(base),
    content: createLanguage({ ...base, recipients: { many: SIGNER } }),
    people: createLanguage({ contact: { one: contact } }),
  };
}

const byAttribution = new Map<string, EnvelopeLanguages>();
const REMEMBERED = 100;

/** `attribution` names what the `send` mapping freezes, beside what touchpoints have anyway; null where that is not known, and then any name may be read. */
export function envelopeLanguages(attribution: readonly string[] | null): EnvelopeLanguages {
  const key = JSON.stringify(attribution);
  let languages = byAttribution.get(key);
  if (!languages) {
    const base: Record<string, Shape> = {
      envelope: { one: ENVELOPE },
      attribution: { one: attribution ? texts(...attribution, ...TOUCH_NAMES) : null },
      recipients: { many: RECIPIENT },
      waitingFor: { texts: true },
    };
    languages = { envelope: createLanguage(base), recipient: createLanguage({ ...base, recipient: { one: RECIPIENT } }) };
    if (byAttribution.size >= REMEMBERED) byAttribution.clear();
    byAttribution.set(key, languages);
  }
  return languages;
}

function fieldKinds(fields: readonly FieldInfo[]): Record<string, FieldKind> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, type === 'number' || type === 'bool' ? type : 'text'] as const));
}

function texts(...names: string[]): Record<string, FieldKind> {
  return Object.fromEntries(names.map((name) => [name, 'text'] as const));
}
