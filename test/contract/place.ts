import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { newId } from '#lib/ids';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, TokenHttp, Tokens } from '#ports/auth';
import type { Access, Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import type { RawDelivery } from '#ports/inbound';
import type { Mail, Sandbox, SandboxOptions } from '#ports/sandbox';
import { createCall, createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Budget, Limits } from '#shared/limits';
import { createVisitor, type PageSeen } from '#src/cli/visitor';
import { hastyClock, type HastyClock } from '../flow/clock.ts';

/** What a connector is tried in: its sandbox behind real HTTP, a place where its webhooks arrive, and the product's own calls. */
export interface Place {
  clock: HastyClock;
  sandbox: Sandbox;
  app: AppRegistration;
  http: TokenHttp;
  /** As they arrived, oldest first. */
  deliveries: RawDelivery[];
  /** Statuses to answer the next deliveries with, before all is well again. */
  stumble: number[];
  mails: Mail[];
  /** The vendor's live webhook secrets. */
  secrets: Secret[];
  /** Where its webhooks arrive. */
  hookUrl: string;
  appId: string;
  /** Opens the consent page and answers it; gives back what the browser is sent back with. */
  consent(answer: 'allow' | 'refuse', ask: { state: string; challenge: string }): Promise<URLSearchParams>;
  /** Consents, and gives back a call to the account. */
  connect(): Promise<Connected>;
  /** A call that begins with these tokens and refreshes them where the vendor refuses them. */
  callWith(tokens: Tokens, account: Account): Call;
  /** Waits until every webhook is here. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}
export interface Connected {
  call: Call;
  tokens: Tokens;
  account: Account;
}

/** RFC 7636's own example pair. */
export const PKCE = { verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' };

const WEBHOOK_KEYS = ['contract-key-one', 'contract-key-two'];
const unlimited: Limits = { schedule: (_budget, _priority, run) => run(), rest: () => undefined, fault: () => null, size: () => 0, close: async () => undefined };
const budget: Budget = { key: 'contract', requests: 10_000, windowMs: 10_000, concurrent: 100, timeoutMs: 5000 };

export interface Opening {
  connector: Connector;
  create: (options: SandboxOptions) => Sandbox;
  /** How a person answers the consent page. */
  consentForm: { action: string; allow: Record<string, string>; refuse: Record<string, string> };
  /** Which secrets the vendor signs with: its app's or its webhook keys. */
  signsWith: 'app' | 'keys';
  state?: SandboxOptions['state'];
  more?: Record<string, Secret>;
  /** Path at which webhooks arrive; where nothing signs them, one that nobody can guess. */
  hook?: string;
  clock?: HastyClock;
}

export async function openPlace({ connector, create, consentForm, signsWith, state, more, hook = '/hook', clock = hastyClock() }: Opening): Promise<Place> {
  const { manifest, auth } = connector;
  const root = new Hono<{ Bindings: HttpBindings }>();
  const listener = getRequestListener(root.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const base = `${address}/sandbox/${manifest.id}`;
  const [deliveries, stumble, mails]: [RawDelivery[], number[], Mail[]] = [[], [], []];
  const registered = { clientId: 'contract-client', clientSecret: 'contract-secret', appId: '31337', redirectUri: () => `${address}/back`, webhookUrl: () => address + hook };
  const sandbox = create({
    baseUrl: () => base,
    clock,
    app: registered,
    webhookKeys: WEBHOOK_KEYS,
    mail: (mail) => void mails.push(mail),
    seed: 5,
    serverUrl: () => address,
    ...(state === undefined ? {} : { state }),
  });
  root.get('/back', (c) => c.text('back'));
  root.post(hook, async (c) => {
    const headers = Object.fromEntries(Object.entries(c.env.incoming.headers).map(([name, value]) => [name, String(value)]));
    deliveries.push({ method: 'POST', url: `${address}${c.env.incoming.url ?? ''}`, headers, body: new Uint8Array(await c.req.arrayBuffer()) });
    const { status, body, type } = manifest.webhook?.answer ?? { status: 204, body: '', type: '' };
    // As the server would answer, with a body where the vendor asks for one.
    const answered = (stumble.shift() ?? status) as 200;
    return body === '' ? c.body(null, answered) : c.body(body, answered, { 'content-type': type });
  });
  root.route(`/sandbox/${manifest.id}`, sandbox.app);

  const app: AppRegistration = {
    clientId: registered.clientId,
    clientSecret: new Secret(registered.clientSecret),
    redirectUri: registered.redirectUri(),
    authorizeUrl: base,
    tokenUrl: base,
    apiUrl: base,
    more: more ?? {},
  };
  const checkHost = createHostCheck(() => address);
  const http = createTokenHttp(manifest, checkHost);
  const ending = new AbortController();

  async function consent(answer: 'allow' | 'refuse', ask: { state: string; challenge: string }): Promise<URLSearchParams> {
    const visitor = createVisitor();
    const page: PageSeen = await visitor.open(auth.authorizeUrl(app, ask));
    return new URL((await visitor.submit(page, consentForm.action, consentForm[answer])).url).searchParams;
  }

  function callWith(first: Tokens, account: Account): Call {
    let tokens = first;
    const accessOf = ({ accessToken, baseUrl = account.baseUrl }: Tokens): Access => ({ token: accessToken, baseUrl });
    return createCall({
      manifest,
      install: { id: newId('ins'), account: account.id, baseUrl: account.baseUrl, environment: account.environment, details: account.details },
      webhookUrl: registered.webhookUrl(),
      priority: 5,
      limits: unlimited,
      budgetOf: () => budget,
      heard: () => undefined,
      clock,
      signal: ending.signal,
      checkHost,
      access: async () => accessOf(tokens),
      admit: () => undefined,
      quota: () => undefined,
      async renew() {
        tokens = await auth.refresh(app, http, tokens, account, clock.now());
        return accessOf(tokens);
      },
      observe: () => undefined,
    });
  }

  return {
    clock,
    sandbox,
    app,
    http,
    deliveries,
    stumble,
    mails,
    secrets: signsWith === 'app' ? [app.clientSecret] : WEBHOOK_KEYS.map((key) => new Secret(key)),
    hookUrl: address + hook,
    appId: registered.appId,
    consent,
    callWith,
    async connect() {
      const back = await consent('allow', { state: 'a-state', challenge: PKCE.challenge });
      const tokens = await auth.exchange(app, http, { code: back.get('code') ?? '', verifier: PKCE.verifier, now: clock.now() });
      const account = await auth.identify(app, http, tokens);
      return { tokens, account, call: callWith(tokens, account) };
    },
    quiet: () => sandbox.quiet(),
    async close() {
      ending.abort();
      sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
