import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { askCard } from './card.ts';
import { plantDeal } from './deals.ts';
import { secondTenant } from './effects.ts';
import { openWorld, type TestWorld } from './world.ts';

const MINUTE_MS = 60_000;
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

interface Card {
  canSend: boolean;
  why: string | null;
  rules: { id: string }[];
  templates: { id: string; name: string }[];
  suggested: { template: string; recipients: { role: string; email: string }[] } | null;
  envelopes: { id: string; status: string; waitingFor: string[] }[];
}
const body = async <T>(response: Response): Promise<T> => (await response.json()) as T;
async function refused(response: Response, status: number, code: string): Promise<void> {
  expect([response.status, (await body<{ code: string }>(response)).code]).toEqual([status, code]);
}

describe('who may ask', () => {
  test.each<[string, Parameters<typeof askCard>[4]]>([
    ['with another secret', { secret: 'not the secret' }],
    ['signed ten minutes ago', { at: Date.now() - 10 * MINUTE_MS }],
    ['signed for another address', { signedFor: '/deals/2' }],
  ])('nobody %s', async (_how, asking) => {
    const deal = plantDeal(w);
    await refused(await askCard(w, 'GET', `/deals/${deal.id}`, undefined, asking), 401, 'signature.invalid');
    await refused(await askCard(w, 'POST', `/deals/${deal.id}/send`, { key: 'x' }, asking), 401, 'signature.invalid');
  });

  test('nobody without any signature', async () => {
    const response = await fetch(`${w.address}/cards/hubspot/deals/1/send?portalId=${w.sandbox.hubspot.world().portalId}&userId=1`, { method: 'POST', body: '{"key":"x"}' });
    await refused(response, 401, 'signature.invalid');
  });

  test('nobody of an account in which it is not installed', async () => {
    await refused(await askCard(w, 'GET', '/deals/1', undefined, { portal: 999 }), 404, 'install.absent');
  });

  test.each(['a=b', 'portalId=4242001', 'portalId=4242001&portalId=1&userId=1', 'portalId=x&userId=1', 'userId=1'])('nobody who does not say who and where (%s)', async (query) => {
    await refused(await askCard(w, 'GET', '/deals/1', undefined, { query }), 400, 'request.malformed');
  });

  test("nobody for another company's envelope or deal", async () => {
    const other = await secondTenant(w);
    const deal = plantDeal(w);
    deal.move('contractsent');
    await deal.becomes('sent');
    const [own] = await deal.envelopes();
    const id = own?.envelope.id ?? '';
    const from = { query: `portalId=${other.crm.account.replaceAll(/\D/g, '')}&userId=1` };
    await w.db
      .updateTable('installs')
      .set({ account: other.crm.account.replaceAll(/\D/g, '') })
      .where('id', '=', other.crm.id)
      .execute();
    for (const act of ['void', 'remind']) await refused(await askCard(w, 'POST', `/envelopes/${id}/${act}`, { reason: 'x' }, from), 404, 'request.not-found');
    await w.settled();
    expect(deal.remote().map(({ status }) => status)).toEqual(['sent']);
    const card = await body<Card>(await askCard(w, 'GET', `/deals/${deal.id}`, undefined, from)).catch(() => null);
    expect(card?.envelopes ?? []).toEqual([]);
  });
});

describe('what a card shows and does', () => {
  test('it shows what would be sent to whom, and what is out', async () => {
    const deal = plantDeal(w);
    const card = await body<Card>(await askCard(w, 'GET', `/deals/${deal.id}`));
    expect(card).toMatchObject({ canSend: true, why: null, envelopes: [] });
    expect(card.templates.map(({ name }) => name)).toContain('Order form');
    expect(card.suggested?.recipients.map(({ role }) => role)).toEqual(['Customer', 'Countersigner']);
    deal.move('contractsent');
    await deal.becomes('sent');
    const shown = async () => (await body<Card>(await askCard(w, 'GET', `/deals/${deal.id}`))).envelopes.map(({ status, waitingFor }) => [status, waitingFor]);
    expect(await shown()).toEqual([['sent', ['Customer']]]);
    w.sandbox.docusign.decline((await deal.sent()).envelopeId, 'Customer', 'Too long.');
    await deal.becomes('declined');
    // The countersigner has not signed, and nobody waits for it.
    expect(await shown()).toEqual([['declined', []]]);
  });

  test('a preview sends and writes nothing', async () => {
    const deal = plantDeal(w);
    const before = structuredClone(w.sandbox.hubspot.deal(deal.id)?.properties);
    const preview = await body<{ send: boolean; plan: { recipients: unknown[] }; writes: unknown[] }>(await askCard(w, 'POST', `/deals/${deal.id}/preview`, {}));
    expect(preview.send).toBe(true);
    expect(preview.plan.recipients).toHaveLength(2);
    expect(preview.writes.length).toBeGreaterThan(0);
    await w.settled();
    expect(deal.remote()).toEqual([]);
    expect(await deal.envelopes()).toEqual([]);
    expect(w.sandbox.hubspot.deal(deal.id)?.properties).toEqual(before);
  });

  test('the same key is the same request, and every answer leads to its story', async () => {
    const deal = plantDeal(w);
    const key = newId('cor');
    const answers = await Promise.all([1, 2, 3].map(() => askCard(w, 'POST', `/deals/${deal.id}/send`, { key })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    await deal.sent();
    expect((await askCard(w, 'POST', `/deals/${deal.id}/send`, { key })).status).toBe(202);
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    const stories = new Set(await Promise.all(answers.map(async (answer) => (await body<{ correlation: string }>(answer)).correlation)));
    expect([...stories]).toEqual([(await deal.envelopes())[0]?.envelope.correlation]);
  });

  test('recipients and template are those that the person chose', async () => {
    const deal = plantDeal(w);
    const nda = w.sandbox.docusign.envelopes().length;
    const card = await body<Card>(await askCard(w, 'GET', `/deals/${deal.id}`));
    const template = card.templates.find(({ name }) => name === 'NDA')?.id;
    const recipients = [{ role: 'Customer', name: 'Zoe Example', email: 'zoe@example.com' }];
    expect((await askCard(w, 'POST', `/deals/${deal.id}/send`, { key: newId('cor'), rule: 'nda', template, recipients })).status).toBe(202);
    const out = await deal.sent();
    expect(out.recipients.map(({ name, email }) => [name, email])).toEqual([['Zoe Example', 'zoe@example.com']]);
    expect(w.sandbox.docusign.envelopes().length).toBe(nda + 1);
  });

  test('reminding mails again; voiding ends it; both are refused afterwards', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const remote = await deal.sent();
    await deal.becomes('sent');
    const mails = () => w.sandbox.mailbox.list().filter(({ link }) => link?.url.includes(remote.recipients[0]?.token ?? '-')).length;
    const [own] = await deal.envelopes();
    const at = `/envelopes/${own?.envelope.id ?? ''}`;
    expect((await askCard(w, 'POST', `${at}/remind`, {})).status).toBe(202);
    await w.until('the second mail', () => mails() === 2);
    expect((await askCard(w, 'POST', `${at}/void`, { reason: 'Sent too early.' })).status).toBe(202);
    await deal.becomes('voided');
    expect(deal.says('esign_reason')).toBe('Sent too early.');
    for (const act of ['remind', 'void']) await refused(await askCard(w, 'POST', `${at}/${act}`, { reason: 'x' }), 409, 'envelope.final');
  });
});

describe('bodies that are not of the expected form', () => {
  test.each<[string, unknown]>([
    ['no key', {}],
    ['an empty key', { key: ' ' }],
    ['a key that is no text', { key: 5 }],
    ['an address that is none', { key: 'x', recipients: [{ role: 'Customer', name: 'A', email: 'not an address' }] }],
    ['a recipient without a name', { key: 'x', recipients: [{ role: 'Customer', name: '', email: 'a@example.com' }] }],
    ['a list', []],
    ['no JSON', 'Mara'],
    ['nothing', ''],
  ])('%s is refused, with words, and starts nothing', async (_what, sent) => {
    const deal = plantDeal(w);
    const response = await askCard(w, 'POST', `/deals/${deal.id}/send`, sent);
    expect(response.status).toBe(400);
    expect((await body<{ message: string }>(response)).message.length).toBeGreaterThan(10);
    await w.settled();
    expect(await deal.envelopes()).toEqual([]);
  });

  test('one beyond the limit is refused', async () => {
    await refused(await askCard(w, 'POST', '/deals/1/send', { key: 'x'.repeat(300_000) }), 413, 'request.too-large');
  });

  test('a deal that is not there is told', async () => {
    await refused(await askCard(w, 'GET', '/deals/1'), 404, 'vendor.not-found');
    await refused(await askCard(w, 'POST', '/deals/1/preview', {}), 404, 'vendor.not-found');
  });

  test('while the CRM does not answer, the card is told to come again', async () => {
    const deal = plantDeal(w);
    w.misbehave({ unavailable: 1 });
    expect((await askCard(w, 'GET', `/deals/${deal.id}`)).status).toBe(503);
    w.behave();
  });
});
