import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { sha256 } from '#lib/hmac';
import { Problem, type ProblemCode } from '#core/problem';
import type { Flow } from '#flow/flow';
import { rateOf } from '#flow/rates';
import { findApiCall, findApiKey, keepApiCall, type ApiKey, type ApiScope } from '#store/api-keys';
import { asServer, bindTenant } from '#store/scope';
import { parseBody, readDelivery } from '#http/requests';
import { addressOf, countedAs } from './capture/address.ts';
import { readConsents, writeConsents } from './api/consents.ts';
import { writeTouchpoints } from './api/touchpoints.ts';

const BODY_BYTES = 256 * 1024;
const WINDOW_MS = 60_000;
/** Requests a minute of one key, and requests without a good key of one address. */
const KEY_REQUESTS = 600;
const STRANGER_REQUESTS = 60;
const KEYS = 10_000;
const LONGEST_IDEMPOTENCY_KEY = 200;

/** What a handler is given, and what it answers. */
export interface ApiRequest {
  flow: Flow;
  key: ApiKey;
  query: Record<string, string>;
  body: Record<string, unknown>;
  /** Equal for a repetition of the same request; null where the caller gave none. */
  idempotencyKey: string | null;
}
export interface ApiAnswer {
  status: ContentfulStatusCode;
  body: Record<string, unknown>;
}
type Handler = (request: ApiRequest) => Promise<ApiAnswer>;

/** The JSON API for programs of the tenant: `/api/v1`. Each request carries a key, which is also how its tenant is found. */
export function api(flow: Flow, { proxies }: { proxies: number }): Hono {
  const app = new Hono();
  const byKey = rateOf(flow, 'api-key', { most: KEY_REQUESTS, windowMs: WINDOW_MS, keys: KEYS });
  const byStranger = rateOf(flow, 'api-stranger', { most: STRANGER_REQUESTS, windowMs: WINDOW_MS, keys: KEYS });

  const handle = (scope: ApiScope, handler: Handler) => async (c: Context) => {
    const key = await identify(c, scope);
    const { body } = c.req.method === 'GET' ? { body: new Uint8Array() } : await readDelivery(c, flow.publicUrl(), BODY_BYTES);
    const idempotencyKey = idempotencyKeyOf(c);
    const known = await answered(flow, key, idempotencyKey, requestHash(c, body));
    if (known) return c.json(known.body, known.status, { 'idempotent-replay': 'true' });
    const answer = await handler({ flow, key, query: c.req.query(), body: parseBody(body), idempotencyKey });
    if (idempotencyKey !== null) {
      const row = { tenant: key.tenant, api_key: key.id, key: idempotencyKey, request_hash: requestHash(c, body), status: answer.status, body: JSON.stringify(answer.body) };
      await keepApiCall(flow.db, { ...row, at: flow.clock.now() });
    }
    return c.json(answer.body, answer.status);
  };

  /** Whose request it is. Who has no good key is told no more than that. */
  async function identify(c: Context, scope: ApiScope): Promise<ApiKey> {
    const now = flow.clock.now();
    const [, given = ''] = /^Bearer\s+(\S{1,200})$/i.exec(c.req.header('authorization') ?? '') ?? [];
    const key = given === '' ? undefined : await asServer(() => findApiKey(flow.db, given, now));
    const wait = await (key ? byKey.take(key.id, now) : byStranger.take(countedAs(addressOf(c, proxies)), now));
    if (wait > 0) throw new Problem('request.too-many', { retryAfterMs: wait });
    if (!key)
      throw new Problem('request.forbidden', {
        say: 'Send a key of this server as "Authorization: Bearer csk_…". Keys are made in the console, on the page Capture.',
        facts: { unknown: true },
      });
    if (!key.scopes.includes(scope)) throw new Problem('request.forbidden', { say: `This key lacks the scope ${scope}. Make another one that has it.` });
    bindTenant(key.tenant);
    return key;
  }

  app.post('/api/v1/consents', handle('consents:write', writeConsents));
  app.get('/api/v1/consents', handle('consents:read', readConsents));
  app.post('/api/v1/touchpoints', handle('touchpoints:write', writeTouchpoints));
  app.all('/api/*', () => {
    throw new Problem('request.not-found', { say: 'There is nothing at this address. docs/api.md lists what there is.' });
  });
  app.onError((error, c) => {
    const problem = Problem.from(error);
    if (problem.remedy === 'bug') flow.log.error({ err: problem.cause ?? problem }, 'an API request failed');
    return refuse(c, problem);
  });
  return app;
}

function idempotencyKeyOf(c: Context): string | null {
  const key = c.req.header('idempotency-key')?.trim() ?? '';
  if (key.length > LONGEST_IDEMPOTENCY_KEY) throw new Problem('request.malformed', { say: `An Idempotency-Key has at most ${LONGEST_IDEMPOTENCY_KEY} characters.` });
  return key === '' || c.req.method === 'GET' ? null : key;
}

const requestHash = (c: Context, body: Uint8Array): string => sha256(`${c.req.method} ${c.req.path}\n${sha256(body)}`);

async function answered(flow: Flow, key: ApiKey, idempotencyKey: string | null, hash: string): Promise<ApiAnswer | null> {
  if (idempotencyKey === null) return null;
  const known = await findApiCall(flow.db, key.tenant, key.id, idempotencyKey);
  if (!known) return null;
  if (known.request_hash !== hash)
    throw new Problem('request.malformed', { say: 'This Idempotency-Key was used for another request. Take a new one for each.', facts: { path: 'Idempotency-Key' } });
  return { status: known.status as ContentfulStatusCode, body: JSON.parse(known.body) as Record<string, unknown> };
}

const STATUS: Partial<Record<ProblemCode, ContentfulStatusCode>> = {
  'request.malformed': 422,
  'request.forbidden': 403,
  'request.not-found': 404,
  'request.too-large': 413,
  'request.too-many': 429,
  'install.absent': 409,
  'store.busy': 503,
};

/** Every error has a code that does not change, and a sentence that says what to do. */
function refuse(c: Context, { code, message, facts, retryAfterMs }: Problem): Response {
  const { unknown, ...told } = facts;
  if (retryAfterMs !== undefined) c.header('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  if (unknown === true) c.header('www-authenticate', 'Bearer');
  return c.json({ error: { code, message, ...told } }, unknown === true ? 401 : (STATUS[code] ?? 500));
}
