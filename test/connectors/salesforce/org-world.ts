import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { auth } from '#connectors/salesforce/auth';
import { manifest } from '#connectors/salesforce/manifest';
import { createSalesforceSandbox, type SalesforceSandboxOptions } from '#connectors/salesforce/sandbox';
import { manualClock } from '#lib/clock';
import { newId } from '#lib/ids';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Tokens } from '#ports/auth';
import type { Call } from '#ports/call';
import { createCall, createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';

/** RFC 7636's own example pair. */
const PKCE = { verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' };
const unlimited: Limits = { schedule: (_budget, _priority, run) => run(), rest: () => undefined, fault: () => null, size: () => 0, close: async () => undefined };

/** The sandbox's org behind real HTTP, with a clock that stands still, and the product's own way to it. */
export async function openOrg(more: Partial<SalesforceSandboxOptions> = {}) {
  const clock = manualClock();
  const site = new Hono();
  const listener = getRequestListener(site.fetch);
  // A connection that is kept is not closed while a test that blocks this process is about to use it again.
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const base = `${origin}/sandbox/salesforce`;
  const sandbox = createSalesforceSandbox({
    baseUrl: () => base,
    clock,
    app: { clientId: 'client-1', clientSecret: 'the-app-secret', appId: '31337', redirectUri: () => `${origin}/back`, webhookUrl: () => `${origin}/hook` },
    webhookKeys: [],
    mail: () => undefined,
    seed: 5,
    serverUrl: () => origin,
    ...more,
  });
  site.route('/sandbox/salesforce', sandbox.app);

  const app: AppRegistration = {
    clientId: 'client-1',
    clientSecret: new Secret('the-app-secret'),
    redirectUri: `${origin}/back`,
    authorizeUrl: base,
    tokenUrl: base,
    apiUrl: base,
    more: {},
  };
  const checkHost = createHostCheck(() => origin);
  const http = createTokenHttp(manifest, checkHost);

  /** Answers the consent page as a person would, and gives back what the browser comes back with. */
  async function consent(answer: 'allow' | 'deny' = 'allow', change: Record<string, string> = {}): Promise<URLSearchParams> {
    const form = new URL(auth.authorizeUrl(app, { state: 'state-1', challenge: PKCE.challenge })).searchParams;
    for (const [name, value] of Object.entries({ ...change, answer })) form.set(name, value);
    const response = await fetch(`${base}/services/oauth2/authorize`, { method: 'POST', body: form, redirect: 'manual' });
    return new URL(response.headers.get('location') ?? 'http://nowhere').searchParams;
  }
  const exchange = async (code?: string, verifier = PKCE.verifier): Promise<Tokens> =>
    auth.exchange(app, http, { code: code ?? (await consent()).get('code') ?? '', verifier, now: clock.now() });

  function callWith(first: Tokens, account: Account): Call {
    let tokens = first;
    const access = () => ({ token: tokens.accessToken, baseUrl: tokens.baseUrl ?? account.baseUrl });
    return createCall({
      manifest,
      install: { id: newId('ins'), account: account.id, baseUrl: account.baseUrl, environment: account.environment, details: account.details },
      webhookUrl: `${origin}/hook`,
      priority: 5,
      limits: unlimited,
      budgetOf: () => ({ key: 'ins_1', ...manifest.limits }),
      heard: () => undefined,
      clock,
      signal: new AbortController().signal,
      checkHost,
      access: async () => access(),
      async renew() {
        tokens = await auth.refresh(app, http, tokens, account, clock.now());
        return access();
      },
      admit: () => undefined,
      observe: () => undefined,
      quota: () => undefined,
    });
  }
  async function connect() {
    const tokens = await exchange();
    const account = await auth.identify(app, http, tokens);
    return { tokens, account, call: callWith(tokens, account) };
  }

  return {
    clock,
    sandbox,
    base,
    app,
    http,
    consent,
    exchange,
    connect,
    callWith,
    refresh: (tokens: Tokens, account: Account) => auth.refresh(app, http, tokens, account, clock.now()),
    /** Requests that the org answered so far. */
    requests: () => Object.values(sandbox.calls()).reduce((sum, count) => sum + count, 0),
    async close() {
      sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type OrgWorld = Awaited<ReturnType<typeof openOrg>>;
