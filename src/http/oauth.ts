import { Hono, type Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { newToken } from '#lib/ids';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { getVendor, type Flow } from '#flow/flow';
import { finishInstall, installByKey, startInstall } from '#flow/install';
import { openSession } from '#store/sessions';
import { sessionOf, setSessionCookie } from '#http/sessions';

/** Ties a sign-in at a vendor to the browser that began it. */
const BROWSER_COOKIE = 'countersign_browser';
const BROWSER_SECONDS = 900;

/** `GET /install/<vendor>` begins an install, `GET /oauth/<vendor>/callback` ends it. */
export function oauth(flow: Flow): Hono {
  const app = new Hono();

  app.get('/install/:vendor', async (c) => {
    const vendor = c.req.param('vendor');
    const { connector } = getVendor(flow, vendor);
    const tenant = await tenantAsked(c, flow);
    if (!connector.crm && tenant === null) throw new Problem('request.forbidden', { say: `Sign in to the console first, then connect ${connector.manifest.name} from there.` });
    if (c.req.query('grant') === 'key' && tenant !== null) {
      await installByKey(flow, vendor, tenant);
      return c.redirect(`/t/${tenant}/installs?said=connected`, 303);
    }
    const browser = getCookie(c, BROWSER_COOKIE) ?? newToken();
    const secure = flow.publicUrl().startsWith('https:');
    setCookie(c, BROWSER_COOKIE, browser, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge: BROWSER_SECONDS });
    return c.redirect(await startInstall(flow, vendor, tenant, browser), 302);
  });

  app.get('/oauth/:vendor/callback', async (c) => {
    const { state, code, error } = c.req.query();
    if (error !== undefined) throw new Problem('oauth.denied', { facts: { error: error.slice(0, 100) } });
    const browser = getCookie(c, BROWSER_COOKIE);
    if (!state || !code || !browser) throw new Problem('oauth.state');
    const install = await finishInstall(flow, c.req.param('vendor'), { state, code, browser });
    const session = await sessionOf(c, flow.db, flow.clock.now());
    // Whoever may install in the account is its admin: the vendor has just vouched for that.
    if (!session || (session.tenant !== null && session.tenant !== install.tenant)) {
      setSessionCookie(c, (await openSession(flow.db, install.tenant, flow.clock.now())).cookie, flow.publicUrl());
    }
    return c.redirect(`/t/${install.tenant}?said=connected`, 303);
  });

  return app;
}

/** The tenant that an account shall be connected for: one's own, or, for an operator, the one named. @throws Problem `request.forbidden` */
async function tenantAsked(c: Context, flow: Flow): Promise<TenantId | null> {
  const asked = (c.req.query('tenant') ?? null) as TenantId | null;
  const session = await sessionOf(c, flow.db, flow.clock.now());
  if (asked === null) return getVendor(flow, c.req.param('vendor') ?? '').connector.crm ? null : (session?.tenant ?? null);
  if (!session || (session.tenant !== null && session.tenant !== asked)) throw new Problem('request.forbidden', { say: 'Sign in to the console first.' });
  return asked;
}
