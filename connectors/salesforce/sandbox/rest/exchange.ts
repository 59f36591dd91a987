import { isObject } from '#lib/json';
import { ApiFault, fault, malformedJson, type Fault } from '../org/faults.ts';
import type { Org } from '../org/org.ts';
import type { SeenObject } from '../org/schema.ts';
import type { Actor, Transaction } from '../org/transaction.ts';

/** One request of the REST API, alone or as a part of a composite one. */
export interface Ask {
  method: string;
  /** Such as `/services/data/v67.0`. */
  root: string;
  params: Record<string, string>;
  query: URLSearchParams;
  header(name: string): string | undefined;
  /** The body as JSON, where it is. */
  body: unknown;
  /** The body as it came. */
  text: string;
}
export interface Answer {
  status: number;
  body?: unknown;
  /** In the place of `body`, with its type. */
  raw?: { type: string; content: string | Uint8Array<ArrayBuffer> };
  headers?: Record<string, string>;
}
/** What a request may work with: the org, and who asks. */
export interface Caller {
  org: Org;
  actor: Actor;
  /** Runs writes in a transaction, which a composite request that is all or nothing shares among its parts. */
  write<T>(work: (tx: Transaction) => T): T;
  cursors: Cursors;
  /** Address of what tells who the caller is. */
  identity: string;
}
export type Handler = (caller: Caller, ask: Ask) => Answer;
export interface Route {
  method: string;
  /** Below the root, such as `sobjects/:object/:id`. */
  path: string;
  handler: Handler;
  /** Whether the org counts it against its daily limit. */
  free?: boolean;
}

/** Results that wait to be read on; gone after a restart, as they may be at the vendor's. */
export interface Cursors {
  keep(records: Record<string, unknown>[]): string;
  get(id: string): Record<string, unknown>[] | undefined;
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const errors = (status: number, faults: Fault[]): Answer => ({
  status,
  body: faults.map(({ code, message, fields }) => ({ message, errorCode: code, ...(fields.length > 0 && { fields }) })),
});

/** @throws ApiFault 404 where the caller sees no such object */
export function objectOf({ actor }: Caller, { params }: Ask): SeenObject {
  const object = actor.schema.object(params.object ?? '');
  if (!object) throw new ApiFault(404, fault('NOT_FOUND', 'The requested resource does not exist'));
  return object;
}

/** @throws ApiFault JSON_PARSER_ERROR */
export function bodyOf({ body }: Ask): Record<string, unknown> {
  if (!isObject(body)) throw malformedJson('Unexpected character or end of input where an object was expected');
  return body;
}

export function createCursors(): Cursors {
  const kept = new Map<string, Record<string, unknown>[]>();
  let next = 1;
  return {
    keep(records) {
      const id = `0r8xx${String(next++).padStart(10, '0')}AAA`;
      kept.set(id, records);
      return id;
    },
    get: (id) => kept.get(id),
  };
}
