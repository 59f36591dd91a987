import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { checkEvent } from './events.ts';
import { refuse } from './refuse.ts';
import type { SandboxState } from './state.ts';

const NEEDED = 'list_and_subscribers_read';
/** Entries of long ago are let go, so that a sandbox that runs for weeks stays small. */
const MOST_ENTRIES = 10_000;

/** REST of the tenant's host, mounted at `/rest`: every answer needs a token of a business unit. */
export function createApi({ state, clock, faulty }: { state: SandboxState; clock: Clock; faulty: MiddlewareHandler }): Hono<{ Variables: { mid: string } }> {
  const api = new Hono<{ Variables: { mid: string } }>();
  api.use(faulty);
  api.use(async (c, next) => {
    const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    const grant = Object.hasOwn(state.accessTokens, token) ? state.accessTokens[token] : undefined;
    if (!grant || grant.expiresAt <= clock.now()) return refuse(c, 401, 0, 'Not Authorized');
    if (!grant.scopes.includes(NEEDED)) return refuse(c, 403, 0, 'Insufficient Privileges');
    c.set('mid', grant.mid);
    return next();
  });

  api.post('/interaction/v1/events', async (c) => {
    if (!/^application\/json\b/.test(c.req.header('content-type') ?? '')) return refuse(c, 415, 0, 'Unsupported Media Type');
    const checked = checkEvent(state, c.get('mid'), await c.req.json().catch(() => null));
    if (!checked.ok) return refuse(c, 400, checked.code, checked.message);
    const eventInstanceId = randomUUID();
    // Nothing marks a repeat: fired twice is entered twice.
    state.entries.push({ eventInstanceId, key: checked.definition.key, contactKey: checked.contactKey, data: checked.data, mid: c.get('mid'), at: clock.now() });
    if (state.entries.length > MOST_ENTRIES) state.entries.shift();
    return c.json({ eventInstanceId }, 201);
  });
  api.all('*', (c) => refuse(c, 404, 0, 'The sandbox does not have this call.'));
  return api;
}
