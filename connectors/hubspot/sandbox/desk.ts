import type { Clock } from '#lib/clock';
import type { Faults, SandboxOptions } from '#ports/sandbox';
import type { CardClient } from '#shared/sandbox/card';
import { moment } from '#shared/sandbox/page.tsx';
import { person, type CrmAccount } from './account.ts';
import type { Actor, Item, World } from './world.ts';

/** What the pages have to work with. */
export interface Desk {
  world: () => World;
  account: CrmAccount;
  clock: Clock;
  faults: Faults;
  options: SandboxOptions;
  card: CardClient;
  calls: () => Record<string, number>;
  answers: () => Record<number, number>;
  searchLag: { ms: number };
}

/** The person in front of the pages: the account's first user. */
export function me(desk: Desk): { userId: number; email: string; name: string; actor: Actor } {
  const owner = desk.world().owners[0] ?? { userId: 1, firstName: 'Sam', lastName: 'Rivera', email: 'sam.rivera@example.com' };
  return { userId: owner.userId, email: owner.email, name: `${owner.firstName} ${owner.lastName}`, actor: person(owner) };
}

export const contactName = (item: Item): string => [item.properties.firstname, item.properties.lastname].filter(Boolean).join(' ') || 'Unnamed contact';

export function money(item: Item): string {
  const amount = Number(item.properties.amount ?? NaN);
  if (!Number.isFinite(amount)) return 'No amount';
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency: item.properties.deal_currency_code ?? 'EUR', maximumFractionDigits: 0 }).format(amount);
}

export function day(time: number | string | null | undefined): string {
  return moment(time);
}
