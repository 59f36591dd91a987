import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import { closeSession, findSession, SESSION_MS, type Session } from '#store/sessions';

const SESSION_COOKIE = 'countersign_session';
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** Gives the browser its session. `cookie` is what `openSession` or `consumeLink` returned. */
export function setSessionCookie(c: Context, cookie: string, publicUrl: string): void {
  setCookie(c, SESSION_COOKIE, cookie, { path: '/', httpOnly: true, sameSite: 'Lax', secure: publicUrl.startsWith('https:'), maxAge: SESSION_MS / 1000 });
}

/** The session of the browser that asks; undefined where it has none that is still good. */
export async function sessionOf(c: Context, db: Db, now: number): Promise<Session | undefined> {
  const cookie = getCookie(c, SESSION_COOKIE);
  return cookie ? findSession(db, cookie, now) : undefined;
}

export async function endSession(c: Context, db: Db): Promise<void> {
  const cookie = getCookie(c, SESSION_COOKIE);
  if (cookie) await closeSession(db, cookie);
  deleteCookie(c, SESSION_COOKIE, { path: '/' });
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
