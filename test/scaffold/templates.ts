/** What a new connector is called in its different places. */
export interface Names {
  /** Folder and manifest: `acme-sign`. */
  id: string;
  /** In code: `acmeSign`. */
  value: string;
  /** As people write it, to be corrected by hand: `Acme Sign`. */
  title: string;
}

export function namesOf(id: string): Names {
  const words = id.split('-');
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  return { id, value: words.map((word, index) => (index === 0 ? word : capital(word))).join(''), title: words.map(capital).join(' ') };
}

const manifest = ({ id, title }: Names) => `{
  "id": "${id}",
  "name": "${title}",
  "verified": false,
  "capabilities": ["inbound"],
  "hosts": ["api.${id}.example"],
  "oauth": { "scopes": [], "optionalScopes": [], "pkce": true },
  "webhook": { "coversBody": true, "maxBytes": 1048576, "answer": { "status": 200, "body": "" }, "path": "install" },
  "limits": { "requests": 50, "windowMs": 10000, "concurrent": 4, "batch": 1, "timeoutMs": 30000, "pollMs": 900000 },
  "evidence": []
}
`;

const index = ({ id, value }: Names) => `import type { Connector } from '#ports/connector';
import { loadManifest } from '#shared/manifest';
import { auth } from './auth.ts';
import { inbound } from './inbound.ts';

export const ${value}: Connector = { manifest: loadManifest('${id}'), auth, inbound };
`;

const auth = ({ title }: Names) => `import * as z from 'zod';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';

/** Authorization code with PKCE, as RFC 6749 and 7636 have it. Compare each call with ${title}'s own page on OAuth. */
export const auth: Auth = { authorizeUrl, exchange, refresh, identify };

function authorizeUrl(app: AppRegistration, ask: { state: string; challenge: string }): string {
  const query = { response_type: 'code', client_id: app.clientId, redirect_uri: app.redirectUri, state: ask.state, code_challenge: ask.challenge, code_challenge_method: 'S256' };
  return \`\${app.authorizeUrl}/oauth/authorize?\${new URLSearchParams(query).toString()}\`;
}

async function exchange(app: AppRegistration, http: TokenHttp, got: { code: string; verifier: string; now: number }): Promise<Tokens> {
  return token(app, http, got.now, { grant_type: 'authorization_code', code: got.code, redirect_uri: app.redirectUri, code_verifier: got.verifier });
}

async function refresh(app: AppRegistration, http: TokenHttp, held: Tokens, _account: Account, now: number): Promise<Tokens> {
  if (!held.refreshToken) throw new Problem('install.unauthorized');
  const fresh = await token(app, http, now, { grant_type: 'refresh_token', refresh_token: held.refreshToken.reveal() });
  return { ...fresh, refreshToken: fresh.refreshToken ?? held.refreshToken };
}

/** Ask the vendor which account the token is for. Its id must be the one that webhooks name. */
async function identify(): Promise<Account> {
  throw new Problem('feature.unsupported');
}

const grantShape = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1).optional(), expires_in: z.number().positive() });

async function token(app: AppRegistration, http: TokenHttp, now: number, form: Record<string, string>): Promise<Tokens> {
  const reply = await http({ method: 'POST', url: \`\${app.tokenUrl}/oauth/token\`, form: { ...form, client_id: app.clientId, client_secret: app.clientSecret.reveal() } });
  if (reply.status === 400 || reply.status === 401) throw new Problem('install.unauthorized', { facts: { status: reply.status } });
  const grant = grantShape.safeParse(reply.body);
  if (reply.status !== 200 || !grant.success) throw new Problem(reply.status === 200 ? 'vendor.odd-answer' : 'vendor.unavailable', { facts: { status: reply.status } });
  const { access_token, refresh_token, expires_in } = grant.data;
  return { accessToken: new Secret(access_token), refreshToken: refresh_token ? new Secret(refresh_token) : null, expiresAt: now + expires_in * 1000, scopes: [] };
}
`;

const inbound = ({ id, title }: Names) => `import * as z from 'zod';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import { hmacBase64, sameText, sha256 } from '#lib/hmac';
import type { Secret } from '#lib/secret';
import type { Inbound, Notice, RawDelivery, Verdict } from '#ports/inbound';

/** ${title}'s webhooks. Pure: no clock, no network, no state. */
export const inbound: Inbound = { verify, split, decode };

/** The header in which ${title} sends its signature, in lower case. */
const SIGNATURE = 'x-${id}-signature';

/** HMAC-SHA-256 of the raw body in base64, which is what most vendors do. Every live secret is tried. */
function verify(delivery: RawDelivery, secrets: readonly Secret[]): Verdict {
  const given = delivery.headers[SIGNATURE];
  if (given === undefined) return { ok: false, reason: 'missing' };
  const good = secrets.some((secret) => sameText(given, hmacBase64(secret.reveal(), delivery.body)));
  return good ? { ok: true } : { ok: false, reason: 'mismatch' };
}

const messageShape = z.looseObject({ event: z.string(), account: z.string().nullish(), at: z.iso.datetime({ offset: true }) });

/** One notice for each event. The key must stay the same when the vendor sends the event again: leave out counters of attempts. */
function split(delivery: RawDelivery): Notice[] {
  const text = new TextDecoder().decode(delivery.body);
  const message = messageShape.safeParse(parse(text));
  if (!message.success) throw new Problem('delivery.malformed', { cause: message.error });
  const { event, account, at } = message.data;
  return [{ account: account ?? null, key: sha256(text), kind: event, at: Date.parse(at), payload: text }];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem('delivery.malformed', { cause });
  }
}

/** What an event means, in our words: most are \`envelope.status\`. An event that says nothing to us is \`[]\`, never an error. */
function decode(_notice: Notice): Fact[] {
  return [];
}
`;

const sample = () => `{
  "event": "envelope.completed",
  "account": "acc_1",
  "at": "2026-01-15T10:30:00Z"
}
`;

const readme = ({ title }: Names) => `# ${title}

Not finished, and not seen to work against the real vendor.

## Register the app

Where, step by step; the redirect address, the scopes and why each is needed, the webhook address and its secret.

## Configure

Which part of \`app.config.json\` and which variables of the environment.

## What is not proven

Facts taken from documents or from memory, each with where it came from, until somebody has seen them on the wire.
`;

const test = ({ id, value, title }: Names) => `import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inbound } from '#connectors/${id}/inbound';
import { ${value} } from '#connectors/${id}/index';
import { hmacBase64 } from '#lib/hmac';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';

const KEY = 'a-webhook-key';
const body = readFileSync(\`\${projectRoot}/connectors/${id}/samples/completed.json\`);
const signed = (key: string) => ({ method: 'POST', url: 'https://example.com/hooks/${id}', headers: { 'x-${id}-signature': hmacBase64(key, body) }, body });

describe('${title} webhooks', () => {
  it('has a sound manifest', () => expect(${value}.manifest.id).toBe('${id}'));

  it('takes what is signed with the key and refuses what is not', () => {
    expect(inbound.verify(signed(KEY), [new Secret('an-older-key'), new Secret(KEY)], 0)).toEqual({ ok: true });
    expect(inbound.verify(signed('another-key'), [new Secret(KEY)], 0)).toEqual({ ok: false, reason: 'mismatch' });
  });

  it('gives an event that is sent again the same key', () => {
    expect(inbound.split(signed(KEY)).map(({ key }) => key)).toEqual(inbound.split(signed(KEY)).map(({ key }) => key));
  });

  it('understands a completed envelope', () => {
    const facts = inbound.split(signed(KEY)).flatMap((notice) => inbound.decode(notice, { appId: 'our-app' }));
    const todo =
      'Put a webhook that ${title} really sent, with people and tokens replaced, into connectors/${id}/samples/completed.json, ' +
      'then write decode() in connectors/${id}/inbound.ts so that it yields the fact envelope.status.';
    expect(facts, todo).toEqual([expect.objectContaining({ type: 'envelope.status', data: expect.objectContaining({ status: 'completed', seenBy: 'webhook' }) })]);
  });
});
`;

/** Every file of a new connector, by its path from the root. */
export function filesOf(names: Names): Record<string, string> {
  const folder = `connectors/${names.id}`;
  return {
    [`${folder}/manifest.json`]: manifest(names),
    [`${folder}/index.ts`]: index(names),
    [`${folder}/auth.ts`]: auth(names),
    [`${folder}/inbound.ts`]: inbound(names),
    [`${folder}/samples/completed.json`]: sample(),
    [`${folder}/README.md`]: readme(names),
    [`test/connectors/${names.id}/inbound.test.ts`]: test(names),
  };
}
