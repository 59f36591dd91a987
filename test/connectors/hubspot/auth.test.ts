import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { manualClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { auth } from '#connectors/hubspot/auth';
import { manifest } from '#connectors/hubspot/manifest';
import type { TokenHttp } from '#ports/auth';
import { startSandbox, tokenHttp } from './harness.ts';

const clock = manualClock();
let world: Awaited<ReturnType<typeof startSandbox>>;
beforeAll(async () => void (world = await startSandbox({ clock })));
afterAll(() => world.stop());
const problem = async (work: Promise<unknown>) =>
  Problem.from(
    await work.then(
      () => new Error('no problem'),
      (thrown: unknown) => thrown,
    ),
  );
const exchange = (code: string) => auth.exchange(world.registration, tokenHttp, { code, verifier: '', now: clock.now() });

describe('consent', () => {
  test('shows every scope, in words too, and asks nothing that the manifest does not', async () => {
    const url = new URL(auth.authorizeUrl(world.registration, { state: 's', challenge: 'c' }));
    expect(url.searchParams.get('scope')?.split(' ')).toEqual(manifest.oauth.scopes);
    const page = await (await fetch(url)).text();
    for (const scope of manifest.oauth.scopes) expect(page).toContain(`<code>${scope}</code>`);
    expect(page).not.toContain('Use a permission of this name');
    const words = [...page.matchAll(/<td>([^<]*)<\/td>/g)].map(([, said]) => said);
    expect(words).toEqual([...new Set(words)]);
  });

  test('gives the state back, with a code or with the refusal', async () => {
    const yes = await world.consent('connect');
    expect([yes.searchParams.get('state'), yes.searchParams.has('code')]).toEqual(['state-1', true]);
    const no = await world.consent('cancel');
    expect([no.searchParams.get('state'), no.searchParams.get('error'), no.searchParams.has('code')]).toEqual(['state-1', 'access_denied', false]);
  });

  test.each([{ client_id: 'another' }, { redirect_uri: 'https://elsewhere.example.com/' }, { scope: 'crm.objects.deals.read' }])(
    'refuses %j without leading anywhere',
    async (change) => {
      const url = new URL(auth.authorizeUrl(world.registration, { state: 's', challenge: 'c' }));
      for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
      expect((await fetch(url, { redirect: 'manual' })).status).toBe(400);
    },
  );
});

describe('tokens', () => {
  test('are had once for a code, live as long as HubSpot says, and name the account', async () => {
    const code = (await world.consent()).searchParams.get('code') ?? '';
    const tokens = await exchange(code);
    expect(tokens.expiresAt).toBe(clock.now() + 1_800_000);
    expect(tokens.scopes).toEqual([...manifest.oauth.scopes, ...manifest.oauth.optionalScopes]);
    const account = await auth.identify(world.registration, tokenHttp, tokens);
    expect(account).toMatchObject({ id: '4242001', environment: 'live', baseUrl: world.base, details: { portalId: 4242001, timeZone: 'Europe/Berlin', currency: 'EUR' } });
    expect((await problem(exchange(code))).code).toBe('oauth.denied');
  });

  test('a code that is late is refused', async () => {
    const code = (await world.consent()).searchParams.get('code') ?? '';
    clock.advance(61_000);
    expect((await problem(exchange(code))).code).toBe('oauth.denied');
  });

  test('scopes that were not granted are named', async () => {
    const code = (await world.consent('connect', ['crm.lists.write'])).searchParams.get('code') ?? '';
    const { code: stable, facts } = await problem(exchange(code));
    expect([stable, facts.missing]).toEqual(['install.missing-scope', 'crm.lists.write']);
  });

  test('are refreshed until the grant is gone', async () => {
    const { tokens, account } = await world.install();
    const fresh = await auth.refresh(world.registration, tokenHttp, tokens, account, clock.now());
    expect(fresh.accessToken.reveal()).not.toBe(tokens.accessToken.reveal());
    expect(fresh.refreshToken?.reveal()).toBe(tokens.refreshToken?.reveal());
    world.sandbox.revokeGrant();
    expect((await problem(auth.refresh(world.registration, tokenHttp, fresh, account, clock.now()))).code).toBe('install.unauthorized');
  });

  test('leaving ends the grant and the webhooks', async () => {
    const { call, tokens, account } = await world.install();
    await auth.leave?.(call, null);
    expect(world.sandbox.world().grant).toBeNull();
    expect((await problem(auth.refresh(world.registration, tokenHttp, tokens, account, clock.now()))).code).toBe('install.unauthorized');
    world.sandbox.moveDeal(world.sandbox.dealNamed('Harbour').id, 'contractsent');
    await world.sandbox.quiet();
    expect(world.received).toEqual([]);
  });

  test.each(['SANDBOX', 'DEVELOPER_TEST'] as const)('an account of type %s is a test account', async (accountType) => {
    const other = await startSandbox({ accountType });
    expect((await other.install()).account.environment).toBe('test');
    await other.stop();
  });
});

describe('answers that differ from what the specification says', () => {
  const tokens = { accessToken: new Secret('at'), refreshToken: new Secret('rt'), expiresAt: 0, scopes: [] };
  const answering = (answers: Record<string, { status: number; body: unknown }[]>): { http: TokenHttp; asked: { path: string; form: Record<string, string> | undefined }[] } => {
    const asked: { path: string; form: Record<string, string> | undefined }[] = [];
    const http: TokenHttp = async ({ url, form }) => {
      const path = new URL(url).pathname.replace('/sandbox/hubspot', '');
      asked.push({ path, form });
      const next = answers[path]?.shift();
      if (!next) throw new Error(`nothing prepared for ${path}`);
      return { ...next, headers: new Headers() };
    };
    return { http, asked };
  };
  const details = { status: 200, body: { portalId: 7, accountType: 'STANDARD' } };

  test('introspection falls back to the other name of the field', async () => {
    const { http, asked } = answering({
      '/oauth/v3/token/introspect': [
        { status: 400, body: {} },
        { status: 200, body: { active: true, hub_id: 7 } },
      ],
      '/account-info/v3/details': [details],
    });
    expect((await auth.identify(world.registration, http, tokens)).id).toBe('7');
    expect(asked.flatMap(({ form }) => (form ? [Object.keys(form).filter((name) => name.includes('token'))] : []))).toEqual([
      ['token', 'token_type_hint'],
      ['access_token', 'token_type_hint'],
    ]);
  });

  test('an answer without what is needed is odd, and a fault of theirs is theirs', async () => {
    const odd = answering({ '/oauth/v3/token': [{ status: 200, body: { hello: 1 } }] });
    expect((await problem(auth.exchange(world.registration, odd.http, { code: 'c', verifier: '', now: 0 }))).code).toBe('vendor.odd-answer');
    const down = answering({ '/oauth/v3/token': [{ status: 502, body: '<html>' }] });
    expect((await problem(auth.refresh(world.registration, down.http, tokens, { id: '7', name: '', environment: 'live', baseUrl: '', details: {} }, 0))).code).toBe(
      'vendor.unavailable',
    );
  });

  test('a refresh token that HubSpot changes is kept', async () => {
    const { http } = answering({ '/oauth/v3/token': [{ status: 200, body: { access_token: 'a2', refresh_token: 'r2', expires_in: 60 } }] });
    const fresh = await auth.refresh(world.registration, http, { ...tokens, scopes: ['oauth'] }, { id: '7', name: '', environment: 'live', baseUrl: '', details: {} }, 1000);
    expect([fresh.refreshToken?.reveal(), fresh.expiresAt, fresh.scopes]).toEqual(['r2', 61_000, ['oauth']]);
  });
});
