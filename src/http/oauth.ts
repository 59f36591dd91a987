import { Hono, type Context } from 'hono';
import { newToken } from '#lib/ids';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { getVendor, type Flow } from '#flow/flow';
import { dropInstall, finishInstall, signInFirst, startInstall } from '#flow/install';
import { asServer } from '#store/scope';
import { openSession, type Session } from '#store/sessions';
import type { Gate } from '#http/gate';
import { readCookie, sessionOf, setSessionCookie, writeCookie } from '#http/sessions';

/** Ties a sign-in at a vendor to the browser that began it. */
const BROWSER_COOKIE = 'countersign_browser';
const BROWSER_SECONDS = 900;
/** The standard's own words for a refusal; anything else in their place is a stranger's and is not shown. */
const OAUTH_ERROR = /^[a-z_]{1,40}$/;

/** `GET /install/<vendor>` begins an install, `GET /oauth/<vendor>/callback` ends it. */
export function oauth(flow: Flow, gate: Gate): Hono {
  const app = new Hono();
  for (const path of ['/install/*', '/oauth/*']) app.use(path, gate.limit('oauth'));
  // An install may begin before its tenant exists, and whose the account is comes out at the end.
  for (const path of ['/install/*', '/oauth/*']) app.use(path, (_c, next) => asServer(next));

  app.get('/install/:vendor', async (c) => {
    const vendor = c.req.param('vendor');
    const { connector } = getVendor(flow, vendor);
    const session = await sessionOf(c, flow);
    const tenant = tenantAsked(c, connector.crm !== undefined, session);
    if (!connector.crm && tenant === null) throw signInFirst(connector);
    const browser = newToken();
    writeCookie(c, flow, BROWSER_COOKIE, browser, BROWSER_SECONDS);
    return c.redirect(await startInstall(flow, vendor, { tenant, browser, operator: session?.tenant === null, login: c.req.query('login') }), 302);
  });

  app.get('/oauth/:vendor/callback', async (c) => {
    const { state, code, error } = c.req.query();
    if (error !== undefined) {
      if (state) await dropInstall(flow, state);
      throw new Problem('oauth.denied', { facts: OAUTH_ERROR.test(error) ? { error } : {} });
    }
    const browser = readCookie(c, flow, BROWSER_COOKIE);
    if (!state || !code || !browser) throw new Problem('oauth.state');
    const session = await sessionOf(c, flow);
    const vendor = c.req.param('vendor');
    const install = await finishInstall(flow, vendor, { state, code, browser, session });
    const inside = session && (session.tenant === null || session.tenant === install.tenant);
    // Whoever may install in a CRM's account is its admin: the vendor has just vouched for that. No other vendor opens the console.
    if (!inside && getVendor(flow, vendor).connector.crm) {
      setSessionCookie(c, flow, (await openSession(flow.db, install.tenant, flow.clock.now())).cookie);
    }
    return c.redirect(`/t/${install.tenant}?said=connected`, 303);
  });

  return app;
}

/** The tenant that an account shall be connected for: one's own, or, for an operator, the one named. @throws Problem `request.forbidden` */
function tenantAsked(c: Context, isCrm: boolean, session: Session | undefined): TenantId | null {
  const asked = (c.req.query('tenant') ?? null) as TenantId | null;
  if (asked === null) return isCrm ? null : (session?.tenant ?? null);
  if (!session || (session.tenant !== null && session.tenant !== asked)) throw new Problem('request.forbidden', { say: 'Sign in to the console first.' });
  return asked;
}
