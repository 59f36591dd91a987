import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Problem } from '#core/problem';
import type { EnvelopeId } from '#core/ids';
import { systemClock, type Clock } from '#lib/clock';
import type { Json } from '#lib/json';
import { Secret } from '#lib/secret';
import type { AppRegistration, TokenHttp } from '#ports/auth';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import type { Fact } from '#core/fact';
import type { Notice, RawDelivery } from '#ports/inbound';
import type { Mail } from '#ports/sandbox';
import type { EnvelopeRequest } from '#ports/sign';
import { docusign } from '#connectors/docusign/index';
import { ACCOUNT, createDocuSignSandbox, TEMPLATES, type DocuSignSandboxOptions } from '#connectors/docusign/sandbox';

export const KEYS = ['connect-key-one', 'connect-key-two'];
export const OWN = 'env_01k9p8m4zq7x2v5c8b1n3m6k0d' as EnvelopeId;
export const ORDER_FORM = TEMPLATES[0]?.templateId ?? '';

/** One call that went over the wire, for the checks against the vendor's contract. */
export interface Exchange {
  request: HttpRequest;
  status: number;
  body: unknown;
}
export type World = Awaited<ReturnType<typeof openWorld>>;

/** A sandbox, a receiver for its webhooks and a `Call` between them, all over HTTP on this machine. */
export async function openWorld(more: Partial<DocuSignSandboxOptions> = {}) {
  const mails: Mail[] = [];
  const receiver = await openReceiver();
  const clock: Clock = more.clock ?? systemClock;
  const root = new Hono();
  const server = serve({ fetch: root.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => (server.listening ? resolve() : server.once('listening', () => resolve())));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sandbox/docusign`;
  const sandbox = createDocuSignSandbox({
    baseUrl: () => base,
    clock,
    app: {
      clientId: 'integration-key',
      clientSecret: 'hush',
      appId: 'integration-key',
      redirectUri: () => 'http://127.0.0.1/oauth/docusign/callback',
      webhookUrl: () => receiver.url,
    },
    webhookKeys: KEYS,
    mail: (mail) => mails.push(mail),
    seed: 7,
    serverUrl: () => 'http://127.0.0.1/console',
    ...more,
  });
  root.route('/sandbox/docusign', sandbox.app);
  const app = registration(base);
  const tokens = await consent(app);
  const exchanges: Exchange[] = [];
  const budgets: { remaining: number; resetInMs: number }[] = [];
  const call = createCall({ baseUrl: `${base}/restapi/v2.1/accounts/${ACCOUNT.id}`, token: tokens.accessToken.reveal(), webhookUrl: receiver.url, exchanges, budgets });
  return {
    base,
    sandbox,
    app,
    tokens,
    call,
    exchanges,
    budgets,
    mails,
    receiver,
    close: async () => {
      sandbox.close();
      await receiver.close();
      (server as Server).closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function registration(base: string, more: Record<string, Secret> = {}): AppRegistration {
  const redirectUri = 'http://127.0.0.1/oauth/docusign/callback';
  return { clientId: 'integration-key', clientSecret: new Secret('hush'), redirectUri, authorizeUrl: base, tokenUrl: base, apiUrl: base, more };
}

export const tokenHttp: TokenHttp = async ({ method, url, headers, form }) => {
  const init: RequestInit = { method, redirect: 'manual', ...(headers ? { headers } : {}), ...(form ? { body: new URLSearchParams(form) } : {}) };
  return replyOf(await fetch(url, init));
};

/** RFC 7636's own example pair. */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** Presses Allow on the consent page and returns the address that the browser is sent back to. */
export async function press(app: AppRegistration, decision: 'allow' | 'cancel', state = 'state-1'): Promise<URL> {
  const page = new URL(docusign.auth.authorizeUrl(app, { state, challenge: CHALLENGE }));
  const shown = await fetch(page);
  if (shown.status !== 200) throw new Error(await shown.text());
  const answer = await fetch(page.origin + page.pathname, {
    method: 'POST',
    body: new URLSearchParams({ ...Object.fromEntries(page.searchParams), decision }),
    redirect: 'manual',
  });
  return new URL(answer.headers.get('location') ?? '');
}
export async function consent(app: AppRegistration, now = Date.now()) {
  const back = await press(app, 'allow');
  return docusign.auth.exchange(app, tokenHttp, { code: back.searchParams.get('code') ?? '', verifier: VERIFIER, now });
}

export function createCall(options: { baseUrl: string; token: string; webhookUrl?: string; exchanges?: Exchange[]; budgets?: { remaining: number; resetInMs: number }[] }): Call {
  const { baseUrl, token, webhookUrl = 'https://countersign.example.com/webhooks/docusign/x', exchanges = [], budgets = [] } = options;
  return {
    install: { id: 'ins_1', account: ACCOUNT.id, baseUrl, environment: 'live', details: {} },
    signal: new AbortController().signal,
    webhookUrl,
    budget: (left) => budgets.push(left),
    quota: () => undefined,
    through: () => Promise.reject(new Error('There is no official client here.')),
    async request(request) {
      const query = request.query ? `?${new URLSearchParams(request.query)}` : '';
      const headers = { authorization: `Bearer ${token}`, ...(request.json === undefined ? {} : { 'content-type': 'application/json' }) };
      const init: RequestInit = { method: request.method, headers, ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }) };
      const reply = await fetch(`${baseUrl}${request.path}${query}`, init).then(
        (response) => (request.wantBytes && response.ok ? bytesOf(response) : replyOf(response)),
        (cause: unknown) => {
          throw new Problem('vendor.lost-reply', { cause });
        },
      );
      exchanges.push({ request, status: reply.status, body: reply.body });
      return reply;
    },
  };
}

async function bytesOf(response: Response): Promise<HttpReply> {
  return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
}

async function replyOf(response: Response): Promise<HttpReply> {
  const text = await response.text();
  const json = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, headers: response.headers, body: text === '' ? null : json ? JSON.parse(text) : text };
}

/** Takes webhooks as the connector server would: verify, split, decode; notices by key, so that repeats are seen. */
async function openReceiver() {
  const deliveries: RawDelivery[] = [];
  const refused: string[] = [];
  const notices = new Map<string, Notice>();
  const facts: Fact[] = [];
  /** Statuses to answer with first, before all is well. */
  const stumble: number[] = [];
  const app = new Hono();
  app.post('*', async (c) => {
    const delivery = { method: 'POST', url: c.req.url, headers: Object.fromEntries(c.req.raw.headers), body: new Uint8Array(await c.req.arrayBuffer()) };
    deliveries.push(delivery);
    const status = stumble.shift();
    if (status) return c.body(null, status as 503);
    const { inbound } = docusign;
    const verdict = inbound?.verify(delivery, [new Secret('an-older-key'), new Secret(KEYS[1] ?? '')], 0);
    if (!inbound || !verdict?.ok) {
      refused.push(verdict && !verdict.ok ? verdict.reason : 'none');
      return c.body(null, 401);
    }
    for (const notice of inbound.split(delivery)) {
      if (notices.has(notice.key)) continue;
      notices.set(notice.key, notice);
      facts.push(...inbound.decode(notice, { appId: '' }));
    }
    return c.body(null, 200);
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/docusign/unguessable`,
    deliveries,
    refused,
    notices,
    facts,
    stumble,
    bodies: () => deliveries.map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as { [key: string]: Json }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function orderForm(more: Partial<EnvelopeRequest> = {}): EnvelopeRequest {
  return {
    envelope: OWN,
    template: ORDER_FORM,
    subject: 'Order form for Meadow Labs',
    message: 'Please sign at your convenience.',
    recipients: [
      { role: 'Customer', name: 'Ines Duarte', email: 'ines.duarte@example.com', order: 1 },
      { role: 'Countersigner', name: 'Robin Vega', email: 'robin.vega@example.com', order: 2 },
    ],
    fields: [
      { role: 'Customer', label: 'DealName', value: 'Meadow Labs, 40 seats' },
      { role: 'Customer', label: 'StartDate', value: '2026-09-01' },
    ],
    labels: { deal: '9001', first_touch: 'google / cpc' },
    reminders: { afterDays: 2, everyDays: 3 },
    expiresAfterDays: 14,
    ...more,
  };
}

/** The signing slot, which this connector surely has. */
export function signSlot() {
  if (!docusign.sign || !docusign.inbound) throw new Error('The connector lacks a slot.');
  return { sign: docusign.sign, inbound: docusign.inbound };
}

/** An order form that is out. Returns the provider's id. */
export async function sent(world: World): Promise<string> {
  const { sign } = signSlot();
  const { id } = await sign.draft(world.call, orderForm());
  await sign.send(world.call, id);
  return id;
}
