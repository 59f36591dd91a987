import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { createLimits, type Budget, type Limits } from '#shared/limits';
import { openRedis } from '#shared/redis';
import { createSharedLimits } from '#shared/shared-limits';
import { atMost, median, shown, type Bench, type Figure } from './figures.ts';
import { startRedis } from '../shared/limits-engines.ts';

const TENANTS = 10_000;
const AT_ONCE = 64;
const CALLS = 300;
const KIB = 1024;
const IDLE_GOAL_KIB = 8;
/** Idle limiters go within this, milliseconds: 30 seconds of idleness and a look every 10. */
const GONE_MS = 75_000;

const budget = (key: string): Budget => ({ key, requests: 100, windowMs: 10_000, concurrent: 6, timeoutMs: 15_000 });

function heap(): number {
  // The bench is started without --expose-gc; a full collection can still be had by its flag.
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

async function touchAll(limits: Limits): Promise<void> {
  for (let from = 0; from < TENANTS; from += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, TENANTS - from) }, (_, place) => limits.schedule(budget(`bench_${from + place}`), 5, async () => undefined)));
}

/** What limits cost: a tenant that was asked for once and is idle, and one call through a limiter. */
export const limits: Bench = async (say) => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  (globalThis as { gc?: () => void }).gc = runInNewContext('gc') as () => void;

  const redis = await startRedis();
  const link = await openRedis(new Secret(redis.url));
  await link.available(5000);
  try {
    const engines: [string, Limits][] = [
      ['in process', createLimits(systemClock)],
      ['on Redis', createSharedLimits(link, systemClock)],
    ];
    const figures: Figure[] = [];
    for (const [name, engine] of engines) {
      say(`${name}: ${CALLS} calls one after the other`);
      figures.push(shown(`${name}: a call through a limiter, median`, await overhead(engine), 'ms'));
      say(`${name}: ${TENANTS} tenants once`);
      figures.push(...(await idleTenants(name, engine)));
      await engine.close();
    }
    return figures;
  } finally {
    link.close();
    await redis.stop('SIGKILL');
  }
};

/** Each call for another account: what is measured is the way through, not the limit. */
async function overhead(engine: Limits): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < CALLS; round++) {
    const one = budget(`call_${round % 20}`);
    const start = performance.now();
    await engine.schedule({ ...one, requests: 100_000 }, 5, async () => undefined);
    times.push(performance.now() - start);
  }
  return median(times.slice(20));
}

async function idleTenants(name: string, engine: Limits): Promise<Figure[]> {
  const before = heap();
  const start = performance.now();
  await touchAll(engine);
  const tookMs = performance.now() - start;
  const perTenant = (heap() - before) / engine.size() / KIB;
  const cpu = process.cpuUsage();
  await sleep(5000);
  const { user, system } = process.cpuUsage(cpu);
  const held = engine.size();
  const end = performance.now() + GONE_MS;
  while (engine.size() > 0 && performance.now() < end) await sleep(1000);
  return [
    atMost(`${name}: memory of a tenant that was asked for once, of ${held} held`, perTenant, 'KiB', IDLE_GOAL_KIB),
    shown(`${name}: processor time while they are idle`, (user + system) / 1000 / 5000, 'cores'),
    shown(`${name}: ${TENANTS} tenants, a call each`, TENANTS / (tookMs / 1000), 'calls/s'),
    atMost(`${name}: limiters still held ${GONE_MS / 1000} s later`, engine.size(), 'limiters', 0),
    shown(`${name}: memory that stays when they are gone, for each`, Math.max(0, heap() - before) / TENANTS / KIB, 'KiB'),
  ];
}
