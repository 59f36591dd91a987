export interface Filter {
  propertyName: string;
  operator: string;
  value?: string;
  values?: string[];
}
type Properties = Record<string, string | null>;

/** Groups are joined by OR, the filters of a group by AND, and the free text by AND with all of it. */
export function matches(properties: Properties, groups: Filter[][], query: string): boolean {
  const text = Object.values(properties).join(' ').toLowerCase();
  if (query !== '' && !text.includes(query.toLowerCase())) return false;
  return groups.length === 0 || groups.some((filters) => filters.every((filter) => holds(properties[filter.propertyName] ?? null, filter)));
}

function holds(value: string | null, { operator, value: wanted = '', values = [] }: Filter): boolean {
  if (operator === 'HAS_PROPERTY') return value !== null;
  if (operator === 'NOT_HAS_PROPERTY') return value === null;
  if (value === null) return operator === 'NEQ' || operator === 'NOT_IN';
  const [left, right] = [comparable(value), comparable(wanted)];
  const tests: Record<string, () => boolean> = {
    EQ: () => value === wanted,
    NEQ: () => value !== wanted,
    IN: () => values.includes(value),
    NOT_IN: () => !values.includes(value),
    GT: () => left > right,
    GTE: () => left >= right,
    LT: () => left < right,
    LTE: () => left <= right,
    CONTAINS_TOKEN: () => value.toLowerCase().includes(wanted.replaceAll('*', '').toLowerCase()),
  };
  return tests[operator]?.() ?? false;
}

/** Numbers and times compare as numbers; search takes times as milliseconds. */
function comparable(text: string): number {
  const number = Number(text);
  return Number.isNaN(number) ? Date.parse(text) : number;
}
