import type { Json } from '#lib/json';
import type { SavedEvents } from '../change-events.ts';
import type { Values } from './metadata.ts';

/** A record; `values` are under the names without namespace, datetimes as the API writes them, so that they sort as texts. */
export interface Row {
  id: string;
  type: string;
  values: Values;
  /** In the recycle bin. */
  deleted: boolean;
}

/** Refuses a write that sets `field` of `object` to `value` (null: to anything at all). */
export interface ValidationRule {
  object: string;
  field: string;
  value: string | null;
  message: string;
}

export interface Grant {
  id: string;
  userId: string;
  scopes: string[];
  refreshToken: string;
  /** Tokens of this family that rotation has replaced: who shows one of them ends the family. */
  retired: string[];
  grantedAt: number;
  usedAt: number;
}
export interface Code {
  userId: string;
  redirectUri: string;
  scopes: string[];
  challenge: string;
  expiresAt: number;
  /** The grant that it was exchanged for, if it was. */
  grant: string | null;
}
export interface Session {
  grant: string;
  endsAt: number;
}

export interface BulkJob {
  id: string;
  object: string;
  operation: string;
  externalIdFieldName: string | null;
  lineEnding: 'LF' | 'CRLF';
  state: 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';
  createdDate: string;
  createdById: string;
  origin: string;
  csv: string | null;
  columns: string[];
  /** One a line of the upload, once the job has run. */
  results: { id: string; created: boolean; error: string | null; line: string[] }[];
  errorMessage: string | null;
  /** How often it was asked for since it was closed: the first answer is always that it is under way. */
  polls: number;
}

export type Visibility = 'hidden' | 'read-only';

/** Everything that the org holds; plain data, so that it survives a restart as JSON. */
export interface OrgState {
  orgId: string;
  isSandbox: boolean;
  multiCurrency: boolean;
  /** Whether Data Protection and Privacy is enabled; so it is where nothing is said. */
  privacy?: boolean;
  /** Path of the instance below the login host; another one after the org was moved. */
  instance: string;
  nextId: number;
  commits: number;
  rows: Record<string, Record<string, Row>>;
  package: { installed: boolean; namespace: string | null };
  /** Field-level security, by `Object.Field`. */
  fields: Record<string, Visibility>;
  rule: ValidationRule | null;
  /** Stages of each record type of opportunities, by its id. */
  stagesOf: Record<string, string[]>;
  grants: Record<string, Grant>;
  codes: Record<string, Code>;
  sessions: Record<string, Session>;
  outbound: string | null;
  cardKey: string | null;
  /** Calls of the last day, by the hour since the epoch. */
  usage: { limit: number; hours: Record<string, number> };
  jobs: Record<string, BulkJob>;
  notifications: number;
  events: SavedEvents;
}

export const asJson = (state: OrgState): Json => structuredClone(state) as unknown as Json;
export const fromJson = (state: Json): OrgState => structuredClone(state) as unknown as OrgState;
