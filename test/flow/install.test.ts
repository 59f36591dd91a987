import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ACCOUNT } from '#connectors/docusign/sandbox';
import type { TenantId } from '#core/ids';
import type { Install } from '#store/installs';
import { createTenant, getInstall, listInstalls, updateInstall } from '#store/installs';
import { finishInstall, installByKey, startInstall } from '#flow/install';
import { Secret } from '#lib/secret';
import { plantDeal } from './deals.ts';
import { metric, postCrm, stageEvent } from './wire.ts';
import { knowInstalls, openWorld, type TestWorld } from './world.ts';

const HOUR_MS = 3_600_000;

describe('an account that withdraws its permission', () => {
  let w: TestWorld;
  beforeEach(async () => {
    w = await openWorld();
  });
  afterEach(() => w.stop());
  const now = (install: Install) => getInstall(w.db, w.tenant, install.id);
  const held = async (install: Install) => w.db.selectFrom('outbox').select(['kind', 'state']).where('install', '=', install.id).where('state', 'in', ['held', 'ready']).execute();
  const alarmed = async (install: Install) =>
    (await w.db.selectFrom('alarms').select('id').where('code', '=', 'install-needs-reauthorisation').where('subject', '=', install.id).execute()).length;

  test('in the CRM is flagged; what waits for it lands once it is connected again', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const remote = await deal.sent();
    await deal.becomes('sent');
    await w.settled();
    w.sandbox.hubspot.revokeGrant();
    w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
    await w.until('the flag', async () => (await now(w.crm)).state === 'reauthorize');
    w.sandbox.docusign.sign(remote.envelopeId, 'Countersigner');
    await w.until('the end of the envelope', async () => (await deal.envelopes())[0]?.envelope.status === 'completed');
    await w.settled();
    expect(deal.says('esign_status')).toBe('sent');
    expect((await held(w.crm)).length).toBeGreaterThan(2);
    expect(await alarmed(w.crm)).toBe(1);
    expect(await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute()).toEqual([]);

    await w.installCrm();
    await deal.becomes('completed');
    await w.settled();
    expect((await now(w.crm)).id).toBe(w.crm.id);
    expect(await held(w.crm)).toEqual([]);
    expect(await alarmed(w.crm)).toBe(0);
    expect(w.sandbox.hubspot.contact(deal.contact)?.properties['esign_journey']).toBe('signed');
  });

  test('at the provider is flagged; sends wait or are blocked with words, and go out once it is connected again', async () => {
    w.sandbox.docusign.revokeGrant();
    const deal = plantDeal(w);
    deal.move('contractsent');
    await w.until('the flag', async () => (await now(w.sign)).state === 'reauthorize');
    const late = plantDeal(w);
    late.move('contractsent');
    await late.becomes('blocked');
    expect(late.says('esign_reason')).toContain('authorised again');
    expect(deal.remote()).toEqual([]);

    await w.installSign();
    await deal.becomes('sent');
    expect(deal.remote()).toHaveLength(1);
    late.move('proposal');
    late.move('contractsent');
    await late.becomes('sent');
  });

  test('that only a round meets is flagged too', async () => {
    const { grant } = w.sandbox.hubspot.world();
    if (grant) grant.scopes = grant.scopes.filter((scope) => scope !== 'crm.schemas.deals.read');
    await w.round(w.crm, 'ground');
    expect((await now(w.crm)).state).toBe('reauthorize');
    expect((await now(w.crm)).reason).toContain('crm.schemas.deals.read');
    expect(await alarmed(w.crm)).toBe(1);
    await w.installCrm();
    expect((await now(w.crm)).state).toBe('active');
  });

  test('that the vendor only has a fault for the moment is not flagged', async () => {
    w.misbehave({ unavailable: 1 });
    const deal = plantDeal(w);
    deal.move('contractsent');
    await w.until('an attempt', async () => (await w.db.selectFrom('receipts').select('seq').where('outcome', '=', 'retry').execute()).length > 0);
    w.behave();
    await deal.becomes('sent');
    expect((await now(w.crm)).state).toBe('active');
  });

  test('and is told so from our side: the vendor is told, later webhooks are answered well and not kept', async () => {
    const deal = plantDeal(w);
    await w.world.desk.disconnect(w.tenant, w.crm.id, 'a test');
    expect(w.sandbox.hubspot.world().grant).toBeNull();
    expect(await now(w.crm)).toMatchObject({ state: 'left', tokens: null });
    w.clock.skip(10_000);
    const before = await metric(w, 'countersign_notices_total', { vendor: 'hubspot', outcome: 'unknown-account' });
    const kept = await w.db.selectFrom('inbox').select('id').execute();
    expect((await postCrm(w, [stageEvent(w, deal.id, 'contractsent')])).status).toBe(204);
    expect(await w.db.selectFrom('inbox').select('id').execute()).toEqual(kept);
    expect(await metric(w, 'countersign_notices_total', { vendor: 'hubspot', outcome: 'unknown-account' })).toBe(before + 1);

    await w.installCrm();
    await knowInstalls(w);
    deal.move('contractsent');
    await deal.becomes('sent');
  });

  test('while an envelope is out: what becomes of it is known all the same, and told once it is connected again', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const remote = await deal.sent();
    await deal.becomes('sent');
    await w.settled();
    await w.world.desk.disconnect(w.tenant, w.crm.id, 'a test');
    // The receiving side may remember the install for a moment.
    expect((await postCrm(w, [stageEvent(w, deal.id, 'contractsent')])).status).toBe(204);
    w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
    w.sandbox.docusign.sign(remote.envelopeId, 'Countersigner');
    await w.until('the end of the envelope', async () => (await deal.envelopes())[0]?.envelope.status === 'completed');
    await w.settled();
    expect(await w.db.selectFrom('inbox').select(['kind', 'error']).where('state', '=', 'dead').execute()).toEqual([]);
    expect(deal.says('esign_status')).toBe('sent');
    await w.installCrm();
    await deal.becomes('completed');
  });

  test('whose vendor cannot be told stays connected', async () => {
    w.misbehave({ unavailable: 1 });
    await expect(w.world.desk.disconnect(w.tenant, w.crm.id, 'a test')).rejects.toMatchObject({ remedy: 'retry' });
    w.behave();
    expect((await now(w.crm)).state).toBe('active');
  });
});

describe('one tenant and its accounts', () => {
  let w: TestWorld;
  beforeAll(async () => {
    w = await openWorld();
  });
  afterAll(() => w.stop());

  /** Goes through the whole sign-in for a tenant, as its browser would. */
  async function install(vendor: string, tenant: TenantId | null, allow: Record<string, string>): Promise<Install> {
    const page = new URL(await startInstall(w.world.flow, vendor, { tenant, browser: 'browser' }));
    const body = new URLSearchParams({ ...Object.fromEntries(page.searchParams), ...allow });
    const answered = await fetch(`${page.origin}${page.pathname}`, { method: 'POST', body, redirect: 'manual' });
    const back = new URL(answered.headers.get('location') ?? '').searchParams;
    return finishInstall(w.world.flow, vendor, { state: back.get('state') ?? '', code: back.get('code') ?? '', browser: 'browser', session: { tenant } });
  }

  test('a second CRM for one tenant is refused', async () => {
    const world = w.sandbox.hubspot.world();
    const own = world.portalId;
    world.portalId = 777;
    await expect(install('hubspot', w.tenant, { answer: 'connect' })).rejects.toMatchObject({ code: 'request.forbidden' });
    world.portalId = own;
    expect(await listInstalls(w.db, w.tenant)).toHaveLength(2);
  });

  test('an account that is connected for another tenant is refused', async () => {
    const other = await createTenant(w.db, 'Another company', w.clock.now());
    await expect(install('hubspot', other, { answer: 'connect' })).rejects.toMatchObject({ code: 'request.forbidden' });
    await expect(install('docusign', other, { decision: 'allow' })).rejects.toMatchObject({ code: 'request.forbidden' });
    expect(await listInstalls(w.db, other)).toEqual([]);
  });

  test('an e-sign account without a CRM has nowhere to go', async () => {
    await w.db.updateTable('installs').set({ account: 'another' }).where('id', '=', w.sign.id).execute();
    await expect(install('docusign', null, { decision: 'allow' })).rejects.toMatchObject({ code: 'install.absent' });
    await w.db.updateTable('installs').set({ account: ACCOUNT.id }).where('id', '=', w.sign.id).execute();
  });

  test('the same account again is the same install, with its history and its webhook address', async () => {
    const again = await install('hubspot', null, { answer: 'connect' });
    expect([again.id, again.tenant, again.hook]).toEqual([w.crm.id, w.tenant, w.crm.hook]);
  });

  test('a server-to-server grant connects without a redirect, and mints anew when its token ends', async () => {
    const vendor = w.world.flow.vendors.get('docusign');
    if (!vendor) throw new Error('There is no DocuSign.');
    await expect(installByKey(w.world.flow, 'docusign', w.tenant, 'a test')).rejects.toMatchObject({ code: 'feature.unsupported' });
    await expect(installByKey(w.world.flow, 'hubspot', w.tenant, 'a test')).rejects.toMatchObject({ code: 'feature.unsupported' });
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    vendor.app.more = { privateKey: new Secret(privateKey), userId: new Secret(ACCOUNT.user.id) };
    const made = await installByKey(w.world.flow, 'docusign', w.tenant, 'a test');
    expect(made).toMatchObject({ id: w.sign.id, state: 'active' });
    w.clock.skip(2 * HOUR_MS);
    const deal = plantDeal(w);
    deal.move('contractsent');
    await deal.becomes('sent');
    vendor.app.more = {};
  });

  test.each([
    'https://169.254.169.254/latest',
    'http://api.hubapi.com',
    'https://api.hubapi.com@evil.example.com',
    'https://api.hubapi.com.evil.example.com',
    'file:///etc/passwd',
    'LOCAL',
  ])('an address that is not the vendor (%s) is never called, whatever the account says of itself', async (address) => {
    let hits = 0;
    const server = createServer((_request, response) => {
      hits++;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = address === 'LOCAL' ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : address;
    for (const install of [w.crm, w.sign]) {
      // The address that counts is the one that is stored: vendors move accounts and say so with the next token.
      await updateInstall(w.db, w.tenant, install.id, { base_url: baseUrl });
      const call = w.world.flow.bind(install, 5);
      await expect(call.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ code: 'host.refused' });
      await expect(
        call.through(
          async ({ baseUrl: to }) => fetch(to),
          () => false,
        ),
      ).rejects.toMatchObject({ code: 'host.refused' });
      await expect(w.world.flow.tokenHttp(install.vendor)({ method: 'GET', url: `${baseUrl}/x` })).rejects.toMatchObject({ code: 'host.refused' });
      await updateInstall(w.db, w.tenant, install.id, { base_url: install.base_url });
    }
    server.close();
    expect(hits).toBe(0);
  });
});

describe('a test or cloned account', () => {
  test.each(['SANDBOX', 'DEVELOPER_TEST'] as const)('of type %s sends to nobody until it is allowed to', async (accountType) => {
    const w = await openWorld({ accountType });
    const deal = plantDeal(w);
    deal.move('contractsent');
    await deal.becomes('blocked');
    await w.world.desk.send(w.tenant, deal.id, { key: 'a click', by: 'a test' });
    await w.settled();
    expect(deal.remote()).toEqual([]);
    expect(deal.says('esign_reason')).toContain('test or cloned account');
    await w.world.desk.allowSending(w.tenant, w.crm.id, true, 'a test');
    await w.world.desk.send(w.tenant, deal.id, { key: 'another click', by: 'a test' });
    await deal.becomes('sent');
    await w.stop();
  });
});
