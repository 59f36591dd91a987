import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PRIORITY } from '#core/effect';
import { openTokens } from '#flow/tokens';
import { listTenants, type Install } from '#store/installs';
import { alarmOf, calls, firstRounds, knowOrg, openOrg, plantOpportunity, SENT, TOKENS, waiting, type OrgWorld } from './salesforce-world.ts';

const DAY_MS = 86_400_000;
let w: OrgWorld;
afterEach(() => w.stop());

describe('connecting an org', () => {
  beforeEach(async () => {
    w = await openOrg();
  });

  test('is a sign-in with PKCE whose state is of one browser and works once; the tokens are sealed and the org id is the account', async () => {
    const begun = await fetch(`${w.address}/install/salesforce`, { redirect: 'manual' });
    const cookie = begun.headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ');
    const consent = new URL(begun.headers.get('location') ?? '');
    const asked = Object.fromEntries(consent.searchParams);
    expect(asked).toMatchObject({ response_type: 'code', code_challenge_method: 'S256' });
    expect(asked['code_challenge']).toMatch(/^[\w-]{43}$/);
    const states = await w.db.selectFrom('oauth_states').selectAll().execute();
    // Neither the state nor the verifier can be read from the database.
    expect(JSON.stringify(states)).not.toContain(asked['state']);
    expect(states.map(({ verifier }) => createHash('sha256').update(verifier).digest('base64url'))).not.toContain(asked['code_challenge']);

    const allowed = await fetch(`${consent.origin}${consent.pathname}`, { method: 'POST', body: new URLSearchParams({ ...asked, answer: 'allow' }), redirect: 'manual' });
    const back = new URL(allowed.headers.get('location') ?? '');
    const strange = new URL(back);
    strange.searchParams.set('state', 'another');
    const grants = w.org.grants();
    const refused = [await fetch(strange, { headers: { cookie }, redirect: 'manual' }), await fetch(back, { redirect: 'manual' })];
    expect(refused.map(({ status }) => status >= 400)).toEqual([true, true]);
    expect(w.org.grants()).toBe(grants);
    expect((await fetch(back, { headers: { cookie }, redirect: 'manual' })).status).toBe(303);
    expect((await fetch(back, { headers: { cookie }, redirect: 'manual' })).status).toBeGreaterThanOrEqual(400);
    expect(await listTenants(w.db)).toHaveLength(1);

    expect(w.crm.account).toBe(w.org.orgId());
    const row = JSON.stringify(await w.db.selectFrom('installs').selectAll().execute());
    const tokens = openTokens(w.world.flow, await w.now());
    for (const secret of [tokens.accessToken.reveal(), tokens.refreshToken?.reveal() ?? '-']) expect([secret.length > 20, row.includes(secret)]).toEqual([true, false]);
    expect(w.logs.join()).not.toContain(tokens.refreshToken?.reveal());
  });

  test('again is the same install with its history and its address', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.connectOrg();
    const again = await w.now();
    expect([again.id, again.hook, again.state]).toEqual([w.crm.id, w.crm.hook, 'active']);
    expect(await listTenants(w.db)).toHaveLength(1);
    await deal.signed();
    await deal.becomes('completed');
  });
});

describe('a permission that ends', () => {
  beforeEach(async () => {
    w = await openOrg();
  });

  test('is renewed once for eight calls that meet it together; the new one is stored before it is used, and no old one is shown twice', async () => {
    const file = new Sqlite(join(w.folder, 'test.db'), { readonly: true });
    const stored = (): string => openTokens(w.world.flow, file.prepare('select * from installs where id = ?').get(w.crm.id) as Install).accessToken.reveal();
    const known = new Set([stored()]);
    const unknown: string[] = [];
    const seen = (message: unknown): void => {
      const { request } = message as { request: IncomingMessage };
      const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
      if (token === undefined || !request.url?.includes('/sandbox/salesforce/services/data') || known.has(token)) return;
      if (token === stored()) known.add(token);
      else unknown.push(request.url);
    };
    subscribe('http.server.request.start', seen);
    const deals = Array.from({ length: 8 }, () => plantOpportunity(w));
    for (let time = 1; time <= 3; time++) {
      const before = calls(w, TOKENS);
      w.org.expireSessions();
      const cards = await Promise.all(deals.map(({ id }) => w.world.desk.card(w.tenant, id)));
      expect(cards.map(({ canSend }) => canSend)).toEqual(Array.from({ length: 8 }, () => true));
      expect(calls(w, TOKENS) - before).toBe(1);
    }
    unsubscribe('http.server.request.start', seen);
    file.close();
    expect([known.size, unknown]).toEqual([4, []]);
    // An old token shown again would have ended the grant.
    expect([w.org.grants(), (await w.now()).state]).toEqual([1, 'active']);
  });

  test('and whose successor is lost between answer and commit is flagged; what waits is held and goes on once the org is connected again', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    const remote = await deal.sent();
    await deal.becomes('sent');
    await w.settled();
    w.org.expireSessions();
    w.org.loseTokenReplies(1);
    w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
    await w.until('the flag', async () => (await w.now()).state === 'reauthorize');
    w.sandbox.docusign.sign(remote.envelopeId, 'Countersigner');
    await w.until('the end of the envelope', async () => (await deal.envelopes())[0]?.envelope.status === 'completed');
    await w.settled();
    const held = await waiting(w);
    expect(held.length).toBeGreaterThan(2);
    expect(held.filter(({ state }) => state !== 'held' && state !== 'ready')).toEqual([]);
    expect(deal.says('Esign_Status__c')).toBe('sent');
    expect(await alarmOf(w, 'install-needs-reauthorisation')).toContain('connected again');
    const asked = calls(w);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls(w)).toBe(asked);

    await w.connectOrg();
    await deal.becomes('completed');
    await w.settled();
    expect([(await w.now()).id, (await w.now()).state]).toEqual([w.crm.id, 'active']);
    expect(await waiting(w)).toEqual([]);
    expect(await alarmOf(w, 'install-needs-reauthorisation')).toBeUndefined();
    expect(w.org.field('Contact', deal.contact, 'Esign_Journey__c')).toBe('signed');
  });

  test('of an org in which nothing happens outlives its thirty idle days', async () => {
    for (let weeks = 0; weeks < 6; weeks++) {
      w.clock.skip(7 * DAY_MS);
      await w.round(w.crm);
    }
    expect(calls(w, TOKENS)).toBeGreaterThan(2);
    expect((await w.now()).state).toBe('active');
    const use = w.world.flow.bind(await w.now(), PRIORITY.click);
    expect((await use.request({ method: 'GET', path: '/services/data' })).status).toBe(200);
  });

  test('where the org revoked it is flagged at once', async () => {
    w.org.revokeGrants();
    await expect(w.world.desk.card(w.tenant, plantOpportunity(w).id)).rejects.toMatchObject({ remedy: 'reauthorize' });
    await w.until('the flag', async () => (await w.now()).state === 'reauthorize');
    await w.connectOrg();
    expect((await w.now()).state).toBe('active');
  });
});

describe('an org that is not where it was', () => {
  test('is followed to its new instance: what comes next goes there, and nothing is lost on the way', async () => {
    w = await openOrg();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    const moved = w.org.orgMove();
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    expect((await w.now()).base_url).toBe(moved);
    const next = plantOpportunity(w);
    next.move(SENT);
    await next.becomes('sent');
    await w.settled();
    expect(await waiting(w)).toEqual([]);
    expect((await w.now()).state).toBe('active');
  });

  test('a clone of it is not taken for it: its messages start nothing, its cards are refused, and a renewed permission is not used', async () => {
    w = await openOrg();
    const deal = plantOpportunity(w);
    const key = await w.world.desk.makeCardKey(w.tenant, w.crm.id, 'a test');
    const clone = w.org.becomeClone();
    deal.move(SENT);
    await w.settled();
    // Said again where the answer took long, and then it is the same message.
    expect(Object.keys(w.org.outboundAnswers())).toEqual(['200']);
    expect(await deal.why()).toEqual([]);
    const headers = { 'x-countersign-key': key, 'x-countersign-org': clone, 'x-countersign-user': '005000000000001AAA' };
    const [card, send] = [
      await fetch(`${w.address}/cards/salesforce/deals/${deal.id}`, { headers }),
      await fetch(`${w.address}/cards/salesforce/deals/${deal.id}/send`, { method: 'POST', headers, body: JSON.stringify({ key: 'x' }) }),
    ];
    expect([card.status, send.status]).toEqual([401, 401]);
    w.org.expireSessions();
    await expect(w.world.desk.card(w.tenant, deal.id)).rejects.toMatchObject({ remedy: 'reauthorize' });
    expect(await w.until('the flag', async () => (await w.now()).reason)).toContain('another org');
    expect(deal.remote()).toEqual([]);
  });

  test('a clone that is connected sends to nobody until an admin says so', async () => {
    w = await openOrg({ before: (org) => void org.becomeClone() });
    expect(w.crm.environment).toBe('test');
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('blocked');
    await w.world.desk.send(w.tenant, deal.id, { key: 'a click', by: 'a test' });
    await w.settled();
    expect(deal.remote()).toEqual([]);
    expect(deal.says('Esign_Reason__c')).toContain('test or cloned account');
    await w.world.desk.allowSending(w.tenant, w.crm.id, true, 'a test');
    await w.world.desk.send(w.tenant, deal.id, { key: 'another click', by: 'a test' });
    await deal.becomes('sent');
    expect(deal.remote()).toHaveLength(1);
  });

  test('a clone beside the org it is of is another install for another company', async () => {
    w = await openOrg();
    w.org.becomeClone();
    await w.connectOrg();
    const tenants = await listTenants(w.db);
    expect(tenants).toHaveLength(2);
    expect((await w.now()).account).not.toBe(w.org.orgId());
    const [clone] = await w.db.selectFrom('installs').selectAll().where('account', '=', w.org.orgId()).execute();
    expect(clone).toMatchObject({ environment: 'test', send_allowed: 0 });
    await knowOrg(w);
    await firstRounds(w);
  });
});
