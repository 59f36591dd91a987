import type { FieldValue, Snapshot } from '#core/records';

/** What the key of an effect begins with that sets a field back to what was frozen. */
export const RESTORE_KEY = 'restore|';

/** Whether a field that held `frozen` holds something else now. Empty is nothing that anybody wrote over it. */
export function isOverwritten(frozen: FieldValue, found: FieldValue | undefined): boolean {
  if (found === undefined || found === null || found === '') return false;
  return !alike(frozen, found);
}

/** A CRM gives a number back as a text, and a moment in a form of its own. */
function alike(a: FieldValue, b: FieldValue): boolean {
  const [one, other] = [String(a).trim(), String(b).trim()];
  if (one === other) return true;
  const numbers = [Number(one), Number(other)];
  if (one !== '' && other !== '' && numbers.every(Number.isFinite)) return numbers[0] === numbers[1];
  const times = [timeOf(one), timeOf(other)];
  return times[0] !== null && times[0] === times[1];
}

const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

function timeOf(text: string): number | null {
  if (/^\d{12,13}$/.test(text)) return Number(text);
  if (!MOMENT.test(text)) return null;
  const time = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  // A field of whole days or whole seconds keeps no more of a moment than that.
  return Number.isFinite(time) ? Math.floor(time / 1000) * 1000 : null;
}

/** The fields of a deal and its contacts as a snapshot holds them, by `type:id`. */
export function fieldsByRecord({ deal, contacts, company }: Snapshot): Map<string, Snapshot['deal']['fields']> {
  const records: [string, Snapshot['deal']['fields']][] = [
    [`deal:${deal.id}`, deal.fields],
    ...contacts.map(({ id, fields }): [string, typeof fields] => [`contact:${id}`, fields]),
  ];
  if (company) records.push([`company:${company.id}`, company.fields]);
  return new Map(records);
}
