import type { InstallId } from '#core/ids';
import type { Json } from '#lib/json';
import type { Secret } from '#lib/secret';

/** The account that a call goes to, as a connector may see it. */
export interface InstallView {
  id: InstallId;
  /** The vendor's id of the account. */
  account: string;
  /** Root of the account's API, without a slash at the end. */
  baseUrl: string;
  environment: Environment;
  /** What the connector itself remembered about the account. */
  details: Record<string, Json>;
}
/** A token, and where it is good: some vendors move an account and say so with the next token. */
export interface Access {
  token: Secret;
  baseUrl: string;
}
/** `test` also stands for clones and trials: such an account never sends to live people unless told so. */
export type Environment = 'live' | 'test';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the install's `baseUrl`, with its leading slash; each variable part already escaped. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  json?: unknown;
  form?: Record<string, string>;
  /** A body that is neither, with its own `content-type` in `headers`. */
  bytes?: Uint8Array;
  /** Whether the answer is wanted as bytes: a 2xx answer's `body` is then a `Uint8Array`, however it is labelled. */
  wantBytes?: boolean;
  timeoutMs?: number;
  /** Where the vendor counts this kind of call apart: its name under `limits.apart` in the manifest. */
  counted?: string;
  /** Asked once the call's turn has come, which may be long after it was made, and before anything is sent. */
  check?: () => Promise<void>;
}
export interface HttpReply {
  status: number;
  headers: Headers;
  /** Parsed where the vendor sent JSON, the text itself otherwise, null where the body is empty. */
  body: unknown;
}

/** What a vendor says of one of the windows in which it counts. */
export interface BudgetLeft {
  remaining: number;
  resetInMs: number;
  /** How many it allows in a window, and how long the window is: then the limiter learns from it, and people see it. */
  limit?: number;
  windowMs?: number;
  /** As in `HttpRequest`. */
  counted?: string;
}

/**
 * A call already bound to one install of one tenant: host fixed, token attached, limit, timeout and redaction applied.
 * A connector never sees a token store, a database or a second tenant.
 */
export interface Call {
  readonly install: InstallView;
  readonly signal: AbortSignal;
  /** Where this install's webhooks arrive, as the vendor must be told. */
  readonly webhookUrl: string;
  /**
   * Sends one request and returns whatever was answered, 4xx and 5xx included.
   * @throws Problem `vendor.unreachable` (surely not sent), `vendor.lost-reply` (perhaps done), `host.refused`, `install.unauthorized`
   */
  request(request: HttpRequest): Promise<HttpReply>;
  /**
   * Runs one request of an official client under the same limit. The client must be given `baseUrl` and the token, and have its own
   * retries, limiter and refresh off. Called once more with a fresh token where `unauthorized(error)` says that the vendor refused the first.
   */
  through<T>(send: (bound: { baseUrl: string; accessToken: Secret; timeoutMs: number }) => Promise<T>, unauthorized: (error: unknown) => boolean, counted?: string): Promise<T>;
  /** Tells the limiter what the vendor's headers say of the budget that is left. */
  budget(left: BudgetLeft): void;
  /** Tells what the vendor counts of a rolling day, all integrations of the account together. Background work gives way before the day is used up. */
  quota(day: { used: number; limit: number }): void;
}
