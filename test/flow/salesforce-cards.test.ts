import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { envelopeIdOf, openOrg, plantOpportunity, SENT, type OrgWorld } from './salesforce-world.ts';

const USER = '0055g00000000HTAAY';
let w: OrgWorld;
let key: string;
beforeAll(async () => {
  w = await openOrg();
  key = await w.world.desk.makeCardKey(w.tenant, w.crm.id, 'a test');
});
afterAll(() => w.stop());

interface Asking {
  key?: string | null;
  org?: string | null;
  user?: string;
}

/** A request of the package's components, as Apex and the named credential send it. */
async function ask(method: 'GET' | 'POST', path: string, body?: unknown, { key: shown = key, org = w.org.orgId(), user = USER }: Asking = {}): Promise<Response> {
  const headers = new Headers({ 'content-type': 'application/json', 'x-countersign-user': user });
  if (shown !== null) headers.set('x-countersign-key', shown);
  if (org !== null) headers.set('x-countersign-org', org);
  return fetch(`${w.address}/cards/salesforce${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}
const body = async <T>(response: Response): Promise<T> => (await response.json()) as T;
async function refused(response: Response, status: number, code: string): Promise<void> {
  expect([response.status, (await body<{ code: string }>(response)).code]).toEqual([status, code]);
}

describe('who may ask', () => {
  test.each<[string, () => Asking]>([
    ['with another key', () => ({ key: 'k'.repeat(43) })],
    ['with a part of the key', () => ({ key: key.slice(0, -1) })],
    ['without a key', () => ({ key: null })],
    ['with an empty key', () => ({ key: '' })],
    ['of an org that is not here', () => ({ org: '00D5g000000ZZZZ' })],
    ['with the key of another vendor’s webhooks', () => ({ key: 'sandbox-connect-key-1' })],
    ['with two keys at once', () => ({ key: `${key}, ${key}` })],
  ])('nobody %s', async (_how, asking) => {
    const deal = plantOpportunity(w);
    await refused(await ask('GET', `/deals/${deal.id}`, undefined, asking()), 401, 'signature.invalid');
    await refused(await ask('POST', `/deals/${deal.id}/send`, { key: 'x' }, asking()), 401, 'signature.invalid');
    await refused(await ask('POST', `/envelopes/${newId('env')}/void`, { reason: 'x' }, asking()), 401, 'signature.invalid');
    await w.settled();
    expect(await deal.envelopes()).toEqual([]);
  });

  test('nobody who does not say which org and user', async () => {
    await refused(await ask('GET', '/deals/1', undefined, { org: null }), 400, 'request.malformed');
    await refused(await ask('GET', '/deals/1', undefined, { org: 'x' }), 400, 'request.malformed');
    await refused(await ask('GET', '/deals/1', undefined, { user: 'ada@example.com' }), 400, 'request.malformed');
  });

  test('nobody with the key of another install', async () => {
    const other = await openOrg({ before: (org) => void org.becomeClone() });
    try {
      const foreign = await other.world.desk.makeCardKey(other.tenant, other.crm.id, 'a test');
      await refused(await ask('GET', '/deals/1', undefined, { key: foreign }), 401, 'signature.invalid');
      await refused(await ask('GET', '/deals/1', undefined, { key: foreign, org: other.org.orgId() }), 401, 'signature.invalid');
    } finally {
      await other.stop();
    }
  });

  test('whoever has the last key or the one before, so that it can be changed while cards are used', async () => {
    const deal = plantOpportunity(w);
    const status = async (shown: string) => (await ask('GET', `/deals/${deal.id}`, undefined, { key: shown })).status;
    const first = key;
    const second = await w.world.desk.makeCardKey(w.tenant, w.crm.id, 'a test');
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    const third = await w.world.desk.makeCardKey(w.tenant, w.crm.id, 'a test');
    expect([await status(first), await status(second), await status(third)]).toEqual([401, 200, 200]);
    key = third;
    const kept = JSON.stringify(await w.db.selectFrom('installs').selectAll().execute()) + JSON.stringify(await w.db.selectFrom('audit').selectAll().execute()) + w.logs.join();
    for (const shown of [first, second, third]) expect(kept).not.toContain(shown);
  });
});

describe('what the components show and do', () => {
  test('a deal is shown, previewed, sent once, reminded of and voided; each is recorded with the user who asked', async () => {
    const deal = plantOpportunity(w);
    const card = await body<{ canSend: boolean; templates: { name: string }[]; suggested: { recipients: { role: string }[] }; envelopes: unknown[] }>(
      await ask('GET', `/deals/${deal.id}`, undefined, { org: w.org.orgId().slice(0, 15) }),
    );
    expect([card.canSend, card.suggested.recipients.map(({ role }) => role), card.envelopes]).toEqual([true, ['Customer', 'Countersigner'], []]);
    expect(card.templates.map(({ name }) => name)).toContain('Order form');
    const before = structuredClone(w.org.record('Opportunity', deal.id).values);
    const preview = await body<{ send: boolean; plan: { recipients: unknown[] }; writes: { record: { type: string } }[] }>(await ask('POST', `/deals/${deal.id}/preview`, {}));
    expect([preview.send, preview.plan.recipients.length, preview.writes.some(({ record }) => record.type === 'envelope')]).toEqual([true, 2, true]);
    await w.settled();
    expect([deal.remote(), w.org.record('Opportunity', deal.id).values]).toEqual([[], before]);

    const answers = await Promise.all([deal.id, deal.id.slice(0, 15), deal.id].map((id) => ask('POST', `/deals/${id}/send`, { key: 'one press' })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    await deal.becomes('sent');
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    const token = deal.remote()[0]?.recipients[0]?.token ?? '-';
    const mails = () => w.sandbox.mailbox.list().filter(({ link }) => link?.url.includes(token)).length;
    expect((await ask('POST', `/envelopes/${envelopeIdOf(deal)}/remind`, {})).status).toBe(202);
    await w.until('the second mail', () => mails() === 2);
    expect((await ask('POST', `/envelopes/${envelopeIdOf(deal)}/void`, { reason: 'Sent too early.' })).status).toBe(202);
    await deal.becomes('voided');
    expect(deal.says('Esign_Reason__c')).toBe('Sent too early.');
    for (const act of ['remind', 'void']) await refused(await ask('POST', `/envelopes/${envelopeIdOf(deal)}/${act}`, { reason: 'x' }), 409, 'envelope.final');
    const actors = await w.db.selectFrom('audit').select(['action', 'actor']).where('actor', 'like', 'Salesforce user %').execute();
    expect(new Set(actors.map(({ actor }) => actor))).toEqual(new Set([`Salesforce user ${USER}`]));
    expect(actors.map(({ action }) => action)).toEqual(['send.requested', 'envelope.remind-requested', 'envelope.void-requested']);
  });

  test('a body that is not of the expected form is refused with words and starts nothing', async () => {
    const deal = plantOpportunity(w);
    for (const sent of [{}, { key: ' ' }, { key: 'x', recipients: [{ role: 'Customer', name: 'A', email: 'no address' }] }, []])
      await refused(await ask('POST', `/deals/${deal.id}/send`, sent), 400, 'request.malformed');
    await w.settled();
    expect(await deal.envelopes()).toEqual([]);
    await refused(await ask('GET', '/deals/0065g00000ZZZZZ'), 404, 'vendor.not-found');
    await refused(await ask('GET', '/deals/not-an-id'), 404, 'vendor.not-found');
  });

  test('the org’s own page with the action works by the same requests', async () => {
    w.org.setCardKey(key);
    const deal = plantOpportunity(w);
    const form = await w.visitor.open(`${w.address}/sandbox/salesforce/opportunities/${deal.id}/sign`);
    await w.visitor.submit(form, `/opportunities/${deal.id}/sign`, { act: 'send' });
    await deal.becomes('sent');
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect((await body<{ envelopes: { status: string }[] }>(await ask('GET', `/deals/${deal.id}`))).envelopes.map(({ status }) => status)).toEqual(['sent']);
  });

  test('a card of an org that was disconnected here is told so', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    await w.world.desk.disconnect(w.tenant, w.crm.id, 'a test');
    await refused(await ask('GET', `/deals/${deal.id}`), 404, 'install.absent');
    await refused(await ask('POST', `/envelopes/${envelopeIdOf(deal)}/void`, { reason: 'x' }), 404, 'install.absent');
    expect(deal.remote().map(({ status }) => status)).toEqual(['sent']);
  });
});
