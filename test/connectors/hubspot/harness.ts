import { serve } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { Secret } from '#lib/secret';
import { systemClock, type Clock } from '#lib/clock';
import type { AppRegistration, TokenHttp } from '#ports/auth';
import type { Call, HttpReply } from '#ports/call';
import { createHubSpotSandbox, type HubSpotSandboxOptions } from '#connectors/hubspot/sandbox';
import { auth } from '#connectors/hubspot/auth';
import { journey } from '#connectors/hubspot/journey';

export const CLIENT_SECRET = 'a-secret-of-the-test-app';
let installs = 0;

export const tokenHttp: TokenHttp = async ({ method, url, headers = {}, form }) => {
  const response = await fetch(url, { method, headers, redirect: 'manual', ...(form && { body: new URLSearchParams(form) }) });
  return replyOf(response);
};

async function replyOf(response: Response): Promise<HttpReply> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: text === '' ? null : json ? JSON.parse(text) : text };
}

/** A sandbox on a free port, under a path as the product mounts it, with a server beside it that keeps what webhooks it gets. */
export async function startSandbox(more: Partial<HubSpotSandboxOptions> = {}) {
  const received: { headers: Record<string, string>; body: string; url: string }[] = [];
  const hook = { status: 204 };
  const receiver = serve({
    port: 0,
    fetch: async (request: Request) => {
      if (!request.url.endsWith('/webhooks/hubspot')) return new Response(null, { status: 404 });
      received.push({ headers: Object.fromEntries(request.headers), body: await request.text(), url: request.url });
      return new Response(null, { status: hook.status });
    },
  });
  await new Promise((resolve) => receiver.once('listening', resolve));
  const serverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

  const clock: Clock = more.clock ?? systemClock;
  const root = { base: '' };
  const sandbox = createHubSpotSandbox({
    baseUrl: () => root.base,
    clock,
    app: {
      clientId: 'client-1',
      clientSecret: CLIENT_SECRET,
      appId: '31337',
      redirectUri: () => 'http://localhost/oauth/hubspot/callback',
      webhookUrl: () => `${serverUrl}/webhooks/hubspot`,
    },
    webhookKeys: [],
    mail: () => undefined,
    seed: 1,
    serverUrl: () => serverUrl,
    ...more,
  });
  const { Hono } = await import('hono');
  const site = new Hono().route('/sandbox/hubspot', sandbox.app);
  const server = serve({ port: 0, fetch: site.fetch });
  await new Promise((resolve) => server.once('listening', resolve));
  root.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sandbox/hubspot`;

  const registration: AppRegistration = {
    clientId: 'client-1',
    clientSecret: new Secret(CLIENT_SECRET),
    redirectUri: 'http://localhost/oauth/hubspot/callback',
    authorizeUrl: root.base,
    tokenUrl: root.base,
    apiUrl: root.base,
    more: {},
  };

  /** Consents as a person would, and gives back where the browser is sent. */
  async function consent(answer: 'connect' | 'cancel' = 'connect', drop: string[] = []): Promise<URL> {
    const page = new URL(auth.authorizeUrl(registration, { state: 'state-1', challenge: '' }));
    const form = new URLSearchParams(page.search);
    form.set(
      'scope',
      (form.get('scope') ?? '')
        .split(' ')
        .filter((scope) => !drop.includes(scope))
        .join(' '),
    );
    form.set('answer', answer);
    const response = await fetch(`${root.base}/oauth/authorize`, { method: 'POST', body: form, redirect: 'manual' });
    return new URL(response.headers.get('location') ?? 'http://nowhere');
  }

  async function install() {
    const code = (await consent()).searchParams.get('code') ?? '';
    const tokens = await auth.exchange(registration, tokenHttp, { code, verifier: '', now: clock.now() });
    const account = await auth.identify(registration, tokenHttp, tokens);
    return { tokens, account, call: callTo({ baseUrl: root.base, token: tokens.accessToken, account: account.id, details: account.details }) };
  }

  return {
    sandbox,
    base: root.base,
    serverUrl,
    registration,
    received,
    hook,
    consent,
    install,
    async stop() {
      sandbox.close();
      for (const each of [server, receiver]) {
        if ('closeAllConnections' in each) each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
}

export type TestCall = Call & { budgets: { remaining: number; resetInMs: number }[] };

/** As much of a bound call as a connector sees. */
export function callTo(to: { baseUrl: string; token?: Secret; account?: string; details?: Call['install']['details']; timeoutMs?: number }): TestCall {
  const { baseUrl, token = new Secret('token-of-the-test'), account = '4242001', details = {}, timeoutMs = 60_000 } = to;
  const budgets: TestCall['budgets'] = [];
  return {
    budgets,
    install: { id: `ins_${++installs}`, account, baseUrl, environment: 'live', details },
    signal: new AbortController().signal,
    webhookUrl: 'http://localhost/webhooks/hubspot',
    through: (send) => send({ baseUrl, accessToken: token, timeoutMs }),
    request: async ({ method, path, query, json }) =>
      replyOf(
        await fetch(`${baseUrl}${path}${query ? `?${new URLSearchParams(query)}` : ''}`, {
          method,
          headers: { authorization: `Bearer ${token.reveal()}` },
          ...(json !== undefined && { body: JSON.stringify(json) }),
        }),
      ),
    budget: (left) => void budgets.push(left),
    quota: () => undefined,
  };
}

/** Adds contacts to a static list, as a journey does. */
export async function joinList(call: Call, list: string, contacts: readonly string[]): Promise<{ absent: string[] }> {
  if (!journey.join) throw new Error('HubSpot has lists.');
  const members = contacts.map((contact) => ({ contact, email: null }));
  return journey.join(call, list, members, null);
}
