import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject } from '#lib/json';
import { projectFile, projectRoot } from '#lib/root';
import { Problem } from '#core/problem';
import { cards } from '#connectors/hubspot/cards';
import { inbound } from '#connectors/hubspot/inbound';

const OWN = { appId: '31337' };
const folder = 'connectors/hubspot/samples';
const names = readdirSync(join(projectRoot, folder))
  .filter((file) => file.endsWith('.json') && !file.endsWith('.facts.json'))
  .map((file) => file.slice(0, -'.json'.length));
const sample = (name: string): JsonObject[] => JSON.parse(projectFile(`${folder}/${name}.json`)) as JsonObject[];
const split = (body: unknown) =>
  inbound.split({
    method: 'POST',
    url: 'https://connector.example.com/webhooks/hubspot',
    headers: {},
    body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  });

describe('samples', () => {
  test('there are some', () => expect(names.length).toBeGreaterThan(4));

  test.each(names)('%s means what its facts say', (name) => {
    const facts = split(sample(name)).flatMap((notice) => inbound.decode(notice, OWN));
    expect(facts).toEqual(JSON.parse(projectFile(`${folder}/${name}.facts.json`)));
  });

  test.each(names)('%s: every event is a notice of its account, each with a key of its own', (name) => {
    const notices = split(sample(name));
    expect(notices.map((notice) => notice.account)).toEqual(sample(name).map((event) => (typeof event.portalId === 'number' ? String(event.portalId) : null)));
    expect(new Set(notices.map((notice) => notice.key)).size).toBe(notices.length);
  });
});

describe('keys', () => {
  const [event] = sample('deal-stage-by-person');
  const keyOf = (change: JsonObject) => split([{ ...event, ...change }])[0]?.key;

  test('stay when HubSpot sends again, under whatever event id', () => {
    expect(keyOf({ attemptNumber: 4, eventId: 1 })).toBe(keyOf({}));
    expect(keyOf({})).toBe('hs:4242001:2000001:deal.propertyChange:9000001:dealstage:contractsent:1767693600123');
  });

  test.each([{ portalId: 1 }, { subscriptionId: 1 }, { objectId: 1 }, { propertyValue: 'qualified' }, { propertyName: 'amount' }, { occurredAt: 1 }])(
    'differ where %j does',
    (change) => {
      expect(keyOf(change)).not.toBe(keyOf({}));
    },
  );

  test('cannot be made equal by what stands in a value, and stay short', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (name, value, otherName, otherValue) => {
        const same = name === otherName && value === otherValue;
        expect(keyOf({ propertyName: name, propertyValue: value }) === keyOf({ propertyName: otherName, propertyValue: otherValue })).toBe(same);
      }),
    );
    expect(keyOf({ propertyValue: 'x'.repeat(65_000) })?.length).toBeLessThan(250);
  });
});

describe('bodies of another form', () => {
  test.each(['', '{', '"text"', '{"a":1}', 'null'])('%j is malformed', (body) => {
    expect(() => split(body)).toThrow(Problem);
    try {
      split(body);
    } catch (thrown) {
      expect(Problem.from(thrown).code).toBe('delivery.malformed');
    }
  });

  test('what is no event in a list of events stands where it stood, as a notice of nobody that means nothing', () => {
    const [event] = sample('deal-stage-by-person');
    const odd = [1, null, 'text', [], [{}]];
    const notices = split([...odd, event]);
    expect(notices.map(({ account, payload }) => [account, payload])).toEqual([...odd.map((one) => [null, one]), ['4242001', event]]);
    expect(new Set(notices.map(({ key }) => key)).size).toBe(notices.length);
    expect(notices.slice(0, odd.length).flatMap((notice) => inbound.decode(notice, OWN))).toEqual([]);
  });

  test('more events than HubSpot ever sends at once are malformed too', () => {
    const [event] = sample('deal-stage-by-person');
    const many = (count: number) => Array.from({ length: count }, (_, objectId) => ({ ...event, objectId }));
    expect(split(many(100))).toHaveLength(100);
    expect(() => split(many(101))).toThrow(expect.objectContaining({ code: 'delivery.malformed' }) as Problem);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('a type that every object has a member for (%s) means nothing', (type) => {
    const event = { portalId: 1, objectId: 2, occurredAt: 3, objectTypeId: type };
    for (const subscriptionType of [type, `object.${type}`, 'object.propertyChange', 'object.deletion']) {
      expect(split([{ ...event, subscriptionType }]).flatMap((notice) => inbound.decode(notice, OWN))).toEqual([]);
    }
  });

  test('no JSON makes decode throw', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.dictionary(
            fc.constantFrom('portalId', 'objectId', 'subscriptionType', 'propertyName', 'propertyValue', 'occurredAt', 'changeSource', 'sourceId', 'objectTypeId'),
            fc.jsonValue(),
          ),
        ),
        (events) => {
          for (const notice of split(events)) expect(Array.isArray(inbound.decode(notice, OWN))).toBe(true);
        },
      ),
    );
  });

  test('without a known app id nothing counts as our own', () => {
    const [notice] = split([{ ...sample('deal-stage-by-app')[0], sourceId: '' }]);
    expect(notice && inbound.decode(notice, { appId: '' })[0]?.data).toMatchObject({ source: 'automation' });
  });
});

describe('cards', () => {
  const ask = (query: string) => cards.identify({ method: 'GET', url: `https://connector.example.com/cards/hubspot/deals/1${query}`, headers: {}, body: new Uint8Array() });

  test('tells account and user as HubSpot put them into the address', () => {
    expect(ask('?userId=501&portalId=4242001&userEmail=sam.rivera%40example.com&appId=31337')).toEqual({ account: '4242001', user: 'HubSpot user 501' });
    expect(ask('?userId=501&portalId=4242001')).toEqual({ account: '4242001', user: 'HubSpot user 501' });
  });

  test.each(['', '?portalId=4242001', '?userId=501', '?portalId=x&userId=501', '?portalId=1&portalId=2&userId=501', '?portalId=1&userEmail=a%40example.com'])(
    'refuses %j',
    (query) => {
      expect(() => ask(query)).toThrow(Problem);
    },
  );
});
