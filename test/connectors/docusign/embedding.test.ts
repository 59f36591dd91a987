import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { createVisitor } from '#src/cli/visitor';
import { faultsOf } from './contract.ts';
import { createCall, openWorld, orderForm, signSlot, type World } from './world.ts';

const { sign } = signSlot();
const CUSTOMER = { role: 'Customer', name: 'Ines Duarte', email: 'ines.duarte@example.com' };
const BACK = 'https://countersign.example.com/back?key=k';
const clock = manualClock();
let world: World;
beforeEach(async () => {
  world = await openWorld({ clock });
});
afterEach(async () => {
  expect(world.exchanges.flatMap(faultsOf)).toEqual([]);
  await world.close();
});

async function out(): Promise<string> {
  const request = orderForm();
  const recipients = request.recipients.map((one) => (one.role === CUSTOMER.role ? { ...one, embedded: true } : one));
  const { id } = await sign.draft(world.call, { ...request, recipients });
  await sign.send(world.call, id);
  return id;
}
async function view(remote: string, call = world.call): Promise<string> {
  if (!sign.view) throw new Error('The connector lacks the slot.');
  return sign.view(call, remote, CUSTOMER, BACK);
}
/** Where a browser is sent from an address; null where there is a page. */
async function sentTo(address: string, form?: Record<string, string>): Promise<string | null> {
  const answer = await fetch(address, { redirect: 'manual', ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}) });
  await answer.text();
  return answer.headers.get('location');
}
const session = async (remote: string) => (await sentTo(await view(remote))) ?? '';
const back = (event: string) => `${BACK}&event=${event}`;

describe('embedded signing', () => {
  it('marks the recipient in the draft, and tells the vendor that nobody was identified', async () => {
    const remote = await out();
    await view(remote);
    const asked = world.exchanges.filter(({ request }) => request.method === 'POST').map(({ request }) => request.json as Record<string, unknown>);
    expect(asked[0]?.['templateRoles']).toMatchObject([{ roleName: 'Customer', clientUserId: 'Customer' }, { roleName: 'Countersigner' }]);
    expect((asked[0]?.['templateRoles'] as object[])[1]).not.toHaveProperty('clientUserId');
    expect(asked[1]).toEqual({ returnUrl: BACK, authenticationMethod: 'None', userName: CUSTOMER.name, email: CUSTOMER.email, clientUserId: 'Customer' });
  });
  it('ends at the page of whoever sent it, which is told that it was signed', async () => {
    const remote = await out();
    const visitor = createVisitor();
    const page = await visitor.open(await view(remote));
    expect(page.html).toContain('Your decision');
    expect(await sentTo(`${page.url}/sign`, { name: 'Ines Duarte', agree: 'yes' })).toBe(back('signing_complete'));
    expect(world.sandbox.envelopes()[0]?.recipients[0]).toMatchObject({ status: 'completed', signedName: 'Ines Duarte' });
    expect(world.mails.map(({ to }) => to)).toEqual(['robin.vega@example.com']);
  });
  it('or that it was declined, or put off', async () => {
    const remote = await out();
    expect(await sentTo(`${await session(remote)}/later`, {})).toBe(back('cancel'));
    const again = await session(remote);
    expect(await sentTo(`${again}/decline`, { reason: '' })).toBeNull();
    expect(await sentTo(`${again}/decline`, { reason: 'Too dear.' })).toBe(back('decline'));
    expect(world.sandbox.envelopes()[0]?.status).toBe('declined');
  });
  it('has an address for one use, for a few minutes', async () => {
    const remote = await out();
    const [used, old] = [await view(remote), await view(remote)];
    expect(await sentTo(used)).toContain('/session/');
    expect(await sentTo(used)).toBe(back('ttl_expired'));
    clock.advance(5 * 60_000);
    expect(await sentTo(old)).toBe(back('ttl_expired'));
    expect(await sentTo(await view(remote))).toContain('/session/');
  });
  it('has a session that ends, by itself and with the decision', async () => {
    const remote = await out();
    const idle = await session(remote);
    clock.advance(20 * 60_000);
    expect(await sentTo(`${idle}/sign`, { name: 'Ines', agree: 'yes' })).toBe(back('session_timeout'));
    expect(world.sandbox.envelopes()[0]?.recipients[0]?.status).not.toBe('completed');
    const put = await session(remote);
    await sentTo(`${put}/later`, {});
    expect(await sentTo(put)).toBe(back('session_timeout'));
  });
  it('has no other way in: the page behind a mail is not there for who was mailed nothing', async () => {
    await out();
    const [customer, other] = world.sandbox.envelopes()[0]?.recipients ?? [];
    expect([(await fetch(`${world.base}/sign/${customer?.token ?? ''}`)).status, (await fetch(`${world.base}/sign/${other?.token ?? ''}`)).status]).toEqual([404, 200]);
  });
  it('takes no address to come back to that the vendor would cut', async () => {
    const remote = await out();
    await expect(sign.view?.(world.call, remote, CUSTOMER, `https://countersign.example.com/${'x'.repeat(470)}`)).rejects.toMatchObject({ code: 'vendor.rejected' });
  });
});

describe('the address that the vendor names', () => {
  const live = createCall({ baseUrl: 'https://demo.docusign.net/restapi/v2.1/accounts/acc', token: 't' });
  const named = (url: string) => nock('https://demo.docusign.net/restapi/v2.1/accounts/acc').post('/envelopes/e/views/recipient').reply(201, { url });
  afterEach(() => nock.cleanAll());

  it.each(['https://demo.docusign.net/Signing/MTRedeem/v1/x?slt=y', 'https://apps-d.docusign.com/sign/x'])('%s is followed', async (url) => {
    named(url);
    expect(await view('e', live)).toBe(url);
  });
  it.each([
    'https://docusign.net.example.com/x',
    'http://demo.docusign.net/x',
    'https://demo.docusign.net@example.com/x',
    'https://demo.docusign.net:8443/x',
    'javascript:alert(1)',
    '/relative',
  ])('%s is not', async (url) => {
    named(url);
    await expect(view('e', live)).rejects.toMatchObject({ code: 'host.refused' });
  });
});
