import type { FieldValue } from '#core/records';
import type { Json } from '#lib/json';

/** What the sandbox's Marketing Cloud holds. Plain JSON, so that it outlives a restart. */
export interface SandboxState {
  codes: Record<string, { redirectUri: string; scopes: string[]; expiresAt: number }>;
  /** Each token is of one business unit. */
  accessTokens: Record<string, { mid: string; scopes: string[]; expiresAt: number; user: boolean }>;
  refreshTokens: Record<string, { mid: string; scopes: string[]; expiresAt: number }>;
  definitions: Definition[];
  entries: Entry[];
  /** Contacts that may enter nothing. */
  inactive: string[];
}

export const FIELD_TYPES = ['Text', 'Number', 'Decimal', 'Date', 'Boolean', 'EmailAddress'] as const;
export interface DefinitionField {
  name: string;
  type: (typeof FIELD_TYPES)[number];
  required: boolean;
}
/** An entry event with its journey and the data extension that it writes to. */
export interface Definition {
  key: string;
  journey: string;
  mid: string;
  active: boolean;
  fields: DefinitionField[];
}
export interface Entry {
  eventInstanceId: string;
  key: string;
  contactKey: string;
  data: Record<string, FieldValue>;
  mid: string;
  at: number;
}

/** The account that every sandbox holds; the ids never change, so that connecting again is the same business unit. */
export const ACCOUNT = {
  enterprise: '510001000',
  name: 'Harbour & Pine Ltd',
  units: [
    { mid: '510001000', name: 'Harbour & Pine' },
    { mid: '510001042', name: 'Harbour & Pine Europe' },
  ],
  user: { id: '10654321', name: 'Robin Vega', login: 'robin.vega', email: 'robin.vega@example.com' },
} as const;
/** The business unit in which the user of the sandbox is signed in. */
export const HOME_MID = ACCOUNT.units[0].mid;

const field = (name: string, type: DefinitionField['type'], required = false): DefinitionField => ({ name, type, required });
const common = (): DefinitionField[] => [field('EnvelopeId', 'Text', true), field('Template', 'Text'), field('DealId', 'Text'), field('DealName', 'Text')];
const definition = (key: string, journey: string, fields: DefinitionField[], active = true): Definition => ({ key, journey, mid: HOME_MID, active, fields });

const seeded = (): Definition[] => [
  definition('APIEvent-envelope-completed', 'Onboarding after signature', [...common(), field('SignedAt', 'Date'), field('Amount', 'Decimal'), field('FirstSource', 'Text')]),
  definition('APIEvent-envelope-declined', 'Second thoughts', [...common(), field('DeclinedAt', 'Date')]),
  definition('APIEvent-renewal', 'Renewal (draft)', common(), false),
];

export function restoreState(saved: Json | undefined): SandboxState {
  const fresh: SandboxState = { codes: {}, accessTokens: {}, refreshTokens: {}, definitions: seeded(), entries: [], inactive: [] };
  return saved && typeof saved === 'object' && !Array.isArray(saved) ? { ...fresh, ...(structuredClone(saved) as unknown as SandboxState) } : fresh;
}
