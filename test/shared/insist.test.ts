import { describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { Problem } from '#core/problem';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import { insistent, insistentReads } from '#shared/insist';
import { bind } from './bound.ts';

const reply = (status: number): HttpReply => ({ status, headers: new Headers(), body: null });
const lost = () => new Problem('vendor.lost-reply');

/** A call to a vendor that does these one after the other. */
function vendor(...does: (number | Problem)[]) {
  const asked: HttpRequest['method'][] = [];
  const call: Call = {
    ...bind('http://127.0.0.1:1').call,
    request: async ({ method }) => {
      asked.push(method);
      const next = does.shift() ?? 200;
      if (typeof next === 'number') return reply(next);
      throw next;
    },
  };
  return { call, asked };
}
const as = (manner: typeof insistent, { call }: { call: Call }) => manner(call, manualClock(), () => 0.5);

describe.each([
  ['an insistent call', insistent],
  ['one that insists on what it reads', insistentReads],
] as const)('%s', (_name, manner) => {
  it('reads again where a fault passes by itself, five times', async () => {
    const passing = vendor(503, lost(), 429, 200);
    expect((await as(manner, passing).request({ method: 'GET', path: '/' })).status).toBe(200);
    expect(passing.asked).toHaveLength(4);
    const lasting = vendor(...Array<number>(9).fill(503));
    expect((await as(manner, lasting).request({ method: 'GET', path: '/' })).status).toBe(503);
    expect(lasting.asked).toHaveLength(5);
  });

  it.each([400, 401, 404])('takes %i for an answer', async (status) => {
    const refusing = vendor(status);
    expect((await as(manner, refusing).request({ method: 'GET', path: '/' })).status).toBe(status);
    expect(refusing.asked).toHaveLength(1);
  });

  it('gives up at once where the calls of the day are used up', async () => {
    const full = vendor(new Problem('vendor.quota'));
    await expect(as(manner, full).request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.quota' });
    expect(full.asked).toHaveLength(1);
  });
});

describe('one that insists on what it reads', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)('asks for a change (%s) once, whatever becomes of it', async (method) => {
    const unwilling = vendor(503, lost());
    const call = as(insistentReads, unwilling);
    expect((await call.request({ method, path: '/' })).status).toBe(503);
    await expect(call.request({ method, path: '/' })).rejects.toMatchObject({ code: 'vendor.lost-reply' });
    expect(unwilling.asked).toEqual([method, method]);
  });
});
