import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { marketingCloud } from '#connectors/marketing-cloud/index';
import type { Call, HttpReply } from '#ports/call';
import { NO_FAULTS } from '#ports/sandbox';
import type { Connected, Place } from '../../contract/place.ts';
import { COMPLETED, CONTACT, fire, handlesOf, openCloud, problemOf, shown } from './world.ts';

let place: Place;
let connected: Connected;
beforeEach(async () => {
  place = await openCloud();
  connected = await place.connect();
});
afterEach(() => place.close());

/** Statuses of the answers so far, as many as there were. */
const statuses = () => Object.entries(place.sandbox.calls()).flatMap(([name, count]) => Array.from({ length: count }, () => name.slice(-3)));
const entries = () => handlesOf(place).entries();
/** A call whose vendor answers as told. */
const answering = (status: number, body: unknown): Call => ({
  ...connected.call,
  request: (): Promise<HttpReply> => Promise.resolve({ status, headers: new Headers(), body }),
});

describe('an entry', () => {
  test('reaches the journey with key, contact and data as they were meant, and answers its id', async () => {
    const { id } = await fire(connected.call, { data: { Amount: 18500.5, SignedAt: '2026-11-20T09:30:00Z', DealName: 'Zażółć & Söhne', FirstSource: null } });
    expect(entries()).toMatchObject([{ eventInstanceId: id, key: COMPLETED, contactKey: CONTACT }]);
    expect(entries()[0]?.data).toEqual({ EnvelopeId: 'env_1', Amount: 18500.5, SignedAt: '2026-11-20T09:30:00Z', DealName: 'Zażółć & Söhne' });
  });
  test('costs one call', async () => {
    await fire(connected.call);
    expect(place.sandbox.calls()).toEqual({ 'POST /sandbox/marketing-cloud/rest/interaction/v1/events 201': 1 });
  });
  test('taken without an id is taken: to fail would invite a second', async () => {
    for (const body of [null, {}, 'Created', { eventInstanceId: 7 }]) expect(await fire(answering(201, body))).toEqual({ id: null });
  });
});

describe('no entry is made twice unasked', () => {
  test('the manifest says that a repeat is another entry, and it is', async () => {
    expect(marketingCloud.manifest.journey).toEqual({ person: 'contact', repeatable: false });
    await fire(connected.call);
    await fire(connected.call);
    expect(entries()).toHaveLength(2);
  });
  test('a reply that got lost is told as such, and the entry is there once', async () => {
    place.sandbox.faults.lostReply = 1;
    const problem = await problemOf(fire(connected.call));
    Object.assign(place.sandbox.faults, NO_FAULTS);
    expect(problem.code).toBe('vendor.lost-reply');
    expect(entries()).toHaveLength(1);
  });
  test.each([500, 502, 504])('a fault (%i) that leaves open what was done is a lost reply', async (status) =>
    expect((await problemOf(fire(answering(status, '<html>Bad Gateway</html>')))).code).toBe('vendor.lost-reply'),
  );
  test.each([
    ['unavailable', 'vendor.unavailable'],
    ['rateLimited', 'vendor.rate-limited'],
  ] as const)('%s is no entry, and may be tried again by itself', async (fault, code) => {
    Object.assign(place.sandbox.faults, { [fault]: 1, maxPauseMs: 2000 });
    const problem = await problemOf(fire(connected.call));
    expect([problem.code, problem.remedy]).toEqual([code, 'retry']);
    if (fault === 'rateLimited') expect(problem.retryAfterMs).toBe(2000);
    expect(entries()).toEqual([]);
  });
  test('a token that the vendor refuses is renewed once, and the entry made once', async () => {
    handlesOf(place).expireTokens();
    await fire(connected.call);
    expect(entries()).toHaveLength(1);
    expect(statuses()).toEqual(['401', '201']);
  });
  test('an account that withdrew its permission is not asked again, and needs a person', async () => {
    handlesOf(place).revokeGrant();
    const problem = await problemOf(fire(connected.call));
    expect([problem.code, problem.remedy]).toEqual(['install.unauthorized', 'reauthorize']);
    expect(statuses()).toEqual(['401']);
    expect(entries()).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each(['APIEvent.completed', '', '   '])('of the key "%s" comes before anything is sent', async (name) => {
    const problem = await problemOf(fire(connected.call, { name }));
    expect([problem.code, problem.remedy]).toEqual(['vendor.rejected', 'reject']);
    expect(problem.message).toMatch(/event definition key/);
    expect(place.sandbox.calls()).toEqual({});
  });
  test('of an unknown key says what to check, in the words of the vendor too', async () => {
    const problem = await problemOf(fire(connected.call, { name: 'APIEvent-nowhere' }));
    expect([problem.code, problem.remedy]).toEqual(['vendor.rejected', 'reject']);
    expect(problem.message).toMatch(/APIEvent-nowhere.*Check that the key is right.*Unable to find an event definition/);
    expect(problem.facts).toMatchObject({ status: 400, event: 'APIEvent-nowhere' });
  });
  test('of a journey that is not active goes away when it is', async () => {
    handlesOf(place).deactivate(COMPLETED);
    expect((await problemOf(fire(connected.call))).message).toMatch(/not active/);
    handlesOf(place).activate(COMPLETED);
    await fire(connected.call);
    expect(entries()).toHaveLength(1);
  });
  test('of a contact that is not active', async () => {
    handlesOf(place).deactivateContact(CONTACT);
    expect((await problemOf(fire(connected.call))).code).toBe('vendor.rejected');
  });
  test.each([
    ['a column that is not there', { Colour: 'green' }, /Colour is not a column/],
    ['a value of another type', { Amount: 'a lot' }, /Amount cannot be converted to Decimal/],
    ['a required value that is missing', { EnvelopeId: null }, /EnvelopeId is required/],
  ])('of %s', async (_what, data, words) => {
    const problem = await problemOf(fire(connected.call, { data }));
    expect(problem.code).toBe('vendor.rejected');
    expect(problem.message).toMatch(words);
    expect(entries()).toEqual([]);
  });
  test('that quotes a person keeps the person to itself', async () => {
    handlesOf(place).define({
      key: 'APIEvent-mail',
      journey: 'Mail',
      fields: [
        { name: 'EnvelopeId', type: 'Text', required: true },
        { name: 'Email', type: 'Number', required: true },
      ],
    });
    const quoted = await problemOf(fire(connected.call, { name: 'APIEvent-mail', data: { Email: 'ines.duarte@example.com' } }));
    expect(quoted.message).toMatch(/The value '…' of Email/);
    const said = { message: `No INES DUARTE (${CONTACT}, ines.d@example.com, +351 900 1) here.`, errorcode: 1 };
    const other = await problemOf(fire(answering(400, said), { data: { Name: 'Ines Duarte', Phone: '+351 900 1' } }));
    expect(other.message).toMatch(/No … \(…, …, …\) here/);
    for (const problem of [quoted, other]) expect(shown(problem)).not.toMatch(/duarte|ines|351|003Hp/i);
  });
  test('never shows a token', async () => {
    const { tokens } = connected;
    for (const name of ['APIEvent-nowhere', 'a.b']) expect(shown(await problemOf(fire(connected.call, { name })))).not.toContain(tokens.accessToken.reveal());
  });
  test('for want of permission asks for the scope', async () => {
    const problem = await problemOf(fire(answering(403, { message: 'Insufficient Privileges', errorcode: 0 })));
    expect([problem.code, problem.remedy]).toEqual(['install.missing-scope', 'reauthorize']);
    expect(problem.message).toMatch(/list_and_subscribers_read/);
  });
});

describe('hosts', () => {
  test('an account that points elsewhere is never called', async () => {
    const baseUrl = 'http://127.0.0.1:9/rest';
    const call = place.callWith({ ...connected.tokens, baseUrl }, { ...connected.account, baseUrl });
    expect((await problemOf(fire(call))).code).toBe('host.refused');
  });
});
