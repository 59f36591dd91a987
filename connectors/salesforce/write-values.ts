import type { FieldValue } from '#core/records';
import { Problem } from '#core/problem';
import type { OrgField } from './describe-fields.ts';
import { isOwn, type Kind } from './describe-objects.ts';

export type Stored = string | number | boolean | null;

const DAY = /^\d{4}-\d{2}-\d{2}/;
const OURS = /^Esign_\w+__c$/;

/**
 * A value as this field takes it, or why it cannot. Looked at here because one value of the wrong JSON type refuses the whole batch, without a word on whose
 * it was; what only the org can tell (picklists, rules) is left to it.
 */
export function storedValue(value: FieldValue, field: OrgField, kind: Kind): Stored | Problem {
  // A checkbox is never empty.
  if (value === null || value === '') return field.type === 'bool' ? false : null;
  switch (field.type) {
    case 'number':
      return numberFrom(value, field);
    case 'bool':
      return value === true || value === 'true' ? true : value === false || value === 'false' ? false : misfit(field, 'true or false');
    case 'date':
      return timeOf(value) === null ? misfit(field, 'a date') : String(value).slice(0, 10);
    case 'datetime': {
      const ms = timeOf(value);
      return ms === null ? misfit(field, 'a date and time') : new Date(ms).toISOString();
    }
    default:
      return cut(String(value), field, kind);
  }
}

function numberFrom(value: string | number | boolean, field: OrgField): number | Problem {
  const number = typeof value === 'boolean' ? NaN : Number(value);
  return Number.isFinite(number) ? number : misfit(field, 'a number');
}

function timeOf(value: string | number | boolean): number | null {
  const ms = typeof value === 'string' && DAY.test(value) ? Date.parse(value) : NaN;
  return Number.isFinite(ms) ? ms : null;
}

/**
 * Prose (a reason that a signer wrote) and fields of our package are cut to the length that describe gives: a long reason shall not keep a status from the record.
 * Other fields are refused by the org instead, for half of an order number is a wrong one.
 */
function cut(text: string, field: OrgField, kind: Kind): string {
  const { length } = field;
  const prose = field.kind === 'textarea' || (field.kind === 'string' && (isOwn(kind) || OURS.test(field.name)));
  if (length === null || !prose || text.length <= length) return text;
  // Half of a surrogate pair is no letter.
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function misfit(field: OrgField, wanted: string): Problem {
  const say = `The field ${field.name} takes ${wanted}. Correct the mapping, then replay.`;
  return new Problem('vendor.rejected', { say, facts: { field: field.name } });
}
