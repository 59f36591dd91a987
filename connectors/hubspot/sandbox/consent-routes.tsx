import { Hono, type Context } from 'hono';
import { documentOf } from '#shared/sandbox/page.tsx';
import { Consent, ConsentError, type ConsentAsk } from './consent.tsx';
import type { Desk } from './desk.ts';
import { issueCode } from './oauth.ts';

/** `/oauth/authorize`: the consent page and the answer to it. */
export function consentRoutes(desk: Desk): Hono {
  const pages = new Hono();
  pages.get('/oauth/authorize', show);
  pages.get('/oauth/:hub{[0-9]+}/authorize', show);
  pages.post('/oauth/authorize', async (c) => {
    const form = await c.req.parseBody();
    const ask = read(form);
    const fault = faultOf(ask);
    if (fault !== null) return c.html(documentOf(<ConsentError desk={desk} say={fault} />), 400);
    const back = new URL(ask.redirectUri);
    if (form.answer === 'connect') {
      back.searchParams.set('code', issueCode(desk.world(), desk.clock, ask.redirectUri, ask.scopes));
    } else {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'The user cancelled.');
    }
    if (ask.state !== '') back.searchParams.set('state', ask.state);
    return c.redirect(back.href, 303);
  });
  return pages;

  function show(c: Context) {
    const ask = read(c.req.query());
    const fault = faultOf(ask);
    return fault === null ? c.html(documentOf(<Consent desk={desk} ask={ask} />)) : c.html(documentOf(<ConsentError desk={desk} say={fault} />), 400);
  }

  function faultOf(ask: ConsentAsk): string | null {
    const { clientId, redirectUri } = desk.options.app;
    if (ask.clientId !== clientId) return 'No app is registered with this client id.';
    if (ask.redirectUri !== redirectUri()) return 'The redirect URL does not match one that the app has registered.';
    if (!ask.scopes.includes('oauth')) return 'The address asks for fewer scopes than the app requires.';
    return null;
  }
}

function read(given: Record<string, unknown>): ConsentAsk {
  const text = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
  return {
    clientId: text('client_id'),
    redirectUri: text('redirect_uri'),
    state: text('state'),
    // Whoever connects grants what is optional too, where the account has the product for it.
    scopes: `${text('scope')} ${text('optional_scope')}`.split(/[\s+]+/).filter(Boolean),
  };
}
