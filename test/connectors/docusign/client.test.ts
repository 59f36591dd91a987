import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { faultsOf, specsAtHand } from './contract.ts';
import { consent, createCall, openWorld, orderForm, ORDER_FORM, OWN, sent, signSlot, type World } from './world.ts';

const { sign } = signSlot();
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  // Whatever a test did, all that went over the wire keeps to the vendor's contract.
  expect(world.exchanges.flatMap(faultsOf)).toEqual([]);
  await world.close();
});

describe('templates', () => {
  it('come with roles in order and every field that a sender may fill, whatever its kind', async () => {
    const templates = await sign.templates(world.call);
    expect(templates.map(({ name }) => name)).toEqual(['Order form', 'Master services agreement', 'NDA', 'Order form with consent']);
    expect(templates[1]?.roles).toEqual([
      { name: 'Customer', order: 1 },
      { name: 'Legal', order: 2 },
      { name: 'Countersigner', order: 3 },
    ]);
    expect(templates[0]?.fields).toContainEqual({ label: 'Amount', role: 'Customer' });
    expect(templates[0]?.fields).toContainEqual({ label: 'StartDate', role: 'Customer' });
    expect(JSON.stringify(templates)).not.toContain('Sign_');
  });
});

describe('draft', () => {
  it('makes one envelope with our key, labels and fields, and mails nobody', async () => {
    const drafted = await sign.draft(world.call, orderForm());
    expect(drafted.status).toBe('draft');
    expect(world.mails).toEqual([]);
    const [envelope] = world.sandbox.envelopes();
    expect(envelope).toMatchObject({ envelopeId: drafted.id, status: 'created', transactionId: OWN, expireAfterDays: 14, reminders: { afterDays: 2, everyDays: 3 } });
    expect(envelope?.recipients[0]?.fields).toEqual({ DealName: 'Meadow Labs, 40 seats', StartDate: '2026-09-01' });
    expect(envelope?.customFields.map(({ name, value, show }) => [name, value, show])).toEqual([
      ['deal', '9001', 'false'],
      ['first_touch', 'google / cpc', 'false'],
      ['countersign_envelope', OWN, 'false'],
    ]);
  });
  it('asks for signed, acknowledged webhooks of this envelope', async () => {
    await sign.draft(world.call, orderForm());
    expect(world.sandbox.envelopes()[0]?.eventNotification).toMatchObject({
      url: world.receiver.url,
      hmac: true,
      acknowledged: true,
      includeData: ['custom_fields', 'recipients'],
    });
  });
  it("leaves the account's reminders and expiry alone where the rule has none", async () => {
    await sign.draft(world.call, orderForm({ reminders: null, expiresAfterDays: null }));
    expect(world.exchanges.find(({ request }) => request.method === 'POST')?.request.json).not.toHaveProperty('notification');
  });
  it('keeps long labels and subjects within what the vendor takes', async () => {
    await sign.draft(world.call, orderForm({ subject: 'x'.repeat(300), labels: { campaign: 'y'.repeat(300) } }));
    expect(world.sandbox.envelopes()[0]?.emailSubject).toHaveLength(100);
  });
  it.each([
    ['role', orderForm({ recipients: [{ role: 'Witness', name: 'W', email: 'w@example.com', order: 1 }] }), 'Witness'],
    ['field', orderForm({ fields: [{ role: 'Customer', label: 'Colour', value: 'red' }] }), 'Colour'],
  ])('is refused in words, before anything exists, for a %s that the template lacks', async (_, request, word) => {
    await expect(sign.draft(world.call, request)).rejects.toMatchObject({ code: 'vendor.rejected', message: expect.stringContaining(word) });
    expect(world.sandbox.envelopes()).toEqual([]);
  });
  it('says that a template is gone', async () => {
    await expect(sign.draft(world.call, orderForm({ template: 'none' }))).rejects.toMatchObject({ code: 'vendor.not-found' });
  });
});

describe('a lost reply', () => {
  it('leaves an envelope that the look-up finds, so that there is never a second', async () => {
    world.sandbox.faults.lostReply = 1;
    const { call } = world;
    // The template is read over a sound line; only the answer to the creation is lost.
    const flaky = {
      ...call,
      request: (request: Parameters<typeof call.request>[0]) => {
        world.sandbox.faults.lostReply = request.method === 'POST' ? 1 : 0;
        return call.request(request);
      },
    };
    await expect(sign.draft(flaky, orderForm())).rejects.toMatchObject({ code: 'vendor.lost-reply' });
    world.sandbox.faults.lostReply = 0;
    const found = await sign.find(call, OWN, Date.now());
    expect(found).toEqual({ id: world.sandbox.envelopes()[0]?.envelopeId, status: 'draft' });
    expect(world.sandbox.envelopes()).toHaveLength(1);
  });
  it('of a send is answered by sending again', async () => {
    const id = await sent(world);
    world.sandbox.open(id, 'Customer');
    expect(await sign.send(world.call, id)).toEqual({ id, status: 'viewed' });
    expect(world.mails).toHaveLength(1);
  });
  it('of a void is done when our own words stand there', async () => {
    const id = await sent(world);
    await sign.void(world.call, id, 'The deal went back.');
    await expect(sign.void(world.call, id, 'The deal went back.')).resolves.toBeUndefined();
  });
});

describe('find', () => {
  it('finds nothing where there is surely nothing, in one call', async () => {
    expect(await sign.find(world.call, OWN, Date.now())).toBeNull();
    expect(world.exchanges).toHaveLength(1);
  });
  it('does not take a discarded draft for the envelope', async () => {
    const { id } = await sign.draft(world.call, orderForm());
    await sign.void(world.call, id, 'Not needed.');
    expect(world.sandbox.envelopes()[0]?.status).toBe('deleted');
    expect(await sign.find(world.call, OWN, Date.now())).toBeNull();
  });
  it('says so when two envelopes carry our key', async () => {
    await sign.draft(world.call, orderForm());
    await sign.draft(world.call, orderForm());
    await expect(sign.find(world.call, OWN, Date.now())).rejects.toMatchObject({ code: 'send.ambiguous' });
  });
});

describe('find after the vendor has forgotten the transaction', () => {
  it('goes by the custom field', async () => {
    const clock = manualClock();
    const old = await openWorld({ clock });
    const since = clock.now();
    const { id } = await sign.draft(old.call, orderForm());
    clock.advance(8 * 86_400_000);
    const again = await consent(old.app, clock.now());
    const call = createCall({ baseUrl: old.call.install.baseUrl, token: again.accessToken.reveal(), exchanges: world.exchanges });
    expect(await sign.find(call, OWN, since)).toEqual({ id, status: 'draft' });
    expect(world.exchanges.map(({ request }) => Object.keys(request.query ?? {})[0])).toEqual(['transaction_ids', 'custom_field']);
    expect(await sign.find(call, 'env_another', since)).toBeNull();
    await old.close();
  });
});

describe('void and remind', () => {
  it('of a final envelope are refused as final', async () => {
    const id = await sent(world);
    world.sandbox.sign(id, 'Customer');
    world.sandbox.sign(id, 'Countersigner');
    await expect(sign.void(world.call, id, 'Too late')).rejects.toMatchObject({ code: 'envelope.final' });
    await expect(sign.remind(world.call, id)).rejects.toMatchObject({ code: 'envelope.final' });
  });
  it('mail whose turn it is again', async () => {
    const id = await sent(world);
    await sign.remind(world.call, id);
    expect(world.mails.map(({ to }) => to)).toEqual(['ines.duarte@example.com', 'ines.duarte@example.com']);
  });
  it('of an unknown envelope say that there is none', async () => {
    await expect(sign.remind(world.call, 'none')).rejects.toMatchObject({ code: 'vendor.not-found' });
  });
});

describe('limits', () => {
  it("arrive as 400 and mean a pause until the vendor's own reset", async () => {
    Object.assign(world.sandbox.faults, { rateLimited: 1, maxPauseMs: 2000 });
    const refused = await sign.send(world.call, 'x').catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'vendor.rate-limited', remedy: 'retry', facts: { code: 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', status: 400 } });
    const { retryAfterMs } = refused as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(4000);
    expect(world.budgets.at(-1)?.remaining).toBe(0);
  });
  it('are told to the limiter with every answer', async () => {
    await sign.find(world.call, OWN, Date.now());
    expect(world.budgets).toEqual([
      { remaining: 499, resetInMs: 30_000, limit: 500, windowMs: 30_000 },
      { remaining: 2999, resetInMs: expect.any(Number) as number, limit: 3000, windowMs: 3_600_000 },
    ]);
  });
  it('of the burst are waited out in full', async () => {
    const small = await openWorld({ limits: { burst: 1 } });
    await sign.find(small.call, OWN, Date.now());
    await expect(sign.find(small.call, OWN, Date.now())).rejects.toMatchObject({ code: 'vendor.rate-limited', retryAfterMs: 30_000 });
    await small.close();
  });
  it('of polling are kept by asking for the state in lists, and obeyed when met', async () => {
    const id = await sent(world);
    await sign.send(world.call, id);
    await sign.changes(world.call, null, Date.now());
    expect(world.sandbox.polls(id)).toBe(0);
    for (let i = 0; i < 4; i++) await sign.read(world.call, id);
    await expect(sign.read(world.call, id)).rejects.toMatchObject({ code: 'vendor.rate-limited', retryAfterMs: 900_000 });
    expect(world.sandbox.polls(id)).toBe(5);
  });
  it("apart: a vendor's own fault is tried again", async () => {
    world.sandbox.faults.unavailable = 1;
    await expect(sign.templates(world.call)).rejects.toMatchObject({ code: 'vendor.unavailable', remedy: 'retry' });
  });
});

describe("the rest of the sandbox's API", () => {
  it("answers in the vendor's form", async () => {
    const id = await sent(world);
    for (const part of ['recipients', 'custom_fields', 'audit_events', 'notification']) await world.call.request({ method: 'GET', path: `/envelopes/${id}/${part}` });
    await world.call.request({ method: 'PUT', path: '/envelopes/status', query: { transaction_ids: 'request_body' }, json: { transactionIds: [OWN] } });
    const list = world.exchanges.at(-1)?.body as { envelopes: { envelopeId: string }[] };
    expect(list.envelopes.map(({ envelopeId }) => envelopeId)).toEqual([id]);
    for (const path of ['/envelopes', '/templates/none', '/envelopes/none']) await world.call.request({ method: 'GET', path });
    expect(world.exchanges.slice(-3).map(({ status }) => status)).toEqual([400, 404, 404]);
  });
  it('refuses numbers and booleans that are no texts, and webhooks in a form that the vendor refuses', async () => {
    const base = { status: 'created', templateId: ORDER_FORM, templateRoles: [] };
    const wrong = [
      { ...base, notification: { useAccountDefaults: false } },
      { ...base, eventNotification: { url: 'https://countersign.example.com/x', events: ['envelope-sent'] } },
    ];
    for (const json of wrong) {
      const reply = await world.call.request({ method: 'POST', path: '/envelopes', json });
      expect(reply).toMatchObject({ status: 400, body: { errorCode: 'INVALID_REQUEST_PARAMETER' } });
    }
    // The first of these is wrong by the contract too, which is the point; it is not one of our own requests.
    world.exchanges.length = 0;
  });
  it('will not send while a role is empty', async () => {
    const { id } = await sign.draft(world.call, orderForm({ recipients: orderForm().recipients.slice(0, 1) }));
    await expect(sign.send(world.call, id)).rejects.toMatchObject({ code: 'vendor.rejected', facts: { code: 'ENVELOPE_IS_INCOMPLETE' } });
  });
});

describe('the contract', () => {
  it('is closed: a member that the vendor does not know is a fault, wherever the contract is at hand', () => {
    const misspelt = {
      request: { method: 'POST' as const, path: '/envelopes', json: { eventNotification: { requiresAcknowledgement: 'true' } } },
      status: 400,
      body: { errorCode: 'x', message: 'y' },
    };
    expect(faultsOf(misspelt).length > 0).toBe(specsAtHand);
    expect(faultsOf({ ...misspelt, body: {} })).toContain('the answer lacks errorCode');
  });
});
