import { createHash } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '#lib/clock';
import { createSalesforceSandbox, type SalesforceSandboxOptions } from '#connectors/salesforce/sandbox';

export const CLIENT = { id: 'consumer-key', secret: 'consumer-secret' };
export const REDIRECT = 'http://localhost/oauth/salesforce/callback';
export const VERIFIER = 'a-verifier-that-is-at-least-forty-three-characters-long';
export const ROOT = '/services/data/v67.0';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** What JSON.parse gives: an answer is looked into as the test expects it. */
export type Body = ReturnType<typeof JSON.parse>;
export interface Reply {
  status: number;
  headers: Headers;
  body: Body;
}
export interface Tokens {
  access_token: string;
  refresh_token: string;
  instance_url: string;
  id: string;
  issued_at: string;
  signature: string;
  scope: string;
}

/** A sandbox on a free port, under a path as the product mounts it, and a receiver of what it sends. */
export async function startOrg(more: Partial<SalesforceSandboxOptions> = {}, mount = '/sandbox/salesforce') {
  const received: { url: string; body: string; headers: Record<string, string> }[] = [];
  const answer = { status: 200, body: ACK, json: {} as unknown };
  const receiver = serve({
    port: 0,
    fetch: async (request: Request) => {
      received.push({ url: request.url, body: await request.text(), headers: Object.fromEntries(request.headers) });
      if (request.url.includes('/cards/')) return Response.json(answer.json, { status: answer.status });
      return new Response(answer.body, { status: answer.status, headers: { 'content-type': 'text/xml' } });
    },
  });
  const root = { base: '' };
  const serverUrl = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const clock: Clock = more.clock ?? systemClock;
  const sandbox = createSalesforceSandbox({
    baseUrl: () => root.base,
    clock,
    app: { clientId: CLIENT.id, clientSecret: CLIENT.secret, appId: 'app', redirectUri: () => REDIRECT, webhookUrl: () => `${serverUrl()}/webhooks/salesforce` },
    webhookKeys: [],
    mail: () => undefined,
    seed: 1,
    serverUrl,
    ...more,
  });
  const server = serve({ port: 0, fetch: new Hono().route(mount === '' ? '/' : mount, sandbox.app).fetch });
  for (const each of [server, receiver]) if (!each.listening) await new Promise((resolve) => each.once('listening', resolve));
  root.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}${mount}`;

  const authorizeUrl = (change: Record<string, string> = {}) => {
    const url = new URL(`${root.base}/services/oauth2/authorize`);
    const asked = {
      response_type: 'code',
      client_id: CLIENT.id,
      redirect_uri: REDIRECT,
      state: 'state-1',
      scope: 'api refresh_token openid',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries({ ...asked, ...change })) if (value !== '') url.searchParams.set(name, value);
    return url;
  };
  async function consent(answer: 'allow' | 'deny' = 'allow', change: Record<string, string> = {}): Promise<URL> {
    const form = new URLSearchParams(authorizeUrl(change).search);
    form.set('answer', answer);
    const response = await fetch(`${root.base}/services/oauth2/authorize`, { method: 'POST', body: form, redirect: 'manual' });
    return new URL(response.headers.get('location') ?? 'http://nowhere');
  }
  const token = (form: Record<string, string>): Promise<Reply> =>
    fetch(`${root.base}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret, ...form }) }).then(replyOf);
  async function install(change: Record<string, string> = {}): Promise<Tokens> {
    const code = (await consent('allow', change)).searchParams.get('code') ?? '';
    return (await token({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER })).body as Tokens;
  }
  let access: string | null = null;
  /** One request of the API, by default with the token of an install that is made once. */
  async function api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    access ??= (await install()).access_token;
    const url = path.startsWith('http') ? path : root.base + (path.startsWith('/services') || path.startsWith('/id/') ? path : ROOT + path);
    const json = body !== undefined && typeof body !== 'string' && !(body instanceof FormData);
    const init: RequestInit = { method, headers: { authorization: `Bearer ${access}`, ...(json && { 'content-type': 'application/json' }), ...headers } };
    if (body !== undefined) init.body = json ? JSON.stringify(body) : body;
    return replyOf(await fetch(url, init));
  }
  const query = (soql: string, headers: Record<string, string> = {}) => api('GET', `/query?q=${encodeURIComponent(soql)}`, undefined, headers);

  return {
    sandbox,
    base: root.base,
    clock,
    received,
    answer,
    serverUrl,
    authorizeUrl,
    consent,
    token,
    install,
    api,
    query,
    async stop() {
      sandbox.close();
      for (const each of [server, receiver]) {
        if ('closeAllConnections' in each) each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
}
export type OrgWorld = Awaited<ReturnType<typeof startOrg>>;

export const ACK =
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>';

async function replyOf(response: Response): Promise<Reply> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: json && text !== '' ? JSON.parse(text) : text };
}
