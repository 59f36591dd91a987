import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { docusign } from '#connectors/docusign/index';
import { ACCOUNT } from '#connectors/docusign/sandbox';
import { consent, createCall, openWorld, press, registration, signSlot, tokenHttp, VERIFIER, type World } from './world.ts';

const { auth } = docusign;
const { sign } = signSlot();
let world: World;
afterEach(() => world.close());
const account = { id: '', name: '', environment: 'live' as const, baseUrl: '', details: {} };

describe('consent', () => {
  it('shows the scopes and sends the person back with the state', async () => {
    world = await openWorld();
    const page = await fetch(auth.authorizeUrl(world.app, { state: 's', challenge: 'c' }));
    const html = await page.text();
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('(signature)');
    expect(html).toContain('(extended)');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const back = await press(world.app, 'allow', 'a state & more');
    expect(back.searchParams.get('state')).toBe('a state & more');
    expect(back.searchParams.get('code')).toBeTruthy();
  });
  it('refused brings no code', async () => {
    world = await openWorld();
    const back = await press(world.app, 'cancel');
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('code')).toBeNull();
  });
  it('is not shown to another app, nor for another redirect address', async () => {
    world = await openWorld();
    for (const other of [{ clientId: 'another' }, { redirectUri: 'https://elsewhere.example.com/' }]) {
      expect((await fetch(auth.authorizeUrl({ ...world.app, ...other }, { state: 's', challenge: 'c' }))).status).toBe(400);
    }
  });
});

describe('the authorization code', () => {
  it('works once, and only with its verifier', async () => {
    world = await openWorld();
    const code = async () => (await press(world.app, 'allow')).searchParams.get('code') ?? '';
    const spent = await code();
    await auth.exchange(world.app, tokenHttp, { code: spent, verifier: VERIFIER, now: 0 });
    await expect(auth.exchange(world.app, tokenHttp, { code: spent, verifier: VERIFIER, now: 0 })).rejects.toMatchObject({ code: 'oauth.denied' });
    await expect(auth.exchange(world.app, tokenHttp, { code: await code(), verifier: 'another', now: 0 })).rejects.toMatchObject({ code: 'oauth.denied' });
  });
  it('gives tokens that say how long they last and what they allow', async () => {
    world = await openWorld();
    const tokens = await consent(world.app, 1000);
    expect(tokens).toMatchObject({ expiresAt: 1000 + 8 * 3_600_000, scopes: ['signature', 'extended'] });
    expect(JSON.stringify(tokens)).not.toContain(tokens.accessToken.reveal());
  });
  it("is refused in words when the app's own secret is wrong", async () => {
    world = await openWorld();
    const wrong = { ...world.app, clientSecret: new Secret('wrong') };
    await expect(auth.exchange(wrong, tokenHttp, { code: 'x', verifier: 'y', now: 0 })).rejects.toMatchObject({
      code: 'vendor.rejected',
      message: expect.stringContaining('secret'),
    });
  });
});

describe('the account', () => {
  it('is the default one, with the base address that the vendor names', async () => {
    world = await openWorld();
    expect(await auth.identify(world.app, tokenHttp, world.tokens)).toEqual({
      id: ACCOUNT.id,
      name: ACCOUNT.name,
      environment: 'live',
      baseUrl: `${world.base}/restapi/v2.1/accounts/${ACCOUNT.id}`,
      details: { userId: ACCOUNT.user.id, baseUri: world.base },
    });
  });
});

describe('refresh', () => {
  it('replaces both tokens', async () => {
    world = await openWorld();
    const next = await auth.refresh(world.app, tokenHttp, world.tokens, account, 5);
    expect(next.accessToken.reveal()).not.toBe(world.tokens.accessToken.reveal());
    expect(next.refreshToken?.reveal()).not.toBe(world.tokens.refreshToken?.reveal());
    await expect(auth.refresh(world.app, tokenHttp, world.tokens, account, 5)).rejects.toMatchObject({ code: 'install.unauthorized' });
  });
  it('of a revoked grant asks for a person; so does every call', async () => {
    world = await openWorld();
    world.sandbox.revokeGrant();
    await expect(auth.refresh(world.app, tokenHttp, world.tokens, account, 5)).rejects.toMatchObject({ code: 'install.unauthorized', remedy: 'reauthorize' });
    await expect(sign.templates(world.call)).rejects.toMatchObject({ code: 'install.unauthorized' });
  });
});

describe('the JWT grant', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const more = (pem: string) => ({ privateKey: new Secret(pem), userId: new Secret(ACCOUNT.user.id) });
  const pkcs1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it('needs consent once, says where, and then mints without a person', async () => {
    world = await openWorld({ jwtPublicKey: publicKey });
    world.sandbox.revokeGrant();
    const app = registration(world.base, more(pkcs1));
    const refused = await auth.mint?.(app, tokenHttp, Date.now()).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'install.unauthorized', message: expect.stringContaining(`${world.base}/oauth/auth?response_type=code&scope=signature+impersonation`) });
    await press(app, 'allow');
    const tokens = await auth.mint?.(app, tokenHttp, Date.now());
    expect(tokens).toMatchObject({ refreshToken: null, scopes: ['signature', 'impersonation'] });
    const call = createCall({ baseUrl: world.call.install.baseUrl, token: tokens?.accessToken.reveal() ?? '' });
    expect(await sign.templates(call)).toHaveLength(4);
  });
  it('takes keys in either form, with escaped line breaks too', async () => {
    world = await openWorld({ jwtPublicKey: publicKey });
    for (const pem of [pkcs1, pkcs8, pkcs8.replaceAll('\n', '\\n')]) {
      expect((await auth.mint?.(registration(world.base, more(pem)), tokenHttp, Date.now()))?.refreshToken).toBeNull();
    }
  });
  it('is minted anew instead of refreshed', async () => {
    world = await openWorld({ jwtPublicKey: publicKey });
    const app = registration(world.base, more(pkcs8));
    const held = { ...world.tokens, refreshToken: null };
    expect((await auth.refresh(app, tokenHttp, held, account, Date.now())).scopes).toContain('impersonation');
  });
  it('is refused for another key, and when it is too old', async () => {
    const clock = manualClock();
    world = await openWorld({ jwtPublicKey: publicKey, clock });
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(auth.mint?.(registration(world.base, more(stranger)), tokenHttp, clock.now())).rejects.toMatchObject({ code: 'install.unauthorized' });
    await expect(auth.mint?.(registration(world.base, more(pkcs8)), tokenHttp, clock.now() - 3_600_000)).rejects.toMatchObject({ code: 'install.unauthorized' });
  });
  it('without a readable key says so and never quotes it', async () => {
    world = await openWorld();
    const refused = await auth.mint?.(registration(world.base, more('-----BEGIN SECRET-----abc')), tokenHttp, 0).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'vendor.rejected' });
    expect(String((refused as Error).cause)).not.toContain('abc');
    await expect(auth.mint?.(world.app, tokenHttp, 0)).rejects.toMatchObject({ code: 'feature.unsupported' });
  });
});
