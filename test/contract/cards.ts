import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import type { Cards } from '#ports/cards';
import type { RawDelivery } from '#ports/inbound';
import { anyText } from './odd.ts';
import type { Place } from './place.ts';
import type { TriedCard, TriedVendor } from './tried.ts';

/** A card's request says who asks, and the CRM vouches for it. */
export function cardsContract(vendor: TriedVendor, cards: Cards, tried: TriedCard): void {
  const { who } = tried;

  describe('cards', () => {
    let place: Place;
    beforeAll(async () => {
      place = await vendor.open();
    });
    afterAll(() => place.close());
    const keys = () => (cards.keys === 'app' ? [place.app.clientSecret] : place.secrets);
    const verify = (delivery: RawDelivery, secrets = keys()) => cards.verify(delivery, secrets, place.clock.now());
    function refused(delivery: RawDelivery): boolean {
      try {
        cards.identify(delivery);
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
        expect((error as Problem).code).toBe('request.malformed');
        return true;
      }
    }

    test('a request tells account and user, and its signature is good', () => {
      const good = tried.request(place, who);
      expect(verify(good)).toEqual({ ok: true });
      const { account, user } = cards.identify(good);
      expect(account).toBe(who.account);
      expect(user).toContain(who.user);
    });
    test('any of the live keys is good, wherever it stands among them, and none for another moment where requests grow old', () => {
      const good = tried.request(place, who);
      expect(verify(good, [new Secret('an older key'), ...keys()])).toEqual({ ok: true });
      expect(cards.verify(good, keys(), place.clock.now() + 3_600_000).ok).toBe(!tried.expires);
    });
    test('whoever says to be another is not believed', () => {
      const good = tried.request(place, who);
      if (cards.keys === 'app') expect(verify({ ...good, url: good.url.replace(who.account, tried.another) }).ok).toBe(false);
      else {
        // Each account has a key of its own: who says to be another is held against that one's.
        expect(cards.identify(tried.request(place, { ...who, account: tried.another })).account).toBe(tried.another);
        expect(verify(tried.request(place, { ...who, account: tried.another }), [new Secret("the other account's key")]).ok).toBe(false);
      }
      expect(verify(good, [new Secret('another secret')]).ok).toBe(false);
      expect(verify(good, []).ok).toBe(false);
    });
    test('a request that does not say who asks is refused, and so is one that says it twice', () => {
      expect(refused(tried.request(place, null))).toBe(true);
      const good = tried.request(place, who);
      expect(refused(tried.twice(good))).toBe(true);
    });
    test('a user is named by an id: an address would stay in the ledgers for ever', () => {
      const good = tried.request(place, who);
      expect(cards.identify(tried.withAddress(good, 'ada@example.com')).user).not.toContain('@');
    });
    test('no address and no header makes it fall over', () => {
      const base = tried.request(place, null).url.split('?')[0] ?? '';
      const given = fc.dictionary(fc.oneof(anyText, fc.constantFrom(...tried.names)), anyText);
      fc.assert(
        fc.property(given, given, (query, headers) => {
          const delivery: RawDelivery = { method: 'GET', url: `${base}?${new URLSearchParams(query).toString()}`, headers, body: new Uint8Array() };
          return refused(delivery) || cards.identify(delivery).account !== '';
        }),
        { numRuns: 300 },
      );
    });
  });
}
