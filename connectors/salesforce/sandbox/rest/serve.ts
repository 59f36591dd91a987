import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { isObject } from '#lib/json';
import type { Random } from '#lib/random';
import type { Faults } from '#ports/sandbox';
import { misbehave } from '#shared/sandbox/misbehave';
import { fault, malformedJson, type Fault } from '../org/faults.ts';
import type { Org } from '../org/org.ts';
import { sessionOf } from '../oauth/grants.ts';
import { findRoute, perform, type Found } from './dispatch.ts';
import { createCursors, errors, type Answer, type Ask, type Caller } from './exchange.ts';
import { countCall, usedOf } from './limits.ts';

/** What the API does to every caller, on request. */
export interface Moods {
  requestLimitExceeded: boolean;
  always401: boolean;
  always403: boolean;
}
interface Parts {
  org: Org;
  faults: Faults;
  random: Random;
  moods: Moods;
  calls: Record<string, number>;
  baseUrl: () => string;
}

const OLDEST = 31;
const NEWEST = 67;
const ROOT = /\/services\/data\/v(\d+)\.0(?=\/|$)/;
const expired = fault('INVALID_SESSION_ID', 'Session expired or invalid');
const overLimit = fault('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
/** Passes by itself within seconds, unlike the day's. */
const crowded = fault('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.');
const down = fault('SERVER_UNAVAILABLE', 'The server is temporarily unavailable, most likely due to maintenance.');
const closed = fault('API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.');

/** The REST API, below `/services/data` of the instance. */
export function restRoutes({ org, faults, random, moods, calls, baseUrl }: Parts): Hono {
  const api = new Hono();
  const cursors = createCursors();
  const refuse = (status: number, ...found: Fault[]): Response => respond(errors(status, found));

  api.use('*', count(calls));
  api.get('/', (c) =>
    c.json(Array.from({ length: NEWEST - OLDEST + 1 }, (_, at) => ({ label: `v${OLDEST + at}`, url: `/services/data/v${OLDEST + at}.0`, version: `${OLDEST + at}.0` }))),
  );
  // Salesforce has no 429 and no Retry-After: too many is a 403 of its own.
  api.use('*', misbehave(faults, random, {}, { rateLimited: () => told(refuse(403, crowded)), unavailable: () => refuse(503, down) }));
  api.all('*', async (c) => {
    const found = placeOf(c);
    if (!found) return refuse(404, fault('NOT_FOUND', 'The requested resource does not exist'));
    const session = moods.always401 || !atHome(c) ? undefined : sessionOf(org.state, org.clock, bearerOf(c));
    if (!session) return refuse(401, expired);
    if (moods.always403) return refuse(403, closed);
    const used = usedOf(org.state, org.clock);
    if (moods.requestLimitExceeded || (used >= org.state.usage.limit && !found.route?.route.free)) return told(refuse(403, overLimit));
    if (!found.route?.route.free) countCall(org.state, org.clock);
    return told(respond(await answer(c, session.userId, found.root, found.route)));
  });
  return api;

  /** An org that was moved does not know its sessions at the old address any more. */
  function atHome(c: Context): boolean {
    const before = c.req.path.slice(0, c.req.path.indexOf('/services/data'));
    return org.state.instance === '' ? !before.endsWith('/moved') : before.endsWith(org.state.instance);
  }

  async function answer(c: Context, userId: string, root: string, found: Found | undefined): Promise<Answer> {
    const read = await bodyOf(c);
    if ('refusal' in read) return read.refusal;
    const options = c.req.header('sforce-call-options') ?? '';
    const actor = org.program(userId, optionOf(options, 'client'), optionOf(options, 'defaultNamespace'));
    const caller: Caller = { org, actor, cursors, identity: `${baseUrl()}/id/${org.state.orgId}/${userId}`, write: (work) => org.write(actor, work) };
    const ask = { method: methodOf(c), root, query: new URL(c.req.url).searchParams, header: (name: string) => c.req.header(name), ...read };
    return perform(caller, found, ask);
  }

  function told(response: Response): Response {
    response.headers.set('Sforce-Limit-Info', `api-usage=${usedOf(org.state, org.clock)}/${org.state.usage.limit}`);
    return response;
  }
}

const optionOf = (options: string, name: string): string | null => new RegExp(`(?:^|[,;\\s])${name}=([^,;\\s]+)`).exec(options)?.[1] ?? null;
export const bearerOf = (c: Context): string => /^(?:Bearer|OAuth) (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';

/** A POST may stand for another method, for clients that have no PATCH. */
function methodOf(c: Context): string {
  const stands = c.req.method === 'POST' ? c.req.query('_HttpMethod') : undefined;
  return stands ?? c.req.method;
}

function placeOf(c: Context): { root: string; route: Found | undefined } | null {
  const path = new URL(c.req.url).pathname;
  const match = ROOT.exec(path);
  const version = Number(match?.[1]);
  if (!match || version < OLDEST || version > NEWEST) return null;
  return { root: match[0], route: findRoute(methodOf(c), path.slice(match.index + match[0].length)) };
}

function count(calls: Record<string, number>): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const place = placeOf(c);
    const path = place?.route ? place.route.route.path : '*';
    const key = `${c.req.method} ${place ? `${place.root}${path === '' ? '' : `/${path}`}` : '/services/data'}`;
    calls[key] = (calls[key] ?? 0) + 1;
  };
}

async function bodyOf(c: Context): Promise<Pick<Ask, 'body' | 'text'> | { refusal: Answer }> {
  if (c.req.method === 'GET' || c.req.method === 'DELETE') return { body: undefined, text: '' };
  const type = c.req.header('content-type') ?? '';
  if (type.startsWith('multipart/form-data')) return { body: await fromParts(c), text: '' };
  const text = await c.req.text();
  if (text === '' || type.startsWith('text/csv')) return { body: undefined, text };
  if (!type.includes('json')) return { refusal: errors(415, [fault('UNSUPPORTED_MEDIA_TYPE', 'Content-Type header not specified in HTTP request or not supported')]) };
  try {
    return { body: JSON.parse(text) as unknown, text };
  } catch {
    return { refusal: errors(400, malformedJson('Unexpected character in the request body').faults) };
  }
}

/** A record as JSON in one part, its binary field in another named after it. */
async function fromParts(c: Context): Promise<unknown> {
  const form = await c.req.formData();
  let record: Record<string, unknown> = {};
  for (const [name, part] of form.entries()) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : Buffer.from(await part.arrayBuffer());
    if (name.startsWith('entity_')) {
      const json: unknown = JSON.parse(bytes.toString('utf8'));
      if (isObject(json)) record = { ...record, ...json };
    } else record[name] = bytes.toString('base64');
  }
  return record;
}

function respond({ status, body, raw, headers = {} }: Answer): Response {
  if (raw) return new Response(raw.content, { status, headers: { ...headers, 'content-type': raw.type } });
  if (body === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'content-type': 'application/json;charset=UTF-8' } });
}
