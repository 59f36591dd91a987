import { describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { createHostCheck } from '#shared/hosts';
import { bind, refusing } from './bound.ts';
import { startVendor } from './server.ts';

describe("the account's day", () => {
  const refuse = (): never => {
    throw new Problem('vendor.quota', { retryAfterMs: 900_000 });
  };

  it('that is used up refuses a call before anything is sent, and before the limit is asked', async () => {
    const { url, heard } = await startVendor((_heard, response) => void response.end());
    const { call, told } = bind(url, { admit: refuse });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.quota', retryAfterMs: 900_000 });
    let called = false;
    const client = call.through(
      async () => (called = true),
      (error) => !(error instanceof Problem),
    );
    await expect(client).rejects.toMatchObject({ code: 'vendor.quota' });
    expect([heard, called, told.scheduled, told.observed, told.renewed]).toEqual([[], false, [], [], []]);
  });

  it('counts each call that goes out, the second one after a refused token too', async () => {
    const { url } = await startVendor(refusing('token-2'));
    const { call, told } = bind(url);
    await call.request({ method: 'GET', path: '/' });
    expect([told.admitted, told.scheduled.length]).toEqual([[0, 1], 2]);
    await call.through(
      async () => 'well',
      () => false,
    );
    expect(told.admitted).toEqual([0, 1, 2]);
  });

  it('that ends between the two tries refuses the second', async () => {
    const { url, heard } = await startVendor(refusing('token-2'));
    let calls = 0;
    const { call } = bind(url, { admit: () => (++calls > 1 ? refuse() : undefined) });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.quota' });
    expect(heard).toHaveLength(1);
  });

  it('is not counted for a call that never goes out', async () => {
    const { call, told } = bind('https://evil.com', { checkHost: createHostCheck(null) });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'host.refused' });
    expect(told.admitted).toEqual([]);
  });

  it('is told as the vendor says it', () => {
    const { call, told } = bind('http://127.0.0.1:1');
    call.quota({ used: 18, limit: 15_000 });
    expect(told.days).toEqual([{ used: 18, limit: 15_000 }]);
  });
});
