import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#lib/json';
import { inbound, RECONCILED } from '#connectors/docusign/inbound';

const AT = 1_767_693_600_123;
const TIME = '2026-01-06T10:00:00.1230000Z';
const delivery = (body: Uint8Array) => ({ method: 'POST', url: 'https://countersign.example.com/webhooks/docusign/x', headers: {}, body });
const split = (message: Json) => inbound.split(delivery(new TextEncoder().encode(JSON.stringify(message))));
const MESSAGE = { event: 'envelope-sent', generatedDateTime: TIME, configurationId: 7, data: { accountId: 'acc', envelopeId: 'env', recipientId: '2' } };
const decode = (kind: string, data: JsonObject, over: JsonObject = {}) =>
  inbound.decode({ account: 'acc', key: 'k', kind, at: AT, payload: { event: kind, generatedDateTime: TIME, data, ...over } }, { appId: '' });
const SUMMARY = { envelopeId: 'of-summary', status: 'sent', recipients: { signers: [{ recipientId: '2', roleName: 'Signer', status: 'sent' }] } };

describe('a key', () => {
  it('begins with the time and names what the message is of; what is missing is empty', () => {
    expect(split(MESSAGE)[0]?.key).toBe(`${TIME}|envelope-sent|env|2|7`);
    expect(split({ ...MESSAGE, configurationId: null, data: {} })[0]).toMatchObject({ key: `${TIME}|envelope-sent|||`, account: null });
  });

  it('is readable up to 250 characters', () => {
    const long = (length: number) => split({ ...MESSAGE, data: { ...MESSAGE.data, envelopeId: 'x'.repeat(length - `${TIME}|envelope-sent||2|7`.length) } })[0]?.key;
    expect(long(250)).toHaveLength(250);
    expect(long(251)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('what is malformed', () => {
  it('is said by its field', () => {
    const facts = (message: Json) => expect(() => split(message)).toThrow(expect.objectContaining({ code: 'delivery.malformed', facts: expect.anything() }));
    facts({ ...MESSAGE, event: '' });
    const faulty: [message: Json, field: string][] = [
      [{ ...MESSAGE, generatedDateTime: 'soon' }, 'generatedDateTime'],
      [{ ...MESSAGE, data: { accountId: [] } }, 'data.accountId'],
    ];
    for (const [message, field] of faulty) expect(() => split(message)).toThrow(expect.objectContaining({ facts: { field } }));
  });

  it('is a body that is no text, and one that is no JSON', () => {
    const good = new TextEncoder().encode(JSON.stringify(MESSAGE));
    expect(inbound.split(delivery(good))).toHaveLength(1);
    const place = good.indexOf('e'.charCodeAt(0), good.length - 40);
    for (const body of [good.with(place, 0xff), good.subarray(1)])
      expect(() => inbound.split(delivery(body))).toThrow(expect.objectContaining({ code: 'delivery.malformed', facts: {}, cause: expect.any(Error) }));
  });

  it('in the summary shows when the payload is taken, and not before', () => {
    const [notice] = split({ ...MESSAGE, data: { ...MESSAGE.data, envelopeSummary: { status: [] } } });
    expect(notice?.key).toBe(`${TIME}|envelope-sent|env|2|7`);
    expect(() => notice?.payload).toThrow(expect.objectContaining({ code: 'delivery.malformed', facts: { field: 'data.envelopeSummary.status' } }));
  });
});

describe('an event by its name alone', () => {
  const said = (kind: string, recipientId: string | null = '2') => decode(kind, { envelopeId: 'env', recipientId });
  const fact = (status: string, recipients: object[] = []) => [{ type: 'envelope.status', at: AT, data: { remote: 'env', envelope: null, status, seenBy: 'webhook', recipients } }];

  it.each([
    ['envelope-created', 'requested'],
    ['envelope-sent', 'sent'],
    ['envelope-delivered', 'viewed'],
    ['envelope-completed', 'completed'],
    ['envelope-declined', 'declined'],
    ['envelope-voided', 'voided'],
    ['envelope-deleted', 'voided'],
    ['envelope-discard', 'voided'],
  ])('%s is %s', (kind, status) => expect(said(kind)).toEqual(fact(status)));

  it.each([
    ['recipient-sent', 'sent', 'sent'],
    ['recipient-delivered', 'viewed', 'viewed'],
    ['recipient-completed', 'partially_signed', 'signed'],
    ['recipient-declined', 'declined', 'declined'],
    ['recipient-autoresponded', 'sent', 'bounced'],
  ])('%s is %s, and %s of the recipient where one is named', (kind, status, recipient) => {
    expect(said(kind)).toEqual(fact(status, [{ role: null, remote: '2', status: recipient, at: AT }]));
    expect(said(kind, null)).toEqual(fact(status));
  });

  it.each(['envelope-resent', 'recipient-reassign', 'unheard-of', RECONCILED])('%s is nothing', (kind) => expect(said(kind)).toEqual([]));

  it('is malformed without an envelope, or in another form', () => {
    const fault = (field: string) => expect.objectContaining({ code: 'delivery.malformed', facts: { field } });
    expect(() => decode('envelope-sent', {})).toThrow(fault('data.envelopeId'));
    expect(() => decode('envelope-sent', { envelopeId: '' })).toThrow(fault('data.envelopeId'));
    expect(() => inbound.decode({ account: null, key: 'k', kind: 'envelope-sent', at: AT, payload: { data: 7 } }, { appId: '' })).toThrow(
      expect.objectContaining({ code: 'delivery.malformed' }),
    );
    expect(() => decode('envelope-sent', {})).toThrow('The message has no data.envelopeId, or one of another form.');
    expect(() => inbound.decode({ account: null, key: 'k', kind: 'envelope-sent', at: AT, payload: 7 }, { appId: '' })).toThrow('The body is no message of Connect.');
    expect(decode('unheard-of', {})).toEqual([]);
  });
});

describe('an event with a summary', () => {
  const told = (kind: string, more: JsonObject = {}, data: JsonObject = {}) => decode(kind, { ...data, envelopeSummary: { ...SUMMARY, ...more } });

  it.each([
    'envelope-resent',
    'envelope-corrected',
    'recipient-resent',
    'recipient-reassign',
    'recipient-delegate',
    'recipient-finish-later',
    'recipient-authenticationfailed',
    'envelope-sent',
    RECONCILED,
  ])('%s says what stands in it', (kind) => {
    const seenBy = kind === RECONCILED ? 'reconcile' : 'webhook';
    const data = {
      remote: 'of-summary',
      envelope: null,
      status: 'sent',
      seenBy,
      recipients: [{ role: 'Signer', remote: '2', status: 'sent', at: null }],
      times: { sent: null, viewed: null },
    };
    expect(told(kind)).toEqual([{ type: 'envelope.status', at: AT, data }]);
  });

  it('is of the envelope that the message names', () => expect(told('envelope-sent', {}, { envelopeId: 'env' })[0]?.data).toMatchObject({ remote: 'env' }));

  it('is nothing where event or status is not known', () => {
    expect(told('unheard-of')).toEqual([]);
    expect(told('envelope-sent', { status: 'levitating' })).toEqual([]);
  });

  it('of a draft is a request that has not gone out', () => expect(told('envelope-created', { status: 'created' })[0]?.data).toMatchObject({ status: 'requested' }));

  it('carries the reason where there is one', () => {
    expect(told('envelope-voided', { status: 'voided', voidedReason: 'Another price.' })[0]?.personal).toEqual({ reason: 'Another price.' });
    expect(told('envelope-voided', { status: 'voided' })[0]).not.toHaveProperty('personal');
  });

  it('of mail that came back says so of that recipient, unless more is known', () => {
    const signers = (status: string) => ({
      recipients: {
        signers: [
          { recipientId: '1', status: 'sent' },
          { recipientId: '2', status },
        ],
      },
    });
    const recipients = (kind: string, status: string) => told(kind, signers(status), { recipientId: '2' })[0]?.data;
    expect(recipients('recipient-autoresponded', 'sent')).toMatchObject({
      recipients: [
        { remote: '1', status: 'sent' },
        { remote: '2', status: 'bounced', at: AT },
      ],
    });
    expect(recipients('recipient-autoresponded', 'delivered')).toMatchObject({ recipients: [{ status: 'sent' }, { status: 'viewed' }] });
    expect(recipients('recipient-resent', 'sent')).toMatchObject({ recipients: [{ status: 'sent' }, { status: 'sent' }] });
  });
});
