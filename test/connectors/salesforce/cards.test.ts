import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cards } from '#connectors/salesforce/cards';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import type { RawDelivery } from '#ports/inbound';

const ORG = '00D5g000000ABCDEA4';
const USER = '0055g0000000001AAA';
const KEYS = [new Secret('the-first-key'), new Secret('the-second-key')];
const request = (headers: Record<string, string>): RawDelivery => ({
  method: 'GET',
  url: 'https://connector.example.com/cards/salesforce/deals/1',
  headers,
  body: new Uint8Array(),
});
const who = (org: string, user: string) => cards.identify(request({ 'x-countersign-org': org, 'x-countersign-user': user }));
const code = (work: () => unknown): string => {
  try {
    work();
    return 'no problem';
  } catch (thrown) {
    return Problem.from(thrown).code;
  }
};

describe('who asks', () => {
  test('is an org and a user by their ids, of either length', () => {
    expect(who(ORG, USER)).toEqual({ account: ORG, user: `Salesforce user ${USER}` });
    expect(who(ORG.slice(0, 15), USER.slice(0, 15))).toEqual(who(ORG, USER));
  });
  test.each([
    [ORG, ''],
    ['', USER],
    [USER, ORG],
    [`${ORG}, ${ORG}`, USER],
    [ORG, `${USER}, ${USER}`],
    [ORG.toLowerCase(), USER],
    [ORG, 'ada@example.com'],
  ])('%j and %j are nobody', (org, user) => expect(code(() => who(org, user))).toBe('request.malformed'));
  test('is never fallen over', () => {
    const headers = fc.dictionary(
      fc.constantFrom('x-countersign-org', 'x-countersign-user', '__proto__', 'constructor'),
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(ORG, USER)),
    );
    fc.assert(fc.property(headers, (given) => ['request.malformed', 'no problem'].includes(code(() => cards.identify(request(given))))));
  });
});

describe('the key', () => {
  const verify = (key: string | null, secrets: Secret[]) => cards.verify(request(key === null ? {} : { 'x-countersign-key': key }), secrets, 0);
  test('may be any live one', () => {
    for (const key of KEYS) expect(verify(key.reveal(), KEYS)).toEqual({ ok: true });
  });
  test.each([
    ['another', KEYS, 'mismatch'],
    ['the-first-ke', KEYS, 'mismatch'],
    ['the-first-key, the-first-key', KEYS, 'mismatch'],
    ['the-first-key', [], 'mismatch'],
    ['', [new Secret('')], 'missing'],
    [null, KEYS, 'missing'],
    [null, [], 'missing'],
  ] as [string | null, Secret[], string][])('%j against %j is refused', (key, secrets, reason) => expect(verify(key, secrets)).toEqual({ ok: false, reason }));
  test('is of the install, for one org has no say in another', () => expect(cards.keys).toBe('install'));
});
