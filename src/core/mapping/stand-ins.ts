import { entryOf, isObject } from '#lib/json';
import type { Path } from './place.ts';

/**
 * What is put in the place of a required key that is missing or misshapen, so that the rest of its mapping can be looked through for further faults.
 * One value serves a key wherever it stands; lists stand in for their items too.
 */
export const STAND_INS: Readonly<Record<string, unknown>> = {
  id: 'stand-in',
  title: '-',
  when: { request: true },
  template: '-',
  use: '-',
  subject: '"-"',
  body: '"-"',
  recipients: [{ role: '-', from: 'owner' }],
  role: '-',
  from: 'owner',
  contact: '-',
  people: { name: '"-"', email: '"-"' },
  name: '"-"',
  // Both an address and an expression.
  email: '"a@b.c"',
  checkbox: 'checkbox',
  hash: 'hash',
  text: '-',
  after: 1,
  every: 1,
  hours: 1,
  on: ['completed'],
  record: 'contact',
  type: 'terms',
  set: { field: '"-"' },
  channel: 'email',
  purpose: 'purpose',
  consent: 'none',
  list: '-',
  event: '-',
  leave: '-',
  task: { subject: '"-"', body: '"-"' },
  steps: [{ task: { subject: '"-"', body: '"-"' } }],
  rules: [],
};

/** A copy of a mapping whose misshapen members are taken out, or stood in for where they may be required. What stands in a list keeps its place, and so its path. */
export function withStandIns(mapping: unknown, misshapen: readonly { path: Path }[]): unknown {
  const copy = structuredClone(mapping);
  for (const { path } of misshapen) {
    const above = path.slice(0, -1).reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), copy);
    const key = path.at(-1);
    if (key === undefined || !isRecord(above)) continue;
    const standIn = typeof key === 'number' ? itemOf(entryOf(STAND_INS, String(path.at(-2)))) : entryOf(STAND_INS, key);
    if (standIn !== undefined) above[key] = structuredClone(standIn);
    else if (!Array.isArray(above)) delete above[key];
  }
  return copy;
}

const isRecord = (value: unknown): value is Record<string | number, unknown> => isObject(value) || Array.isArray(value);
const itemOf = (list: unknown): unknown => (Array.isArray(list) ? list[0] : undefined);
