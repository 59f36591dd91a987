import type { Json } from '#lib/json';

export const KINDS = ['deals', 'contacts', 'companies', 'line_items', 'tasks'] as const;
export type Kind = (typeof KINDS)[number];

/** Who changed something, as webhooks and the history tell it. */
export interface Actor {
  source: string;
  sourceId: string;
  label: string;
}
export interface Change {
  at: number;
  property: string;
  from: string | null;
  to: string | null;
  source: string;
  sourceId?: string;
  by: string;
}
export interface Item {
  id: string;
  createdAt: number;
  updatedAt: number;
  properties: Record<string, string | null>;
  history: Change[];
  /** What search still shows of it until its index has caught up; null where it has never been indexed. */
  indexed: { updatedAt: number; properties: Record<string, string | null> } | null;
}
export interface LinkType {
  category: 'HUBSPOT_DEFINED' | 'USER_DEFINED';
  typeId: number;
  label: string | null;
}
/** An association, kept from the deal's side. */
export interface Link {
  deal: string;
  kind: Kind;
  id: string;
  types: LinkType[];
}
export interface PropertyDefinition {
  name: string;
  label: string;
  description: string;
  groupName: string;
  type: string;
  fieldType: string;
  options: { label: string; value: string; displayOrder: number; hidden: boolean }[];
  readOnly: boolean;
  calculated: boolean;
  externalOptions: boolean;
  hidden: boolean;
  hubspotDefined: boolean;
  createdAt: number;
}
export interface List {
  id: string;
  name: string;
  processingType: 'MANUAL' | 'DYNAMIC' | 'SNAPSHOT';
  createdAt: number;
  members: Record<string, number>;
}
export interface Stage {
  id: string;
  label: string;
  closed: boolean;
  probability: string;
}
export interface OwnerRecord {
  id: string;
  userId: number;
  firstName: string;
  lastName: string;
  email: string;
}
export interface Grant {
  refreshToken: string;
  scopes: string[];
  installedAt: number;
  userId: number;
}

export interface SubscriptionDefinition {
  id: string;
  name: string;
  description: string;
  isActive: boolean;
}
export interface PreferenceState {
  status: 'SUBSCRIBED' | 'UNSUBSCRIBED' | 'NOT_SPECIFIED';
  at: number;
  legalBasis?: string;
  explanation?: string;
}
/** What people subscribe to, and what each address said of it: `left` is when it left everything. */
export interface Preferences {
  definitions: SubscriptionDefinition[];
  people: Record<string, { left: number | null; of: Record<string, PreferenceState> }>;
}

/** Everything that the account holds; plain data, so that it survives a restart as JSON. */
export interface World {
  portalId: number;
  accountType: string;
  domain: string;
  timeZone: string;
  currency: string;
  nextId: number;
  objects: Record<Kind, Record<string, Item>>;
  links: Link[];
  properties: Record<Kind, Record<string, PropertyDefinition>>;
  groups: Record<Kind, Record<string, string>>;
  pipeline: { id: string; label: string; stages: Stage[] };
  labels: LinkType[];
  owners: OwnerRecord[];
  lists: Record<string, List>;
  preferences?: Preferences;
  /** The installed app, if it is. */
  grant: Grant | null;
  codes: Record<string, { redirectUri: string; scopes: string[]; expiresAt: number }>;
  /** Access tokens and when they end. */
  tokens: Record<string, number>;
  eventId: number;
  /** Custom events by full name with their properties, and what was sent; null or absent where the subscription has none. */
  customEvents?: { definitions: Record<string, string[]>; told: { uuid: string; eventName: string; objectId: string; properties: Record<string, string> }[] } | null;
  /** Workflows that the app's step holds, by callback. */
  waiting?: Record<string, Waiting>;
}
/** A workflow that was told to wait; `outputs` is what let it go on. */
export interface Waiting {
  deal: string;
  expiration: string;
  outputs: Record<string, string> | null;
}

export const asJson = (world: World): Json => structuredClone(world) as unknown as Json;
export const fromJson = (state: Json): World => structuredClone(state) as unknown as World;

/** HubSpot's own type ids of unlabelled associations from a deal. */
export const DEAL_LINK: Record<Exclude<Kind, 'deals'>, number> = { contacts: 3, companies: 341, line_items: 19, tasks: 215 };
