import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import { manualClock, systemClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { seededRandom } from '#lib/random';
import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Auth, Tokens } from '#ports/auth';
import type { Access } from '#ports/call';
import type { Connector } from '#ports/connector';
import type { Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createTokens, flagInstall, openTokens, sealTokens } from '#flow/tokens';
import type { Db } from '#store/database';
import { getInstall, REFRESH_LEASE_MS, updateInstall, type Install } from '#store/installs';
import { eachDatabase, type TestDatabase } from '../store/databases.ts';
import { NOW, put, putAccount, sealer, write, type Account } from '../store/fixtures.ts';
import { manifest } from '../shared/server.ts';

const HOUR = 3_600_000;
const tokens = (name: string, expiresAt: number): Tokens => ({
  accessToken: new Secret(`access-${name}`),
  refreshToken: new Secret(`refresh-${name}`),
  expiresAt,
  scopes: ['write'],
});

/** A vendor that gives out numbered tokens, each refresh token once. `granting` is what it waits for first. */
function createVendor() {
  const vendor = { refreshes: 0, used: [] as string[], movedTo: null as string | null, granting: async () => undefined as void, problem: null as Problem | null };
  const refresh: Auth['refresh'] = async (_app, _http, old, _account, now) => {
    vendor.used.push(old.refreshToken?.reveal() ?? '');
    await vendor.granting();
    if (vendor.problem) throw vendor.problem;
    const next = tokens(String(++vendor.refreshes), now + HOUR);
    return vendor.movedTo === null ? next : { ...next, baseUrl: vendor.movedTo };
  };
  return { vendor, refresh };
}

function flowOn(db: Db, refresh: Auth['refresh'], clock: Clock): Flow {
  const auth: Auth = {
    authorizeUrl: () => '',
    exchange: async () => tokens('0', 0),
    refresh,
    identify: async () => ({ id: '', name: '', environment: 'live', baseUrl: '', details: {} }),
  };
  const connector: Connector = { manifest: manifest(), auth };
  const app = { clientId: '', clientSecret: new Secret(''), redirectUri: '', authorizeUrl: '', tokenUrl: '', apiUrl: '', more: {} };
  return {
    db,
    clock,
    log: createLog('silent'),
    sealer,
    metrics: createMetrics(),
    random: seededRandom(1),
    vendors: new Map([['a-crm', { connector, app, loginAt: () => null, appId: '', webhookSecrets: [] }]]),
    publicUrl: () => 'https://countersign.example.com',
    tokenHttp: () => async () => ({ status: 500, headers: new Headers(), body: null }),
    bind: () => {
      throw new Error('No call is made here.');
    },
    outgoing: { check: (url) => new URL(url), post: async () => ({ status: 500, retryAfterMs: null, excerpt: '' }) },
    wake: { inbox: () => undefined, outbox: () => undefined, cursors: () => undefined, messages: () => undefined },
    coalesceMs: 0,
    admission: 'open',
    shippedMapping: () => '',
  };
}

/** An install whose token ends at `expiresAt`, and as many processes as are asked for, each with its own source of tokens. Their time stands still. */
async function stage({ db, peers }: TestDatabase, expiresAt: number, processes = 1) {
  const account: Account = await putAccount(db);
  const time = manualClock(NOW);
  const clock = { ...time, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(5, signal) };
  const { vendor, refresh } = createVendor();
  const flow = flowOn(db, refresh, clock);
  const sources = peers(processes).map((peer) => createTokens(flowOn(peer, refresh, clock)));
  const install: Install = account.crm;
  await updateInstall(db, account.tenant, install.id, { tokens: sealTokens(flow, install, tokens('old', expiresAt)), expires_at: expiresAt });
  return { db, account, install, clock, vendor, refresh, flow, source: createTokens(flow), sources, read: () => getInstall(db, account.tenant, install.id) };
}
/** The access that an install begins with. */
const OLD: Access = { token: new Secret('access-old'), baseUrl: 'https://api.example.com' };
const reveal = async (all: Promise<Access>[]) => (await Promise.all(all)).map(({ token }) => token.reveal());
const alarms = async (db: Db) => (await db.selectFrom('alarms').select('code').execute()).map(({ code }) => code);
const states = async (db: Db) => (await db.selectFrom('outbox').select('state').orderBy('ordinal').execute()).map(({ state }) => state);

eachDatabase((_name, open) => {
  it('a token that is good for a while is given as it is; one near its end is refreshed first', async () => {
    const { install, source, vendor, clock } = await stage(await open(), NOW + HOUR);
    expect(await reveal([source.access(install)])).toEqual(['access-old']);
    clock.advance(HOUR - 60_000);
    expect(await reveal([source.access(install), source.access(install)])).toEqual(['access-1', 'access-1']);
    expect([vendor.refreshes, vendor.used]).toEqual([1, ['refresh-old']]);
  });

  it('many who need one at once wait for one refresh, in a process and across processes', async () => {
    const { install, sources, vendor } = await stage(await open(), NOW, 3);
    const asked = sources.flatMap((source) => [source.access(install), source.access(install), source.renew(install, OLD)]);
    expect(new Set(await reveal(asked))).toEqual(new Set(['access-1']));
    expect([vendor.refreshes, vendor.used]).toEqual([1, ['refresh-old']]);
  });

  it('an account that waits for a person is not refreshed: its refresh token may be a used one', async () => {
    const { db, account, install, source, vendor } = await stage(await open(), NOW + HOUR);
    await updateInstall(db, account.tenant, install.id, { state: 'reauthorize' });
    await expect(source.renew(install, OLD)).rejects.toMatchObject({ code: 'install.unauthorized' });
    expect(vendor.used).toEqual([]);
  });

  it('what a refresh brings is kept though the account was flagged meanwhile: the refresh token before it is used up', async () => {
    const { install, flow, source, vendor, read } = await stage(await open(), NOW);
    vendor.granting = async () => void (await flagInstall(flow, install, new Problem('install.unauthorized')));
    expect((await source.access(install)).token.reveal()).toBe('access-1');
    const kept = await read();
    expect([kept.state, openTokens(flow, kept).accessToken.reveal(), kept.refresh_until]).toEqual(['reauthorize', 'access-1', 0]);
  });

  it('a token that the vendor has just refused is renewed though it looks good, once for all who hold it', async () => {
    const { install, sources, vendor } = await stage(await open(), NOW + HOUR, 2);
    const stale = OLD;
    expect(new Set(await reveal(sources.map((source) => source.renew(install, stale))))).toEqual(new Set(['access-1']));
    expect(await reveal(sources.map((source) => source.renew(install, stale)))).toEqual(['access-1', 'access-1']);
    expect(vendor.refreshes).toBe(1);
  });

  it('a new token is stored, sealed, before anybody uses it', async () => {
    const { install, source, flow, read } = await stage(await open(), NOW);
    const { token } = await source.access(install);
    const stored = await read();
    expect(stored).toMatchObject({ expires_at: NOW + HOUR, refresh_until: 0 });
    expect(stored.tokens).not.toContain('access');
    expect(JSON.parse(flow.sealer.open(stored.tokens ?? '', `${install.tenant}|installs|tokens|${install.id}`))).toMatchObject({
      accessToken: token.reveal(),
      refreshToken: 'refresh-1',
    });
  });

  it('goes with the address that it is good at: that of the last one, unless the vendor names another, which is stored with it', async () => {
    const { install, source, sources, clock, vendor, read } = await stage(await open(), NOW + HOUR, 2);
    const addresses = async (all: Promise<Access>[]) => (await Promise.all(all)).map(({ baseUrl }) => baseUrl);
    expect(await addresses([source.access(install), source.renew(install, OLD)])).toEqual([OLD.baseUrl, OLD.baseUrl]);
    vendor.movedTo = 'https://moved.example.com';
    clock.advance(HOUR);
    expect(await addresses(sources.map((one) => one.access(install)))).toEqual([vendor.movedTo, vendor.movedTo]);
    expect(await read()).toMatchObject({ base_url: vendor.movedTo, expires_at: NOW + 2 * HOUR });
    expect(vendor.refreshes).toBe(2);
    vendor.movedTo = null;
    clock.advance(HOUR);
    // Who was bound to the account before it moved asks at the new address all the same.
    expect([install.base_url, await addresses([source.access(install)])]).toEqual([OLD.baseUrl, ['https://moved.example.com']]);
  });

  it('where it cannot be stored, neither it nor its address is given to anybody', async () => {
    const { db, install, source, vendor } = await stage(await open(), NOW);
    vendor.movedTo = 'https://moved.example.com';
    // Connected anew meanwhile: what is known of the old grant says nothing of the new one.
    vendor.granting = () => updateInstall(db, install.tenant, install.id, { granted_at: NOW + 1 });
    await expect(source.access(install)).rejects.toMatchObject({ code: 'vendor.unavailable' });
    expect((await getInstall(db, install.tenant, install.id)).base_url).toBe(OLD.baseUrl);
  });

  it('where it cannot be stored, nobody gets it', async () => {
    const { db, install, source, vendor } = await stage(await open(), NOW);
    vendor.granting = async () => void (await db.executeQuery(CompiledQuery.raw('alter table installs rename to away')));
    await expect(source.access(install)).rejects.toThrow();
    expect(vendor.refreshes).toBe(1);
  });

  it('who died while refreshing is waited for, and then replaced', async () => {
    const { db, install, refresh, vendor } = await stage(await open(), NOW);
    const clock = manualClock(NOW);
    await updateInstall(db, install.tenant, install.id, { refresh_until: NOW + REFRESH_LEASE_MS });
    expect(await reveal([createTokens(flowOn(db, refresh, clock)).access(install)])).toEqual(['access-1']);
    expect(clock.now()).toBeGreaterThan(NOW + REFRESH_LEASE_MS);
    expect(vendor.refreshes).toBe(1);
  });

  describe('where a refresh fails', () => {
    it('a dead grant flags the install, holds what waits for it and raises the alarm once; nothing is lost', async () => {
      const { db, account, install, sources, vendor, read } = await stage(await open(), NOW, 2);
      await put(db, account, 1, write(account.crm, '1'), write(account.crm, '2'));
      await put(db, account, 2, { ...write(account.sign, '3'), kind: 'envelope.remind', data: { envelope: 'env_1' } });
      vendor.problem = new Problem('install.unauthorized', { say: 'The grant was withdrawn.' });
      for (const source of sources) await expect(source.access(install)).rejects.toMatchObject({ code: 'install.unauthorized' });
      expect(await read()).toMatchObject({ state: 'reauthorize', reason: 'The grant was withdrawn.', refresh_until: 0 });
      expect(await states(db)).toEqual(['held', 'held', 'ready']);
      expect(await db.selectFrom('alarms').selectAll().execute()).toMatchObject([{ code: 'install-needs-reauthorisation', subject: install.id, tenant: account.tenant, count: 1 }]);
    });

    it('for another reason it only failed this time, and the next one may try at once', async () => {
      const { db, account, install, source, vendor, read } = await stage(await open(), NOW);
      await put(db, account, 1, write(account.crm, '1'));
      vendor.problem = new Problem('vendor.unavailable');
      await expect(source.access(install)).rejects.toMatchObject({ code: 'vendor.unavailable' });
      expect([(await read()).state, await states(db), await alarms(db)]).toEqual(['active', ['ready'], ['token-refresh-failing']]);
      vendor.problem = null;
      expect(await reveal([source.access(install)])).toEqual(['access-1']);
      expect([vendor.used, await alarms(db)]).toEqual([['refresh-old', 'refresh-old'], []]);
    });

    it('what was never a Problem is a bug of ours, and flags nothing', async () => {
      const { install, source, vendor, read } = await stage(await open(), NOW);
      vendor.granting = async () => Promise.reject(new TypeError('undefined is not a function'));
      await expect(source.access(install)).rejects.toMatchObject({ code: 'internal.bug' });
      expect(await read()).toMatchObject({ state: 'active', refresh_until: 0 });
    });

    it('and where there are no tokens, a person is needed', async () => {
      const { db, install, source, vendor } = await stage(await open(), NOW);
      await updateInstall(db, install.tenant, install.id, { tokens: null });
      await expect(source.access(install)).rejects.toMatchObject({ code: 'install.unauthorized' });
      await expect(source.renew(install, OLD)).rejects.toMatchObject({ code: 'install.unauthorized' });
      expect(vendor.used).toEqual([]);
    });
  });

  it('an install that left is not flagged, and what waits for it stays', async () => {
    const { db, account, install, flow, read } = await stage(await open(), NOW);
    await put(db, account, 1, write(account.crm, '1'));
    await updateInstall(db, install.tenant, install.id, { state: 'left' });
    await flagInstall(flow, install, new Problem('install.unauthorized'));
    expect([(await read()).state, await states(db), await alarms(db)]).toEqual(['left', ['ready'], []]);
  });
});
