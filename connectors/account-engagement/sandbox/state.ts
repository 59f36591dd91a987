import type { Json } from '#lib/json';

/** What the sandbox's org and its Account Engagement hold. Plain JSON, so that it outlives a restart. */
export interface SandboxState {
  codes: Record<string, { challenge: string; scopes: string[]; expiresAt: number }>;
  accessTokens: Record<string, { family: string; scopes: string[]; expiresAt: number }>;
  /** A refresh token is used once; a used one that comes back ends all that grew from the same consent. */
  refreshTokens: Record<string, { family: string; scopes: string[]; used: boolean }>;
  units: BusinessUnit[];
  lists: List[];
  prospects: Prospect[];
  memberships: Membership[];
  nextId: number;
  /** Requests of the day, and how many it has. */
  usage: { day: number; used: number; limit: number };
}
export interface BusinessUnit {
  id: string;
  name: string;
  active: boolean;
}
export interface List {
  id: number;
  unit: string;
  name: string;
  isDynamic: boolean;
}
export interface Prospect {
  id: number;
  unit: string;
  email: string;
  optedOut: boolean;
  lastActivityAt: number;
}
export interface Membership {
  id: number;
  listId: number;
  prospectId: number;
  optedOut: boolean;
  at: number;
}

/** The org that every sandbox is; its ids never change, so that connecting again is the same account. */
export const ORG = { id: '00D5f000000AcctEAA', name: 'Harbour & Pine Ltd', user: { id: '0055f00000RobinAAA', name: 'Robin Vega', email: 'robin.vega@example.com' } } as const;
export const HOME_UNIT = '0Uv5f0000000HomeAA';
const DAILY_REQUESTS = 25_000;

const seeded = (): SandboxState => ({
  codes: {},
  accessTokens: {},
  refreshTokens: {},
  units: [{ id: HOME_UNIT, name: 'Harbour & Pine Marketing', active: true }],
  lists: [
    { id: 501, unit: HOME_UNIT, name: 'Newsletter', isDynamic: false },
    { id: 502, unit: HOME_UNIT, name: 'Visited pricing', isDynamic: true },
  ],
  prospects: [],
  memberships: [],
  nextId: 20_001,
  usage: { day: 0, used: 0, limit: DAILY_REQUESTS },
});

export function restoreState(saved: Json | undefined): SandboxState {
  return saved && typeof saved === 'object' && !Array.isArray(saved) ? { ...seeded(), ...(structuredClone(saved) as unknown as SandboxState) } : seeded();
}

/** What is held under a name that came from outside. */
export const heldUnder = <T>(table: Record<string, T>, name: string | undefined): T | undefined => (name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined);
export const bearerOf = (header: string | undefined): string | undefined => /^Bearer (\S+)$/.exec(header ?? '')?.[1];
