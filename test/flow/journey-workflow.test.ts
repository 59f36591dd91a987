import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hmacBase64 } from '#lib/hmac';
import { plantDeal, type TestDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

const start = (deal: TestDeal, more: { callback?: string; fields?: Record<string, string> } = {}) => w.sandbox.hubspot.startAction({ deal: deal.id, ...more });
const completed = (callback: string) => w.until('the workflow to go on', () => w.sandbox.hubspot.completed(callback));
const sign = (remote: string) => ['Customer', 'Countersigner'].forEach((role) => w.sandbox.docusign.sign(remote, role));
const completions = async (callback: string) =>
  (await w.db.selectFrom('outbox').selectAll().where('kind', '=', 'journey.complete').execute()).filter(({ data }) => data.includes(callback));

/** A request of a workflow, signed by whoever has the secret. */
async function post(body: unknown, secret = w.world.flow.vendors.get('hubspot')?.webhookSecrets[0]?.reveal() ?? '', at = w.clock.now()): Promise<Response> {
  const url = `${w.address}/workflow/hubspot/actions/send`;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'x-hubspot-request-timestamp': String(at), 'x-hubspot-signature-v3': hmacBase64(secret, 'POST', url, text, String(at)) };
  return fetch(url, { method: 'POST', headers, body: text });
}
const body = (over: Record<string, unknown> = {}) => ({
  callbackId: 'ap-1',
  origin: { portalId: w.sandbox.hubspot.world().portalId },
  object: { objectId: 1, objectType: 'DEAL' },
  inputFields: {},
  ...over,
});
const kept = () => w.db.selectFrom('callbacks').selectAll().execute();

describe('a workflow that waits for a signature', () => {
  test('is held until everybody has signed, and goes on with the outcome', async () => {
    const deal = plantDeal(w);
    const { status, callback } = await start(deal);
    expect(status).toBe(200);
    expect(w.sandbox.hubspot.world().waiting?.[callback]).toMatchObject({ deal: deal.id, expiration: 'P84D', outputs: null });
    const { envelopeId } = await deal.sent();
    await deal.becomes('sent');
    expect(w.sandbox.hubspot.completed(callback)).toBeNull();
    sign(envelopeId);
    const outputs = await completed(callback);
    const [only] = await deal.envelopes();
    expect(outputs).toMatchObject({ hs_execution_state: 'SUCCESS', esign_outcome: 'completed', esign_envelope: only?.envelope.id });
  });

  test('goes on too where it ends otherwise, marked as failed', async () => {
    const deal = plantDeal(w);
    const { callback } = await start(deal);
    const { envelopeId } = await deal.sent();
    w.sandbox.docusign.decline(envelopeId, 'Customer', 'Words of Ada that stay with us.');
    const outputs = await completed(callback);
    expect(outputs).toMatchObject({ hs_execution_state: 'FAIL_CONTINUE', esign_outcome: 'declined' });
    expect(JSON.stringify(outputs)).not.toContain('Ada');
  });

  test('that asks again, at once or later, is one request and one envelope', async () => {
    const deal = plantDeal(w);
    const { callback } = await start(deal);
    await Promise.all([start(deal, { callback }), start(deal, { callback })]);
    const { envelopeId } = await deal.sent();
    await start(deal, { callback });
    sign(envelopeId);
    await completed(callback);
    await start(deal, { callback });
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect(await deal.envelopes()).toHaveLength(1);
    expect((await kept()).filter((one) => one.callback === callback)).toHaveLength(1);
    expect(await completions(callback)).toHaveLength(1);
  });

  test('goes on at once where nothing can be sent, with why', async () => {
    const deal = plantDeal(w, { person: { email: '' } });
    const { callback } = await start(deal);
    const outputs = await completed(callback);
    expect(outputs).toMatchObject({ hs_execution_state: 'FAIL_CONTINUE', esign_outcome: 'blocked', esign_envelope: '', esign_reason: expect.stringContaining('Nothing was sent') });
    expect(deal.remote()).toEqual([]);
  });

  test('goes on where the deal is not there', async () => {
    const { callback } = await w.sandbox.hubspot.startAction({ deal: '999999999' });
    expect(await completed(callback)).toMatchObject({ esign_outcome: 'blocked' });
  });

  test('names a rule that is followed, or is told that there is none', async () => {
    const deal = plantDeal(w);
    const { callback } = await start(deal, { fields: { rule: 'no-such-rule' } });
    expect(await completed(callback)).toMatchObject({ esign_outcome: 'blocked' });
  });

  test('is told although answers get lost, once', async () => {
    const deal = plantDeal(w);
    const { callback } = await start(deal);
    const { envelopeId } = await deal.sent();
    w.misbehave({ lostReply: 0.5 });
    sign(envelopeId);
    expect(await completed(callback)).toMatchObject({ esign_outcome: 'completed' });
    w.behave();
    await w.settled();
    // The answer that got lost was a yes: told again, HubSpot says that it waits no longer.
    expect((await completions(callback)).map(({ state }) => ['done', 'cancelled'].includes(state))).toEqual([true]);
  });

  test('that waits no longer is told nothing, and that is no failure', async () => {
    const deal = plantDeal(w);
    const { callback } = await start(deal);
    const { envelopeId } = await deal.sent();
    delete w.sandbox.hubspot.world().waiting?.[callback];
    sign(envelopeId);
    await deal.becomes('completed');
    await w.settled();
    expect((await completions(callback)).map(({ state }) => state)).toEqual(['cancelled']);
  });
});

describe('a request that is no workflow’s', () => {
  test.each([
    ['is signed with another secret', () => post(body(), 'another secret'), 401],
    ['is too old', () => post(body(), undefined, w.clock.now() - 600_000), 401],
    ['is of an account that is not here', () => post(body({ origin: { portalId: 99 } })), 404],
    ['is no JSON', () => post('no'), 400],
    ['has no callback', () => post(body({ callbackId: undefined })), 400],
    ['has a callback without end', () => post(body({ callbackId: 'x'.repeat(500) })), 400],
    ['is about something else than a deal', () => post(body({ object: { objectId: 1, objectType: 'CONTACT' } })), 400],
    ['is larger than any is', () => post(body({ padding: 'x'.repeat(300_000) })), 413],
  ])('because it %s, is refused and leaves nothing', async (_what, ask, status) => {
    const before = await kept();
    const reply = await ask();
    expect(reply.status).toBe(status);
    expect(await kept()).toEqual(before);
  });
});
