import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NO_FAULTS } from '#ports/sandbox';
import type { Tokens } from '#ports/auth';
import type { Inbound, RawDelivery } from '#ports/inbound';
import { Problem } from '#core/problem';
import type { Connected, Place } from './place.ts';
import type { TriedVendor, TriedWebhooks } from './tried.ts';
import { usesOf } from './use.ts';

/** The vendor's side of the wire misbehaves when it is told to, and only then, and outlives a restart. */
export function sandboxContract(vendor: TriedVendor): void {
  describe('sandbox', () => {
    let place: Place;
    beforeEach(async () => {
      place = await vendor.open();
    });
    afterEach(() => place.close());
    const calls = (): number => Object.values(place.sandbox.calls()).reduce((sum, count) => sum + count, 0);

    test('behaves until it is told not to', () => {
      const { maxPauseMs: _pause, ...rates } = place.sandbox.faults;
      expect(Object.values(rates).every((rate) => rate === 0)).toBe(true);
      expect(Object.keys(place.sandbox.faults).sort()).toEqual(Object.keys(NO_FAULTS).sort());
    });
    test('counts its calls, those that it refuses too', async () => {
      const { call } = await place.connect();
      const before = calls();
      for (const use of usesOf(vendor, place)) await use(call);
      const after = calls();
      expect(after).toBeGreaterThan(before);
      place.sandbox.faults.unavailable = 1;
      for (const use of usesOf(vendor, place))
        await expect(use(call).catch((error: unknown) => Promise.reject(Problem.from(error)))).rejects.toMatchObject({ code: 'vendor.unavailable' });
      expect(calls()).toBeGreaterThan(after);
      expect(Object.keys(place.sandbox.calls()).every((name) => vendor.counts.test(name))).toBe(true);
    });
    test('goes on after a restart with what it held: the permission, and everything else', async () => {
      const { tokens, account } = await place.connect();
      const held = JSON.parse(JSON.stringify(place.sandbox.state())) as ReturnType<typeof place.sandbox.state>;
      const next = await vendor.open({ state: held, clock: place.clock });
      expect(next.sandbox.state()).toEqual(held);
      const moved = (url: string) => url.replace(new URL(url).origin, new URL(next.app.apiUrl).origin);
      const own: Tokens = tokens.baseUrl === undefined ? tokens : { ...tokens, baseUrl: moved(tokens.baseUrl) };
      for (const use of usesOf(vendor, next)) await use(next.callWith(own, { ...account, baseUrl: moved(account.baseUrl) }));
      await next.close();
    });
    test('refuses who has no token, or one that it never gave out', async () => {
      const { account } = await place.connect();
      for (const authorization of [undefined, 'Bearer made-up', 'Basic eA==']) {
        const { method, path } = vendor.guarded;
        const response = await fetch(account.baseUrl + path, { method, headers: authorization === undefined ? {} : { authorization } });
        expect(response.status).toBe(401);
      }
    });
    test('shows its pages to people, and no address of theirs fails', async () => {
      for (const path of vendor.pages) expect((await fetch(`${place.app.apiUrl}${path}`)).headers.get('content-type')).toContain('text/html');
      for (const path of ['/no-such-page', '/%00', '/faults/x']) expect((await fetch(`${place.app.apiUrl}${path}`)).status).toBe(404);
    });
  });
}

/** Webhooks go astray in every way when they are told to, and only then. */
export function tellingContract(vendor: TriedVendor, webhooks: TriedWebhooks, inbound: Inbound): void {
  describe('sandbox: webhooks', () => {
    let place: Place;
    beforeEach(async () => {
      place = await vendor.open();
    });
    afterEach(() => place.close());
    const keys = (): string[] => place.deliveries.flatMap((delivery) => inbound.split(delivery)).map(({ key }) => key);
    const passes = (delivery: RawDelivery): boolean => inbound.verify(delivery, place.secrets, place.clock.now()).ok;
    /** What no signature protects is believed of the account alone whose address it came to. */
    const believed = (delivery: RawDelivery, { account }: Connected): boolean =>
      passes(delivery) && (webhooks.protection.by === 'signature' || inbound.split(delivery).every((notice) => notice.account === account.id));

    test('tells nobody before it is connected, and signs what it tells after', async () => {
      expect(place.deliveries).toEqual([]);
      const connected = await place.connect();
      await webhooks.happen(place, connected);
      await place.quiet();
      expect(place.deliveries.length).toBeGreaterThan(0);
      expect(place.deliveries.every((delivery) => believed(delivery, connected))).toBe(true);
    });
    test('duplicates, drops and mis-signs webhooks as told, at once', async () => {
      const connected = await place.connect();
      place.sandbox.faults.drop = 1;
      await webhooks.happen(place, connected);
      await place.quiet();
      expect(place.deliveries).toEqual([]);
      Object.assign(place.sandbox.faults, { drop: 0, duplicate: 1 });
      await webhooks.happen(place, connected);
      await place.quiet();
      expect(keys().length).toBe(2 * new Set(keys()).size);
      place.deliveries.length = 0;
      Object.assign(place.sandbox.faults, { duplicate: 0, wrongSignature: 1 });
      await webhooks.happen(place, connected);
      await place.quiet();
      expect(place.deliveries.length).toBeGreaterThan(0);
      expect(place.deliveries.some((delivery) => believed(delivery, connected))).toBe(false);
    });
    test('sends again what was refused, until it is taken', async () => {
      const connected = await place.connect();
      place.stumble.push(503, 503, 500);
      await webhooks.happen(place, connected);
      await place.quiet();
      const counted = new Map<string, number>();
      for (const key of keys()) counted.set(key, (counted.get(key) ?? 0) + 1);
      expect(Math.max(...counted.values())).toBeGreaterThan(1);
    });
    test('delays and reorders lose nothing', async () => {
      const connected = await place.connect();
      Object.assign(place.sandbox.faults, { delay: 1, reorder: 0.5, maxPauseMs: 500 });
      for (let time = 0; time < 4; time++) await webhooks.happen(place, connected);
      await place.quiet();
      const disturbed = new Set(keys()).size;
      Object.assign(place.sandbox.faults, NO_FAULTS);
      place.deliveries.length = 0;
      for (let time = 0; time < 4; time++) await webhooks.happen(place, connected);
      await place.quiet();
      expect(disturbed).toBe(new Set(keys()).size);
    });
    test('says nothing any more once it is closed', async () => {
      const connected = await place.connect();
      place.sandbox.close();
      await webhooks.happen(place, connected);
      await place.quiet();
      expect(place.deliveries).toEqual([]);
    });
  });
}
