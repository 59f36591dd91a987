import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Clock } from '#lib/clock';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import { asServer } from '#store/scope';
import { closeSession, findSession, SESSION_MS, type Session } from '#store/sessions';

const SESSION_COOKIE = 'countersign_session';
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** The server, as far as its cookies depend on it. */
interface Server {
  db: Db;
  clock: Clock;
  publicUrl: () => string;
}

/** Over https a cookie is `__Host-`: browsers then take it from this very host alone, so that no neighbour under the same domain can plant one. */
const prefixOf = ({ publicUrl }: Server): 'host' | undefined => (publicUrl().startsWith('https:') ? 'host' : undefined);

/** A cookie that no script can read. */
export function writeCookie(c: Context, server: Server, name: string, value: string, seconds: number): void {
  const prefix = prefixOf(server);
  setCookie(c, name, value, { path: '/', httpOnly: true, sameSite: 'Lax', secure: prefix !== undefined, maxAge: seconds, ...(prefix ? { prefix } : {}) });
}

export function readCookie(c: Context, server: Server, name: string): string | undefined {
  const prefix = prefixOf(server);
  return prefix ? getCookie(c, name, prefix) : getCookie(c, name);
}

/** Gives the browser its session. `cookie` is what `openSession` or `consumeLink` returned. */
export function setSessionCookie(c: Context, server: Server, cookie: string): void {
  writeCookie(c, server, SESSION_COOKIE, cookie, SESSION_MS / 1000);
}

/** The session of the browser that asks; undefined where it has none that is still good. */
export async function sessionOf(c: Context, server: Server): Promise<Session | undefined> {
  const cookie = readCookie(c, server, SESSION_COOKIE);
  return cookie ? asServer(() => findSession(server.db, cookie, server.clock.now())) : undefined;
}

export async function endSession(c: Context, server: Server): Promise<void> {
  const cookie = readCookie(c, server, SESSION_COOKIE);
  if (cookie) await asServer(() => closeSession(server.db, cookie));
  writeCookie(c, server, SESSION_COOKIE, '', 0);
}

/**
 * Refuses what another site makes a browser send. Browsers put `Sec-Fetch-Site` where no script can; where it is absent (old browsers,
 * plain http beyond the own machine) `Origin` must be ours. Unlike hono's `csrf()`, the content type does not matter: that one lets a
 * cross-origin JSON post pass. @throws Problem `request.forbidden`
 */
export function sameOriginOnly(publicUrl: () => string): MiddlewareHandler {
  return async (c, next) => {
    if (!SAFE_METHODS.includes(c.req.method) && !isSameOrigin(c, publicUrl())) {
      throw new Problem('request.forbidden', { say: 'This request did not come from a page of this console. Open the page again and repeat what you did there.' });
    }
    await next();
  };
}

function isSameOrigin(c: Context, publicUrl: string): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  return c.req.header('origin') === new URL(publicUrl).origin;
}

/** How the audit ledger names who is at the console. */
export function nameOf(session: Session): string {
  return session.tenant === null ? 'operator' : 'account admin';
}
