import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import type { TokenHttp, Tokens } from '#ports/auth';
import { Secret } from '#lib/secret';
import { PKCE, type Connected, type Place } from './place.ts';
import type { TriedVendor } from './tried.ts';
import { usesOf } from './use.ts';

/** How an account is connected, stays connected and is lost. */
export function authContract(vendor: TriedVendor): void {
  const { auth, manifest } = vendor.connector;

  describe('auth', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
    });
    afterAll(() => place.close());

    const code = async (): Promise<string> => (await place.consent('allow', { state: 'a', challenge: PKCE.challenge })).get('code') ?? '';
    const exchange = (given: string, verifier = PKCE.verifier) => auth.exchange(place.app, place.http, { code: given, verifier, now: place.clock.now() });
    const refresh = (tokens: Tokens, http = place.http) => auth.refresh(place.app, http, tokens, connected.account, place.clock.now());
    const secretsIn = (tokens: Tokens) => [tokens.accessToken.reveal(), tokens.refreshToken?.reveal() ?? '', place.app.clientSecret.reveal()].filter(Boolean);

    async function problemOf(work: Promise<unknown>): Promise<Problem> {
      const thrown: unknown = await work.then(
        () => new Error('It went well.'),
        (error: unknown) => error,
      );
      expect(thrown).toBeInstanceOf(Problem);
      return thrown as Problem;
    }
    /** What a person or the tenant may see of it holds nothing that lets anybody in. */
    function expectNoSecret(problem: Problem, secrets: string[]): void {
      const shown = `${problem.message} ${JSON.stringify(problem.facts)} ${inspect(problem)}`;
      expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    }

    test('asks for the scopes of the manifest and gives the state back', async () => {
      const asked = new URL(auth.authorizeUrl(place.app, { state: 'a state & more', challenge: PKCE.challenge }));
      const scopes = [...asked.searchParams.values()].join(' ').split(/\s+/);
      for (const scope of manifest.oauth.scopes) expect(scopes).toContain(scope);
      expect(asked.toString()).not.toContain(place.app.clientSecret.reveal());
      expect((await place.consent('allow', { state: 'a state & more', challenge: PKCE.challenge })).get('state')).toBe('a state & more');
    });
    test('a person who refuses is no code', async () => {
      const back = await place.consent('refuse', { state: 'a', challenge: PKCE.challenge });
      expect([back.get('code'), back.get('error')]).toEqual([null, expect.any(String)]);
    });
    test('a code is good once', async () => {
      const given = await code();
      const tokens = await exchange(given);
      expect(tokens.expiresAt).toBeGreaterThan(place.clock.now());
      const problem = await problemOf(exchange(given));
      expect(problem.code).toBe('oauth.denied');
      expectNoSecret(problem, [given, ...secretsIn(tokens)]);
    });
    test('a code that the vendor never gave out is refused', async () => expect((await problemOf(exchange('made-up'))).code).toBe('oauth.denied'));
    if (manifest.oauth.pkce)
      test('a code is good only for who asked for it', async () => expect((await problemOf(exchange(await code(), 'x'.repeat(50)))).code).toBe('oauth.denied'));
    test('the account is the same each time', async () => {
      const again = await auth.identify(place.app, place.http, await exchange(await code()));
      expect([again.id, again.environment]).toEqual([connected.account.id, connected.account.environment]);
      expect(new URL(again.baseUrl).origin).toBe(new URL(place.app.apiUrl).origin);
      expect(again.baseUrl.endsWith('/')).toBe(false);
    });
    test('a refreshed token works, and can be refreshed again', async () => {
      const first = await refresh(await exchange(await code()));
      const second = await refresh(first);
      expect(second.accessToken.reveal()).not.toBe(first.accessToken.reveal());
      expect(second.expiresAt).toBeGreaterThan(place.clock.now());
      expect((await auth.identify(place.app, place.http, second)).id).toBe(connected.account.id);
    });
    test('tokens do not show themselves', () => expect(JSON.stringify(connected.tokens) + inspect(connected.tokens)).not.toContain(connected.tokens.accessToken.reveal()));

    const answers: [string, number, unknown, string][] = [
      ['a fault of its own', 503, '<html>Service unavailable</html>', 'vendor.unavailable'],
      ['a limit', 429, { message: 'slow down' }, 'vendor.rate-limited'],
      ['something odd', 200, { hello: 'world' }, 'vendor.odd-answer'],
      ['nothing at all', 200, null, 'vendor.odd-answer'],
    ];
    test.each(answers)('%s at the token server (%i) does not end the permission', async (_what, status, body, expected) => {
      const http: TokenHttp = async () => ({ status, headers: new Headers(), body });
      const problem = await problemOf(refresh(connected.tokens, http));
      expect(problem.code).toBe(expected);
      expectNoSecret(problem, secretsIn(connected.tokens));
      expect((await problemOf(auth.exchange(place.app, http, { code: 'x', verifier: 'x', now: 0 }))).code).toBe(expected);
      expect((await problemOf(auth.identify(place.app, http, connected.tokens))).code).toBe(expected);
    });
    test('a token server that cannot be reached does not end the permission', async () => {
      const problem = await problemOf(
        auth.refresh({ ...place.app, tokenUrl: `${new URL(place.app.tokenUrl).protocol}//127.0.0.1:9` }, place.http, connected.tokens, connected.account, 0),
      );
      expect(problem.code).toBe('host.refused');
    });
    test('a permission that was withdrawn says so, whichever way it is used', async () => {
      const lost = await place.connect();
      vendor.revoke(place);
      const problem = await problemOf(refresh(lost.tokens));
      expect([problem.code, problem.remedy]).toEqual(['install.unauthorized', 'reauthorize']);
      expectNoSecret(problem, secretsIn(lost.tokens));
      const uses = usesOf(vendor, place);
      expect(uses.length).toBeGreaterThan(0);
      for (const use of uses) expect((await problemOf(use(lost.call))).code).toBe('install.unauthorized');
      expect((await problemOf(refresh({ ...lost.tokens, refreshToken: new Secret('made-up') }))).code).toBe('install.unauthorized');
    });
    if (auth.leave !== undefined)
      test('leaving ends the tokens, and may be done again', async () => {
        const leaving = await place.connect();
        await auth.leave?.(leaving.call, leaving.tokens.refreshToken);
        expect((await problemOf(refresh(leaving.tokens))).code).toBe('install.unauthorized');
        const after = await auth.leave?.(leaving.call, leaving.tokens.refreshToken).then(
          () => 'done',
          (error: unknown) => Problem.from(error).remedy,
        );
        expect(['done', 'reauthorize']).toContain(after);
      });
    if (auth.mint !== undefined)
      test('a server-to-server grant says what it lacks', async () => {
        expect((await problemOf(auth.mint?.(place.app, place.http, place.clock.now()) ?? Promise.resolve())).code).toBe('feature.unsupported');
        const broken = { ...place.app, more: { privateKey: new Secret('-----BEGIN NOTHING'), userId: new Secret('u') } };
        const problem = await problemOf(auth.mint?.(broken, place.http, place.clock.now()) ?? Promise.resolve());
        expect(problem.remedy).toBe('reject');
        expectNoSecret(problem, ['BEGIN NOTHING']);
      });
  });
}
