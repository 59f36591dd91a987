import { describe, expect, it } from 'vitest';
import { PRIORITY } from '#core/effect';
import { manualClock } from '#lib/clock';
import { createBudgets, type Budgets } from '#shared/budgets';
import { bind } from './bound.ts';
import { manifest, startVendor } from './server.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const VENDOR = manifest({ requests: 100, windowMs: 10_000, apart: { search: { requests: 4, windowMs: 1000, concurrent: 3 } } });
const hour = (remaining: number, resetInMs = HOUR / 2) => ({ remaining, resetInMs, limit: 3000, windowMs: HOUR });

function stage() {
  const clock = manualClock();
  return { clock, budgets: createBudgets(clock) };
}
const refusal = (budgets: Budgets, priority: number): unknown => {
  try {
    budgets.admit('ins_1', priority);
    return null;
  } catch (error) {
    return error;
  }
};

describe('what may be asked of an account', () => {
  it('is the manifest’s number until the vendor says its own, and then that one, for this account alone', () => {
    const { budgets } = stage();
    expect(budgets.budgetOf('ins_1', VENDOR)).toEqual({ key: 'ins_1', requests: 100, windowMs: 10_000, concurrent: 6, timeoutMs: 5000 });
    expect(budgets.heard('ins_1', VENDOR, { remaining: 189, resetInMs: 10_000, limit: 190, windowMs: 10_000 })).toBe(true);
    expect([budgets.budgetOf('ins_1', VENDOR).requests, budgets.budgetOf('ins_2', VENDOR).requests]).toEqual([172, 100]);
  });

  it('is not changed by windows of another length, nor by answers that name no limit', () => {
    const { budgets } = stage();
    budgets.heard('ins_1', VENDOR, hour(10));
    expect(budgets.heard('ins_1', VENDOR, { remaining: 3, resetInMs: 10_000 })).toBe(false);
    expect(budgets.budgetOf('ins_1', VENDOR).requests).toBe(100);
  });

  it('is apart for what the vendor counts apart, and a kind that the manifest does not know is our fault', () => {
    const { budgets } = stage();
    expect(budgets.budgetOf('ins_1', VENDOR, 'search')).toMatchObject({ key: 'ins_1/search', requests: 4, windowMs: 1000, concurrent: 3 });
    expect(() => budgets.budgetOf('ins_1', VENDOR, 'lookup')).toThrow(expect.objectContaining({ code: 'internal.bug' }));
  });

  it('is kept once a minute and whenever it changes, and another machine takes up what is newer', () => {
    const { budgets, clock } = stage();
    const say = (limit: number) => budgets.heard('ins_1', VENDOR, { remaining: 50, resetInMs: 10_000, limit, windowMs: 10_000 });
    expect([say(110), say(110), say(190)]).toEqual([true, false, true]);
    clock.advance(MINUTE);
    expect([say(190), say(190)]).toEqual([true, false]);
    const kept = JSON.stringify(budgets.known('ins_1'));
    const other = createBudgets(clock);
    other.recall('ins_1', kept);
    expect(other.budgetOf('ins_1', VENDOR).requests).toBe(172);
    clock.advance(1000);
    other.heard('ins_1', VENDOR, { remaining: 50, resetInMs: 10_000, limit: 110, windowMs: 10_000 });
    other.recall('ins_1', kept);
    expect(other.budgetOf('ins_1', VENDOR).requests).toBe(100);
  });
});

describe('an hour that is nearly used up', () => {
  it('is kept for what people press, until it begins anew', () => {
    const { budgets, clock } = stage();
    budgets.heard('ins_1', VENDOR, hour(301));
    expect(refusal(budgets, PRIORITY.background)).toBeNull();
    budgets.heard('ins_1', VENDOR, hour(300));
    for (const priority of [PRIORITY.event, PRIORITY.background])
      expect(refusal(budgets, priority)).toMatchObject({ code: 'vendor.quota', remedy: 'retry', retryAfterMs: HOUR / 2, facts: { used: 2700, limit: 3000 } });
    expect(refusal(budgets, PRIORITY.click)).toBeNull();
    clock.advance(HOUR / 2);
    expect(refusal(budgets, PRIORITY.background)).toBeNull();
  });

  it('shows in the metrics as the fullest of all accounts, which are not named', () => {
    const { budgets, clock } = stage();
    budgets.heard('ins_1', VENDOR, hour(1500));
    budgets.heard('ins_2', VENDOR, hour(600));
    expect(budgets.fullest()).toEqual([{ window: 'hour', part: 0.8 }]);
    clock.advance(HOUR);
    expect(budgets.fullest()).toEqual([{ window: 'hour', part: 0 }]);
  });

  it('is forgotten for the oldest of very many accounts, so that memory is bounded', () => {
    const { budgets } = stage();
    for (let account = 0; account < 20_010; account++) budgets.heard(`ins_${account}`, VENDOR, hour(1));
    expect([budgets.known('ins_0').length, budgets.known('ins_20009').length]).toEqual([0, 1]);
  });
});

describe('a call', () => {
  it('that is counted apart goes under its own budget, and its refusal lets that one rest', async () => {
    const { url } = await startVendor((_heard, response) => void response.writeHead(429, { 'retry-after': '3' }).end());
    const { call, told } = bind(url);
    await call.request({ method: 'GET', path: '/search', counted: 'search' });
    await call.through(
      async () => 'found',
      () => false,
      'search',
    );
    call.budget({ remaining: 0, resetInMs: 1000, counted: 'search' });
    expect(told.scheduled).toEqual([
      ['ins_1/search', 5],
      ['ins_1/search', 5],
    ]);
    expect(told.rests).toEqual([
      ['ins_1/search', 3000],
      ['ins_1/search', 1000],
    ]);
  });
});
