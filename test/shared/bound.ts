import type { ServerResponse } from 'node:http';
import { manualClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import type { BudgetLeft } from '#ports/call';
import { createCall, type CallDeps } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';
import { manifest, type Heard } from './server.ts';

/** A call to `baseUrl`, with all that it told others. */
export function bind(baseUrl: string, over: Partial<CallDeps> = {}) {
  const told = {
    observed: [] as number[],
    rests: [] as [string, number][],
    scheduled: [] as [string, number][],
    renewed: [] as string[],
    admitted: [] as number[],
    windows: [] as BudgetLeft[],
    days: [] as { used: number; limit: number }[],
  };
  const limits: Limits = {
    schedule: ({ key }, priority, run) => {
      told.scheduled.push([key, priority]);
      return run();
    },
    rest: (install, ms) => void told.rests.push([install, ms]),
    fault: () => null,
    size: () => 0,
    close: async () => undefined,
  };
  const call = createCall({
    manifest: manifest(),
    install: { id: 'ins_1', account: '4711', baseUrl, environment: 'live', details: {} },
    webhookUrl: 'https://countersign.example.com/webhooks/a-vendor',
    priority: 5,
    limits,
    budgetOf: (counted) => ({ key: counted === undefined ? 'ins_1' : `ins_1/${counted}`, requests: 10_000, windowMs: 10_000, concurrent: 6, timeoutMs: 5000 }),
    heard: (left) => void told.windows.push(left),
    clock: manualClock(),
    signal: new AbortController().signal,
    checkHost: createHostCheck(() => new URL(baseUrl).origin),
    access: async () => ({ token: new Secret('token-1'), baseUrl }),
    renew: async (stale) => {
      told.renewed.push(stale.token.reveal());
      return { token: new Secret('token-2'), baseUrl };
    },
    admit: () => void told.admitted.push(told.scheduled.length),
    quota: (day) => void told.days.push(day),
    observe: (status) => void told.observed.push(status),
    ...over,
  });
  return { call, told };
}
/** Takes one token and refuses every other; null refuses all. */
export const refusing = (good: string | null) => (heard: Heard, response: ServerResponse) =>
  void response.writeHead(heard.headers.authorization === `Bearer ${good ?? ''}` ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
