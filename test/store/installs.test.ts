import { expect, it } from 'vitest';
import { advanceCursor, claimCursor, countGap, ensureCursor, finishRound, hurryCursor, nextRoundAt } from '#store/cursors';
import type { Db } from '#store/database';
import { findGround, putGround } from '#store/grounds';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import {
  claimRefresh,
  findInstallByAccount,
  findInstallByHook,
  getInstall,
  listInstalls,
  listTenants,
  MOST_SIGN_INS,
  type NewInstall,
  putInstall,
  putOauthState,
  REFRESH_LEASE_MS,
  takeOauthState,
  updateInstall,
} from '#store/installs';
import { closeSession, consumeLink, findSession, isLinkGood, issueLink, openSession, SESSION_MS, sweepSessions } from '#store/sessions';
import type { TenantId } from '#core/ids';
import { eachDatabase } from './databases.ts';
import { dump, install, NOW, putAccount } from './fixtures.ts';

const put = (db: Db, tenant: TenantId, over: Partial<NewInstall>, tokens = 'sealed', now = NOW) =>
  db.transaction().execute((tx) => putInstall(tx, tenant, install(over), (id) => `${tokens} for ${id}`, now));

eachDatabase((_name, open) => {
  it('an account that connects again is the same install, with its history and its webhook address, and usable again', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const first = await put(db, tenant, { account: '4711' });
    await updateInstall(db, tenant, first.id, { state: 'reauthorize', reason: 'withdrawn', send_allowed: 1, refresh_until: NOW + 9 });
    const again = await put(db, tenant, { account: '4711', name: 'Renamed', scopes: ['read'] }, 'newly sealed', NOW + 5);
    expect(again).toEqual({
      ...first,
      name: 'Renamed',
      scopes: '["read"]',
      tokens: `newly sealed for ${first.id}`,
      send_allowed: 1,
      granted_at: NOW + 5,
      updated_at: NOW + 5,
      last_ok_at: NOW + 5,
    });
    expect(await db.selectFrom('lanes').selectAll().where('install', '=', first.id).execute()).toHaveLength(1);
  });

  it('what an admin has set of it, and what is known of its day, survive that it connects again', async () => {
    const { db } = await open();
    const { tenant } = await putAccount(db);
    const first = await put(db, tenant, { account: '4711' });
    expect(first).toMatchObject({ day_share: 25, day_use: null, listening: 0 });
    const set = { day_share: 40, day_use: '{"used":1,"limit":2,"readAt":3,"hours":{}}', listening: 1 as const, webhook_keys: 'sealed keys' };
    await updateInstall(db, tenant, first.id, { ...set, state: 'left' });
    expect(await put(db, tenant, { account: '4711' })).toMatchObject({ ...set, state: 'active' });
  });

  it('an account belongs to one tenant: another is refused and changes nothing', async () => {
    const { db } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)];
    await put(db, a.tenant, { account: '4711' });
    const before = await dump(db);
    await expect(put(db, b.tenant, { account: '4711', name: 'Taken over' })).rejects.toMatchObject({ code: 'request.forbidden' });
    expect(await dump(db)).toEqual(before);
    expect((await put(db, b.tenant, { account: '4711', vendor: 'another-crm' })).tenant).toBe(b.tenant);
  });

  it('a webhook finds its install by account or by its unguessable address, and only with its own vendor', async () => {
    const { db } = await open();
    const { crm, sign } = await putAccount(db);
    expect(crm.hook).toMatch(/^[\w-]{32}$/);
    expect(crm.hook).not.toBe(sign.hook);
    expect([await findInstallByAccount(db, 'a-crm', crm.account), await findInstallByHook(db, 'a-crm', crm.hook)]).toEqual([crm, crm]);
    expect([await findInstallByAccount(db, 'a-signer', crm.account), await findInstallByHook(db, 'a-signer', crm.hook)]).toEqual([undefined, undefined]);
  });

  it('installs that left or need a person are listed', async () => {
    const { db } = await open();
    const { tenant, crm, sign } = await putAccount(db, 'Zeta');
    await putAccount(db, 'Alpha');
    await updateInstall(db, tenant, crm.id, { state: 'left' });
    expect((await listInstalls(db, tenant)).map(({ id }) => id).sort()).toEqual([crm.id, sign.id].sort());
    expect((await listTenants(db)).map(({ name }) => name)).toEqual(['Alpha', 'Zeta']);
    await expect(getInstall(db, tenant, 'ins_none')).rejects.toMatchObject({ code: 'install.absent' });
  });

  it('of many who want to refresh, one may, until its time is over', async () => {
    const { db, peers } = await open();
    const { tenant, crm } = await putAccount(db);
    const claim = (now: number) => Promise.all(peers(6).map((peer) => claimRefresh(peer, tenant, crm, now)));
    const winners = (claims: boolean[]) => claims.filter(Boolean).length;
    expect(winners(await claim(NOW))).toBe(1);
    expect(winners(await claim(NOW + REFRESH_LEASE_MS))).toBe(0);
    expect(winners(await claim(NOW + REFRESH_LEASE_MS + 1))).toBe(1);
    await updateInstall(db, tenant, crm.id, { tokens: 'newly sealed', refresh_until: 0 });
    expect(winners(await claim(NOW + REFRESH_LEASE_MS + 2))).toBe(0);
  });

  it('an OAuth state is good once, of however many who bring it, and is not kept in the clear', async () => {
    const { db, peers } = await open();
    const row = { vendor: 'a-crm', login: 'https://login.example.com', tenant: null, operator: 0 as const, browser_hash: 'hash', verifier: 'sealed', expires_at: NOW };
    await putOauthState(db, 'a-state', row, NOW);
    expect((await dump(db)).join()).not.toContain('a-state');
    expect(await takeOauthState(db, 'another')).toBeUndefined();
    const taken = await Promise.all(peers(4).map((peer) => takeOauthState(peer, 'a-state')));
    expect(taken.filter((one) => one !== undefined)).toMatchObject([row]);
    await putOauthState(db, 'forgotten', row, NOW);
    await putOauthState(db, 'new', { ...row, expires_at: NOW + 1000 }, NOW + 1);
    expect(await takeOauthState(db, 'forgotten')).toBeUndefined();
  });

  it('only so many sign-ins are under way at a time, and those that ended make room', async () => {
    const { db } = await open();
    const row = { vendor: 'a-crm', login: 'https://login.example.com', tenant: null, operator: 0 as const, browser_hash: 'hash', verifier: 'sealed', expires_at: NOW + 1000 };
    for (let from = 0; from < MOST_SIGN_INS; from += 1000) {
      await db
        .insertInto('oauth_states')
        .values(Array.from({ length: 1000 }, (_, index) => ({ ...row, state_hash: String(from + index) })))
        .execute();
    }
    await expect(putOauthState(db, 'one more', row, NOW)).rejects.toMatchObject({ code: 'store.busy' });
    await putOauthState(db, 'later', { ...row, expires_at: NOW + 2000 }, NOW + 1001);
    expect(await takeOauthState(db, 'later')).toBeDefined();
  });

  it('a round is run by one at a time, the most overdue first, and never for an install that is not in use', async () => {
    const { db, peers } = await open();
    const { tenant, crm, sign } = await putAccount(db);
    await ensureCursor(db, tenant, crm.id, 'changes', NOW + 2);
    await ensureCursor(db, tenant, sign.id, 'changes', NOW + 1);
    await ensureCursor(db, tenant, sign.id, 'changes', NOW - 99);
    expect([await nextRoundAt(db, NOW), await claimCursor(db, NOW, 10)]).toEqual([NOW + 1, null]);
    const claimed = [];
    for (let turn = 0; turn < 2; turn++) claimed.push(...(await Promise.all(peers(3).map((peer) => claimCursor(peer, NOW + 5, 10)))));
    expect(claimed.flatMap((one) => one?.install ?? []).sort()).toEqual([crm.id, sign.id].sort());
    expect([await nextRoundAt(db, NOW + 5), await nextRoundAt(db, NOW + 15)]).toEqual([null, NOW + 15]);
    await updateInstall(db, tenant, crm.id, { state: 'reauthorize' });
    await updateInstall(db, tenant, sign.id, { state: 'left' });
    expect([await nextRoundAt(db, NOW + 99), await claimCursor(db, NOW + 99, 10)]).toEqual([null, null]);
  });

  it('a cursor survives: it moves with what is stored, keeps its place when a round fails, and counts the gaps', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    await ensureCursor(db, tenant, crm.id, 'changes', NOW);
    const cursor = await claimCursor(db, NOW, 1000);
    if (!cursor) throw new Error('A round is due.');
    expect(cursor).toMatchObject({ cursor: 'null', started_at: NOW, seen: 0 });
    await advanceCursor(db, cursor, { cursor: { page: 2 }, seen: 100 });
    await countGap(db, tenant, crm.id);
    await finishRound(db, cursor, { nextAt: NOW + 5, now: NOW + 1, error: 'It fails.' });
    const read = () => db.selectFrom('cursors').selectAll().executeTakeFirstOrThrow();
    expect(await read()).toMatchObject({ cursor: '{"page":2}', seen: 100, gaps: 1, gaps_total: 1, error: 'It fails.', last_ok_at: null, next_at: NOW + 5 });
    const next = await claimCursor(db, NOW + 5, 1000);
    expect(next).toMatchObject({ cursor: '{"page":2}', seen: 0, gaps: 1, gaps_total: 1, failures: 1 });
    expect(await read()).toMatchObject({ gaps: 0, gaps_total: 1 });
    if (!next) throw new Error('The next round is due.');
    await finishRound(db, next, { nextAt: NOW + 9999, now: NOW + 6, error: null });
    expect(await read()).toMatchObject({ error: null, failures: 0, last_ok_at: NOW + 6, next_at: NOW + 9999 });
  });

  it('who hurries a round gets it at once, or after the one that runs', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    for (const name of ['changes', 'ground']) await ensureCursor(db, tenant, crm.id, name, NOW + 999);
    await hurryCursor(db, tenant, crm.id, NOW, 'changes');
    expect(await nextRoundAt(db, NOW)).toBe(NOW);
    const running = await claimCursor(db, NOW, 1000);
    if (!running) throw new Error('A round is due.');
    await hurryCursor(db, tenant, crm.id, NOW + 1, 'changes');
    expect(await claimCursor(db, NOW + 2, 1000)).toBeNull();
    await finishRound(db, running, { nextAt: NOW + 5000, now: NOW + 3, error: null });
    expect(await claimCursor(db, NOW + 3, 1000)).toMatchObject({ name: 'changes' });
    expect(await claimCursor(db, NOW + 4, 1000)).toBeNull();
  });

  it('what an account has is what was read last', async () => {
    const { db } = await open();
    const { tenant, sign } = await putAccount(db);
    const template = (name: string) => [{ id: '1', name, roles: [], fields: [] }];
    expect(await findGround(db, tenant, sign.id, 'templates')).toBeNull();
    await putGround(db, tenant, sign.id, 'templates', template('old'), NOW);
    await putGround(db, tenant, sign.id, 'templates', template('new'), NOW + 1);
    expect(await findGround(db, tenant, sign.id, 'templates')).toEqual({ data: template('new'), readAt: NOW + 1 });
    expect(await findGround(db, tenant, sign.id, 'schema')).toBeNull();
  });

  it('an alarm about one thing is one alarm that counts, until what it told of is over', async () => {
    const { db, peers } = await open();
    const { tenant, crm } = await putAccount(db);
    const alarm = { code: 'dead-letters', subject: crm.id, tenant, say: 'Something waits.' };
    await raiseAlarm(db, { ...alarm, subject: 'another' }, NOW);
    await Promise.all(peers(4).map((peer, turn) => raiseAlarm(peer, { ...alarm, say: 'More waits.' }, NOW + turn)));
    expect(await db.selectFrom('alarms').selectAll().where('subject', '=', crm.id).execute()).toMatchObject([{ count: 4, say: 'More waits.', tenant }]);
    await clearAlarm(db, alarm.code, alarm.subject);
    expect((await db.selectFrom('alarms').selectAll().execute()).map(({ subject }) => subject)).toEqual(['another']);
  });

  it('a link opens one session, of however many who follow it, and only in its time; nothing is kept in the clear', async () => {
    const { db, peers } = await open();
    const { tenant } = await putAccount(db);
    const link = await issueLink(db, { tenant, ttlMs: 1000, now: NOW });
    const late = await issueLink(db, { tenant: null, ttlMs: 1000, now: NOW });
    expect([await isLinkGood(db, link, NOW + 999), await isLinkGood(db, link, NOW + 1000), await isLinkGood(db, 'another', NOW)]).toEqual([true, false, false]);
    const sessions = (await Promise.all(peers(4).map((peer) => consumeLink(peer, link, NOW)))).flatMap((one) => one ?? []);
    expect(sessions).toHaveLength(1);
    expect(await consumeLink(db, late, NOW + 1000)).toBeNull();
    expect(await isLinkGood(db, link, NOW)).toBe(false);
    const cookie = sessions[0]?.cookie ?? '';
    expect(await findSession(db, cookie, NOW)).toEqual({ tenant, expiresAt: NOW + SESSION_MS });
    expect(await findSession(db, cookie, NOW + SESSION_MS)).toBeUndefined();
    const stored = (await dump(db)).join();
    for (const token of [link, late, cookie]) expect(stored).not.toContain(token);
  });

  it('a closed session is over, and what has expired is forgotten', async () => {
    const { db } = await open();
    const [open1, open2] = [await openSession(db, null, NOW), await openSession(db, null, NOW + 1)];
    await issueLink(db, { tenant: null, ttlMs: 1, now: NOW });
    await closeSession(db, 'another');
    await closeSession(db, open1.cookie);
    expect([await findSession(db, open1.cookie, NOW), await findSession(db, open2.cookie, NOW)]).toEqual([undefined, { tenant: null, expiresAt: NOW + 1 + SESSION_MS }]);
    await sweepSessions(db, NOW + SESSION_MS);
    expect((await dump(db)).map((line) => line.split(' ')[0])).toEqual(['sessions']);
  });
});
