import type { CrmSchema, FieldInfo, RecordType } from '#core/records';
import type { MappingSet, Report } from './check.ts';
import { consentLanguage } from './consent-language.ts';
import { checkConsentRules } from './consent-writes.ts';
import { isDate } from './dates.ts';
import { compile, type ResultKind } from './expression.ts';
import type { Language } from './language.ts';
import { envelopeLanguages } from './languages.ts';
import { nearest } from './nearest.ts';
import type { Path } from './place.ts';
import { ofRecipients, STATUSES, type AnyMapping, type JourneyMapping, type WritebackMapping } from './schema.ts';
import { same } from './stages.ts';

/** One field that a mapping writes: where it says so, and with what. */
interface Assignment {
  mapping: AnyMapping;
  path: Path;
  record: RecordType;
  field: string;
  text: string;
  language: Language;
  /** Statuses under which it is written. */
  statuses: readonly string[];
}

/** Whether the fields that are written exist, may be written and take such values, and the roles that are named sign somewhere. */
export function checkWrites(set: MappingSet, schema: CrmSchema | null, report: Report): void {
  const assignments = [...(set.writeback ? [...ofWriteback(set.writeback, set), ...ofConsents(set.writeback)] : []), ...(set.journey ? ofJourney(set.journey, set) : [])];
  if (schema) for (const assignment of assignments) checkAssignment(assignment, schema, report);
  checkRepeated(set, report);
  if (set.writeback) checkConsentRules(set.writeback, report);
  checkRoles(set, report);
}

function languagesOf(set: MappingSet): ReturnType<typeof envelopeLanguages> {
  return envelopeLanguages(set.send ? Object.keys(set.send.attribution) : null);
}

const statusesOf = (on: 'any' | readonly string[]): readonly string[] => (on === 'any' ? STATUSES : on);
/** Statuses in which mail to a recipient may come back. */
const OUT = ['sent', 'viewed', 'partially_signed'];
/** A send that was refused has no records of its own. */
const isWritten = (record: RecordType, status: string): boolean => status !== 'blocked' || (record !== 'envelope' && record !== 'recipient');

function ofWriteback(mapping: WritebackMapping, set: MappingSet): Assignment[] {
  const { envelope, recipient } = languagesOf(set);
  return mapping.rules.flatMap((rule, index) =>
    (['set', 'once'] as const).flatMap((key) =>
      Object.entries(rule[key]).map(([field, text]) => ({
        mapping,
        path: ['rules', index, key, field],
        record: rule.record,
        field,
        text,
        language: ofRecipients(rule.record) ? recipient : envelope,
        statuses: statusesOf(rule.on).filter((status) => isWritten(rule.record, status)),
      })),
    ),
  );
}

/** An act of consent has no status of an envelope, so nothing is foreseen of its values. */
function ofConsents(mapping: WritebackMapping): Assignment[] {
  return mapping.consents.flatMap(({ record, set }, index) =>
    Object.entries(set).map(([field, text]) => ({ mapping, path: ['consents', index, 'set', field], record, field, text, language: consentLanguage, statuses: [] })),
  );
}

function ofJourney(mapping: JourneyMapping, set: MappingSet): Assignment[] {
  const { recipient } = languagesOf(set);
  return mapping.rules.flatMap((rule, index) =>
    rule.steps.flatMap((step, i) =>
      'set' in step
        ? Object.entries(step.set).map(([field, text]) => ({
            mapping,
            path: ['rules', index, 'steps', i, 'set', field],
            record: 'contact' as const,
            field,
            text,
            language: recipient,
            statuses: statusesOf(rule.on).flatMap((moment) => (moment === 'bounced' ? OUT : [moment])),
          }))
        : [],
    ),
  );
}

function checkAssignment(assignment: Assignment, schema: CrmSchema, report: Report): void {
  const { mapping, path, record, field } = assignment;
  const fields = schema.fields[record];
  if (!fields) return report(mapping, path, `The account has no ${record} records that can be written. Correct the rule, or make them available to the connected user.`);
  const info = fields.find(({ name }) => name === field);
  if (!info)
    return report(mapping, path, `${/^[aeiou]/.test(record) ? 'An' : 'A'} ${record} has no field "${field}".`, {
      suggestion: nearest(
        field,
        fields.map(({ name }) => name),
      ),
    });
  if (!info.writable) return report(mapping, path, `The ${record} field "${field}" cannot be written: the CRM computes it or keeps it for itself.`);
  const misfit = misfitOf(assignment, info);
  if (misfit) report(mapping, path, misfit.say, { suggestion: misfit.suggestion });
}

const FITTING: Record<FieldInfo['type'], ResultKind[]> = {
  text: ['text', 'number', 'bool'],
  number: ['number'],
  bool: ['bool'],
  date: ['text'],
  datetime: ['text'],
  choice: ['text'],
};
const CALLED: Record<FieldInfo['type'], string> = {
  text: 'a text',
  number: 'a number',
  bool: 'yes or no',
  date: 'a date',
  datetime: 'a date and time',
  choice: 'one of its options',
};

function misfitOf({ text, language, field, statuses }: Assignment, info: FieldInfo): { say: string; suggestion?: string | undefined } | undefined {
  const compiled = compile(text, language);
  // A faulty expression has been reported as such.
  if (!compiled.ok) return undefined;
  const { kind } = compiled.expression;
  if (kind !== 'unknown' && kind !== 'empty' && !FITTING[info.type].includes(kind)) return { say: `The field "${field}" takes ${CALLED[info.type]}; this gives a ${kind}.` };
  for (const value of foreseen(text, language, statuses)) {
    if (info.type === 'choice' && info.options && !info.options.includes(value))
      return { say: `The field "${field}" has no option "${value}".`, suggestion: nearest(value, info.options) };
    if ((info.type === 'date' || info.type === 'datetime') && !isDate(value)) return { say: `The field "${field}" takes ${CALLED[info.type]}; "${value}" is none.` };
  }
  return undefined;
}

/** The texts that an expression will surely give: those of a literal, or of what depends on the status alone. */
function foreseen(text: string, language: Language, statuses: readonly string[]): string[] {
  const compiled = compile(text, language);
  if (!compiled.ok || !compiled.expression.alone(['envelope.status'])) return [];
  const { run } = compiled.expression;
  return statuses.flatMap((status) => {
    try {
      const value = run(language.bind({ envelope: { status } }));
      return typeof value === 'string' && value !== '' ? [value] : [];
    } catch {
      return [];
    }
  });
}

function checkRepeated({ writeback }: MappingSet, report: Report): void {
  writeback?.rules.forEach((rule, index) => {
    for (const field of Object.keys(rule.once)) {
      if (Object.hasOwn(rule.set, field)) report(writeback, ['rules', index, 'once', field], `"${field}" is under set too. A field is written always or once, not both.`);
    }
  });
}

function checkRoles({ send, writeback, journey }: MappingSet, report: Report): void {
  if (!send) return;
  const known = send.rules.flatMap((rule) => rule.recipients.map(({ role }) => role));
  for (const mapping of [writeback, journey]) {
    mapping?.rules.forEach((rule, index) =>
      rule.roles?.forEach((role, i) => {
        if (known.some((name) => same(name, role))) return;
        report(mapping, ['rules', index, 'roles', i], `No rule of the send mapping has a role "${role}".`, { suggestion: nearest(role, known), level: 'warning' });
      }),
    );
  }
}
