import { describe, expect, it } from 'vitest';
import { manualClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { seededRandom } from '#lib/random';
import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Auth, Tokens } from '#ports/auth';
import type { Connector } from '#ports/connector';
import { getVendor, type Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createTokens, flagInstall, sealTokens } from '#flow/tokens';
import type { Db } from '#store/database';
import { getInstall, REFRESH_LEASE_MS, updateInstall, type Install } from '#store/installs';
import { eachDatabase, type TestDatabase } from '../store/databases.ts';
import { NOW, put, putAccount, sealer, write, type Account } from '../store/fixtures.ts';
import { manifest } from '../shared/server.ts';

const HOUR = 3_600_000;
const tokens = (name: string, expiresAt: number): Tokens => ({ accessToken: new Secret(`access-${name}`), refreshToken: new Secret(`refresh-${name}`), expiresAt, scopes: ['write'] });

/** A vendor that gives out numbered tokens, each refresh token once. `granting` is what it waits for first. */
function createVendor() {
  const vendor = { refreshes: 0, used: [] as string[], granting: async () => undefined as void, problem: null as Problem | null };
  const refresh: Auth['refresh'] = async (_app, _http, old, _account, now) => {
    vendor.used.push(old.refreshToken?.reveal() ?? '');
    await vendor.granting();
    if (vendor.problem) throw vendor.problem;
    return tokens(String(++vendor.refreshes), now + HOUR);
  };
  return { vendor, refresh };
}

function flowOn(db: Db, refresh: Auth['refresh'], clock: Clock): Flow {
  const auth: Auth = { authorizeUrl: () => '', exchange: async () => tokens('0', 0), refresh, identify: async () => ({ id: '', name: '', environment: 'live', baseUrl: '', details: {} }) };
  const connector: Connector = { manifest: manifest(), auth };
  const app = { clientId: '', clientSecret: new Secret(''), redirectUri: '', authorizeUrl: '', tokenUrl: '', apiUrl: '', more: {} };
  return {
    db,
    clock,
    log: createLog('silent'),
    sealer,
    metrics: createMetrics(),
    random: seededRandom(1),
    vendors: new Map([['a-crm', { connector, app, appId: '', webhookSecrets: [] }]]),
    publicUrl: () => 'https://countersign.example.com',
    tokenHttp: () => async () => ({ status: 500, headers: new Headers(), body: null }),
    bind: () => {
      throw new Error('No call is made here.');
    },
    wake: { inbox: () => undefined, outbox: () => undefined, cursors: () => undefined },
    coalesceMs: 0,
    shippedMapping: () => '',
  };
}

/** An install whose token ends at `expiresAt`, and as many processes as are asked for, each with its own source of tokens. */
async function stage({ db, peers }: TestDatabase, expiresAt: number, processes = 1) {
  const account: Account = await putAccount(db);
  const clock = manualClock(NOW);
  const { vendor, refresh } = createVendor();
  const flows = peers(processes).map((peer) => flowOn(peer, refresh, clock));
  const [flow = flowOn(db, refresh, clock)] = flows;
  const install: Install = account.crm;
  await updateInstall(db, account.tenant, install.id, { tokens: sealTokens(flow, install, tokens('old', expiresAt)), expires_at: expiresAt });
  return { account, install, clock, vendor, flow, sources: flows.map(createTokens), read: () => getInstall(db, account.tenant, install.id) };
}
const reveal = async (all: Promise<Secret>[]) => (await Promise.all(all)).map((token) => token.reveal());
const states = async (db: Db) => (await db.selectFrom('outbox').select('state').orderBy('ordinal').execute()).map(({ state }) => state);

eachDatabase((_name, open) => {
  it('a token that is good for a while is given as it is; one near its end is refreshed first', async () => {
    const { install, sources, vendor, clock } = await stage(await open(), NOW + HOUR);
    const [source] = sources;
    if (!source) throw new Error('There is a process.');
    expect(await reveal([source.accessToken(install)])).toEqual(['access-old']);
    clock.advance(HOUR - 60_000);
    expect(await reveal([source.accessToken(install), source.accessToken(install)])).toEqual(['access-1', 'access-1']);
    expect([vendor.refreshes, vendor.used]).toEqual([1, ['refresh-old']]);
  });

  it('many who need one at once wait for one refresh, in a process and across processes', async () => {
    const { install, sources, vendor } = await stage(await open(), NOW, 3);
    const asked = sources.flatMap((source) => [source.accessToken(install), source.accessToken(install), source.renew(install, new Secret('access-old'))]);
    expect(new Set(await reveal(asked))).toEqual(new Set(['access-1']));
    expect([vendor.refreshes, vendor.used]).toEqual([1, ['refresh-old']]);
  });

  it('a token that the vendor has just refused is renewed though it looks good, once for all who hold it', async () => {
    const { install, sources, vendor } = await stage(await open(), NOW + HOUR, 2);
    const stale = new Secret('access-old');
    expect(new Set(await reveal(sources.map((source) => source.renew(install, stale))))).toEqual(new Set(['access-1']));
    expect(await reveal(sources.map((source) => source.renew(install, stale)))).toEqual(['access-1', 'access-1']);
    expect(vendor.refreshes).toBe(1);
  });

  it('a new token is stored, sealed, before anybody uses it', async () => {
    const { install, sources, flow, read } = await stage(await open(), NOW);
    const [source] = sources;
    const token = await source?.accessToken(install);
    const stored = await read();
    expect(stored).toMatchObject({ expires_at: NOW + HOUR, refresh_until: 0 });
    expect(stored.tokens).not.toContain('access');
    expect(JSON.parse(flow.sealer.open(stored.tokens ?? '', `${install.tenant}|installs|tokens|${install.id}`))).toMatchObject({ accessToken: token?.reveal(), refreshToken: 'refresh-1' });
  });

  it('where it cannot be stored, it is not used', async () => {
    const database = await open();
    const { install, sources, vendor } = await stage(database, NOW);
    const { CompiledQuery } = await import('kysely');
    vendor.granting = async () => void (await database.db.executeQuery(CompiledQuery.raw('alter table installs rename to away')));
    await expect(sources[0]?.accessToken(install)).rejects.toThrow();
  });

  it('who died while refreshing is waited for, and then replaced', async () => {
    const { install, sources, clock, vendor, account, read } = await stage(await open(), NOW);
    await updateInstall(sources.length > 0 ? (await read(), getDb(sources, account)) : getDb(sources, account), account.tenant, install.id, { refresh_until: NOW + REFRESH_LEASE_MS });
    expect(await reveal([sources[0]?.accessToken(install) ?? Promise.reject(new Error('There is a process.'))])).toEqual(['access-1']);
    expect(clock.now()).toBeGreaterThan(NOW + REFRESH_LEASE_MS);
    expect(vendor.refreshes).toBe(1);
  });
});
