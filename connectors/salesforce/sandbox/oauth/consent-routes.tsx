import { Hono, type Context } from 'hono';
import { documentOf } from '#shared/sandbox/page.tsx';
import { liveRows, type Desk } from '../desk.ts';
import { Consent, ConsentError, type ConsentAsk } from './consent.tsx';
import { issueCode, type Refusal } from './grants.ts';

/** `blocked`: the org's admin does not let its users admit apps. */
export interface ConsentMoods {
  blocked: boolean;
}

/** `/services/oauth2/authorize`: the consent page and the answer to it. */
export function consentRoutes(desk: Desk, moods: ConsentMoods): Hono {
  const pages = new Hono();
  pages.get('/services/oauth2/authorize', (c) => {
    const ask = read(c.req.query());
    return stop(c, ask) ?? c.html(documentOf(<Consent desk={desk} ask={ask} />));
  });
  pages.post('/services/oauth2/authorize', async (c) => {
    const form = await c.req.parseBody();
    const ask = read(form);
    const stopped = stop(c, ask);
    if (stopped) return stopped;
    if (form.answer !== 'allow') return back(c, ask, { error: 'access_denied', error_description: 'end-user denied authorization' });
    if (moods.blocked) return back(c, ask, { error: 'OAUTH_APP_BLOCKED', error_description: 'this app is blocked by admin' });
    const { userId, redirectUri, scopes, challenge } = { ...ask, userId: ask.user };
    return back(c, ask, { code: issueCode(desk.org.state, desk.clock, { userId, redirectUri, scopes, challenge }) });
  });
  return pages;

  /** A fault of the app is shown; one of the request goes back to the app. */
  function stop(c: Context, ask: ConsentAsk): Response | Promise<Response> | null {
    const { clientId, redirectUri } = desk.options.app;
    const fault: Refusal | null =
      ask.clientId !== clientId
        ? { error: 'invalid_client_id', say: 'client identifier invalid' }
        : ask.redirectUri !== redirectUri()
          ? { error: 'redirect_uri_mismatch', say: 'redirect_uri must match configuration' }
          : null;
    if (fault) return documentOf(<ConsentError desk={desk} error={fault.error} say={fault.say} />).then((page) => c.html(page, 400));
    if (ask.responseType !== 'code') return back(c, ask, { error: 'unsupported_response_type', error_description: 'response type not supported' });
    if (ask.challenge === '') return back(c, ask, { error: 'invalid_request', error_description: 'missing required code challenge' });
    if (ask.challengeMethod !== 'S256') return back(c, ask, { error: 'invalid_request', error_description: 'code challenge method must be S256' });
    if (ask.scopes.some((scope) => !SCOPES.has(scope))) return back(c, ask, { error: 'invalid_scope', error_description: 'the requested scope is not allowed' });
    return null;
  }

  function back(c: Context, ask: ConsentAsk, answer: Record<string, string>): Response {
    const to = new URL(ask.redirectUri);
    for (const [name, value] of Object.entries(answer)) to.searchParams.set(name, value);
    if (ask.state !== '') to.searchParams.set('state', ask.state);
    return c.redirect(to.href, 303);
  }

  function read(given: Record<string, unknown>): ConsentAsk {
    const text = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
    const users = liveRows(desk, 'User');
    return {
      clientId: text('client_id'),
      redirectUri: text('redirect_uri'),
      responseType: text('response_type'),
      state: text('state'),
      scopes: text('scope')
        .split(/[\s+]+/)
        .filter(Boolean),
      challenge: text('code_challenge'),
      challengeMethod: text('code_challenge_method'),
      // Who installs an integration is signed in as its user, unless they choose another.
      user: (users.find(({ id }) => id === text('user')) ?? users.at(-1))?.id ?? '',
    };
  }
}

/** What the app is registered for. */
const SCOPES = new Set(['api', 'refresh_token', 'offline_access', 'openid', 'id', 'profile', 'email', 'full', 'pardot_api']);
