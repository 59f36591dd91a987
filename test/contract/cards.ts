import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import type { Cards } from '#ports/cards';
import type { Inbound, RawDelivery } from '#ports/inbound';
import { anyText } from './odd.ts';
import type { Place } from './place.ts';
import type { TriedVendor } from './vendors.ts';

/** A card's request says who asks, and the CRM vouches for it. */
export function cardsContract(vendor: TriedVendor, cards: Cards, inbound: Inbound, request: NonNullable<TriedVendor['card']>): void {
  describe('cards', () => {
    let place: Place;
    beforeAll(async () => {
      place = await vendor.open();
    });
    afterAll(() => place.close());
    const verify = (delivery: RawDelivery) => inbound.verify(delivery, [place.app.clientSecret], place.clock.now());
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
      const good = request(place, { account: '42', user: '7' });
      expect(verify(good)).toEqual({ ok: true });
      const { account, user } = cards.identify(good);
      expect(account).toBe('42');
      expect(user).toContain('7');
    });
    test('whoever says to be another is not believed', () => {
      const good = request(place, { account: '42', user: '7' });
      expect(verify({ ...good, url: good.url.replace('42', '43') }).ok).toBe(false);
      expect(inbound.verify(good, [new Secret('another secret')], place.clock.now()).ok).toBe(false);
      expect(inbound.verify(good, [], place.clock.now()).ok).toBe(false);
    });
    test('a request that does not say who asks is refused, and so is one that says it twice', () => {
      expect(refused(request(place, null))).toBe(true);
      const good = request(place, { account: '42', user: '7' });
      const query = new URL(good.url).search.slice(1);
      expect(refused({ ...good, url: `${good.url}&${query}` })).toBe(true);
    });
    test('a user is named by an id: an address would stay in the ledgers for ever', () => {
      const good = request(place, { account: '42', user: '7' });
      expect(cards.identify({ ...good, url: `${good.url}&userEmail=ada%40example.com&email=ada%40example.com` }).user).not.toContain('@');
    });
    test('no address makes it fall over', () => {
      const base = request(place, null).url.split('?')[0] ?? '';
      fc.assert(
        fc.property(fc.dictionary(fc.oneof(anyText, fc.constantFrom('userId', 'portalId', 'account', 'user')), anyText), (query) => {
          const url = `${base}?${new URLSearchParams(query).toString()}`;
          return refused({ method: 'GET', url, headers: {}, body: new Uint8Array() }) || cards.identify({ method: 'GET', url, headers: {}, body: new Uint8Array() }).account !== '';
        }),
        { numRuns: 300 },
      );
    });
  });
}
