import type { Clock } from '#lib/clock';
import type { Faults, SandboxOptions } from '#ports/sandbox';
import type { CardClient } from '#shared/sandbox/card';
import { moment } from '#shared/sandbox/page.tsx';
import { momentOf } from './org/moments.ts';
import type { Value } from './org/metadata.ts';
import type { Org } from './org/org.ts';
import type { Row } from './org/state.ts';
import type { Moods } from './rest/serve.ts';

/** What the pages have to work with. */
export interface Desk {
  org: Org;
  clock: Clock;
  faults: Faults;
  moods: Moods;
  options: SandboxOptions;
  card: CardClient;
  calls: () => Record<string, number>;
  /** Outbound messages so far, by the status that answered them. */
  answers: () => Record<number, number>;
}

/** The person in front of the pages. */
export function me({ org }: Desk): Row['values'] {
  return org.store.all('User')[0]?.values ?? {};
}

export function money({ org }: Desk, row: Row): string {
  const { Amount } = row.values;
  if (typeof Amount !== 'number') return 'No amount';
  const currency = org.state.multiCurrency && typeof row.values.CurrencyIsoCode === 'string' ? row.values.CurrencyIsoCode : 'EUR';
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency, maximumFractionDigits: 0 }).format(Amount);
}

/** A value as people read it. */
export function words(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' && !Number.isNaN(momentOf(value))) return moment(momentOf(value));
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return String(value);
}

/** The live children of a record, in the order in which they were made. */
export function childrenOf({ org }: Desk, type: string, field: string, id: string): Row[] {
  return (org.store.by(type, field, id) ?? []).filter((row) => !row.deleted).sort((a, b) => (a.id < b.id ? -1 : 1));
}
export const liveRows = ({ org }: Desk, type: string): Row[] => org.store.all(type).filter((row) => !row.deleted);
