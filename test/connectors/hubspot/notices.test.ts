import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '#lib/json';
import { inbound, RECONCILE_DEAL } from '#connectors/hubspot/inbound';
import { RECONCILE_CONTACT } from '#connectors/hubspot/consent-notice';

const AT = 1_767_693_600_123;
const OWN = { appId: '31337' };
const bytes = (text: string) => new TextEncoder().encode(text);
const split = (body: Uint8Array) => inbound.split({ method: 'POST', url: 'https://countersign.example.com/webhooks/hubspot', headers: {}, body });
const keyOf = (event: JsonObject) => split(bytes(JSON.stringify([event])))[0]?.key ?? '';
const decode = (kind: string, payload: Json) => inbound.decode({ account: '1', key: 'k', kind, at: AT, payload }, OWN);
const malformed = (body: Uint8Array, say: string) => expect(() => split(body)).toThrow(expect.objectContaining({ code: 'delivery.malformed', message: say }));
const STAGE = { objectId: 9, propertyName: 'dealstage', propertyValue: 'contract', changeSource: 'CRM_UI' };

describe('a key', () => {
  const association = {
    portalId: 1,
    subscriptionId: 2,
    subscriptionType: 'deal.associationChange',
    objectTypeId: '0-3',
    objectId: 3,
    propertyName: 'a',
    propertyValue: 'b',
    changeFlag: 'NEW',
    fromObjectId: 4,
    toObjectId: 5,
    associationType: 'DEAL_TO_CONTACT',
    associationRemoved: false,
    primaryObjectId: 6,
    newObjectId: 7,
    occurredAt: 8,
  };

  it('differs with each part of what happened, and names them all', () => {
    expect(keyOf(association)).toBe('hs:1:2:deal.associationChange:0-3:3:a:b:NEW:4:5:DEAL_TO_CONTACT:false:6:7:8');
    const keys = Object.keys(association).map((name) => keyOf({ ...association, [name]: name === 'occurredAt' ? 9 : 'other' }));
    expect(new Set([...keys, keyOf(association)]).size).toBe(Object.keys(association).length + 1);
  });

  it('is readable up to 120 characters a part', () => {
    expect(keyOf({ objectId: 1, occurredAt: 2, propertyValue: 'x'.repeat(120) })).toBe(`hs:1:${'x'.repeat(120)}:2`);
    expect(keyOf({ objectId: 1, occurredAt: 2, propertyValue: 'x'.repeat(121) })).toMatch(/^hs:1:[0-9a-f]{64}:2$/);
  });

  it('of an event without time or object is that of all that it says, save for the counters', () => {
    for (const odd of [{ objectId: 1 }, { occurredAt: 2 }, { occurredAt: 'soon', objectId: 1 }, {}]) {
      expect(keyOf(odd)).toMatch(/^hs:odd:[0-9a-f]{64}$/);
      expect(keyOf({ ...odd, eventId: 5, attemptNumber: 6 })).toBe(keyOf(odd));
      expect(keyOf({ ...odd, somethingElse: 1 })).not.toBe(keyOf(odd));
    }
  });
});

it('a notice of an event without time, account or type says so', () => {
  const [odd] = split(bytes('[{"occurredAt":"soon","portalId":"","subscriptionType":7}]'));
  expect(odd).toMatchObject({ at: 0, account: null, kind: 'unknown' });
});

it('what is malformed is said', () => {
  malformed(bytes('{'), 'The body is not JSON.');
  malformed(Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), 'The body is not JSON.');
  malformed(bytes('{}'), 'The body is not a list of events.');
  malformed(bytes(`[${'{},'.repeat(100)}{}]`), 'The body holds 101 events, more than the 100 that HubSpot sends at once.');
  malformed(bytes(`[{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}]`), 'An event is nested too deeply.');
});

describe('what was found on asking', () => {
  it('is the stage where the answer has one', () => {
    const staged = (stage: Json) => decode(RECONCILE_DEAL, { objectId: 9, stage, changeSource: 'IMPORT' });
    const fact = (stage: string | null) => [{ type: 'deal.stage-changed', at: AT, data: { deal: '9', stage, source: 'automation', seenBy: 'reconcile' } }];
    expect([staged('won'), staged(7), staged(null)]).toEqual([fact('won'), fact(null), fact(null)]);
  });

  it('is a contact who left', () => {
    expect(decode(RECONCILE_CONTACT, { objectId: 9, propertyName: 'hs_email_optout', propertyValue: 'true', changeSource: 'CRM' })).toMatchObject([{ type: 'consent.acted' }]);
  });

  it.each([RECONCILE_DEAL, RECONCILE_CONTACT, 'deal.propertyChange', 'deal.deletion', 'contact.propertyChange', 'contact.privacyDeletion'])(
    'is malformed without a record (%s)',
    (kind) => {
      for (const objectId of [undefined, '', null, {}])
        expect(() => decode(kind, { propertyName: 'dealstage', ...(objectId === undefined ? {} : { objectId }) })).toThrow(
          expect.objectContaining({ code: 'delivery.malformed', facts: { field: 'objectId' } }),
        );
      for (const payload of [null, [], 'text']) expect(decode(kind, payload)).toEqual([]);
    },
  );
});

describe('a webhook', () => {
  it('of a stage is null where the value is no stage', () => {
    const stages = ['contract', '', 7, null].map((propertyValue) => decode('deal.propertyChange', { ...STAGE, propertyValue })[0]?.data);
    expect(stages).toMatchObject([{ stage: 'contract' }, { stage: null }, { stage: null }, { stage: null }]);
  });

  it('means the same from an app that was built as a project', () => {
    expect(decode('object.propertyChange', { ...STAGE, objectTypeId: '0-3' })).toEqual(decode('deal.propertyChange', STAGE));
    expect(decode('object.deletion', { objectId: 9, objectTypeId: '0-3' })).toEqual([{ type: 'deal.deleted', at: AT, data: { deal: '9' } }]);
    expect(decode('object.privacyDeletion', { objectId: 9, objectTypeId: '0-1' })).toEqual([{ type: 'person.erased', at: AT, data: { contact: '9' } }]);
    for (const objectTypeId of [null, '0-2', '']) expect(decode('object.deletion', { objectId: 9, objectTypeId })).toEqual([]);
  });

  it.each([
    ['person', ['CRM_UI', 'CRM_UI_BULK_ACTION', 'CRM', 'MOBILE_IOS']],
    ['automation', ['AUTOMATION_PLATFORM', 'WORKFLOWS', 'IMPORT', 'CALCULATED', 'API', 'INTEGRATION', 'INTEGRATIONS_PLATFORM']],
    ['unknown', ['CRMX', 'X', '', 5, null]],
  ])('names its source: %s', (source, changeSources) => {
    for (const changeSource of changeSources) expect(decode('deal.propertyChange', { ...STAGE, changeSource })[0]?.data).toMatchObject({ source });
  });

  it.each(['API', 'INTEGRATION', 'INTEGRATIONS_PLATFORM'])('is our own write where the app is ours (%s)', (changeSource) => {
    const sourceOf = (sourceId: Json) => decode('deal.propertyChange', { ...STAGE, changeSource, sourceId })[0]?.data;
    expect([sourceOf('31337'), sourceOf(31337), sourceOf('app:31337'), sourceOf('31337:app')]).toMatchObject([
      { source: 'countersign' },
      { source: 'countersign' },
      { source: 'countersign' },
      { source: 'automation' },
    ]);
  });
});
