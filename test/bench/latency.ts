import { atMost, quantile, shown, type Bench } from './figures.ts';
import { load } from './load.ts';
import { inScene, type Scene } from './scene.ts';
import { FROM_SOURCE, pinLoad } from './servers.ts';

const EVENTS = 40;
/** Four calls an event, so that the limit of 100 calls in 10 s is never what is measured. */
const APART_MS = 600;
const WINDOW_MS = 300;
const DEAL_WRITE = /objects\/deals\/batch\/update/;

/** P14: one webhook at a time on an idle system, until its write has arrived at the CRM. */
export const latency: Bench = async (say) => {
  pinLoad();
  const windowed = await measure(WINDOW_MS);
  say(`window of ${WINDOW_MS} ms: ${windowed.map(Math.round).join(' ')}`);
  const bare = await measure(0);
  say(`no window: ${bare.map(Math.round).join(' ')}`);
  return [
    atMost(`webhook to CRM write, window of ${WINDOW_MS} ms, p50`, quantile(windowed, 0.5), 'ms', 1000),
    atMost(`webhook to CRM write, window of ${WINDOW_MS} ms, p99`, quantile(windowed, 0.99), 'ms', 2000),
    shown('the same without a window, p50', quantile(bare, 0.5), 'ms'),
    shown('the same without a window, p99', quantile(bare, 0.99), 'ms'),
  ];
};

function measure(coalesceMs: number): Promise<number[]> {
  return inScene([...FROM_SOURCE, 'test/bench/product.ts'], { BENCH_COALESCE_MS: String(coalesceMs) }, async (scene) => {
    const times: number[] = [];
    for (const { deal, request } of await scene.sent(EVENTS + 1)) times.push(await one(scene, deal, request));
    // The first finds everything cold: mappings to compile, a list to make.
    return times.slice(1);
  });
}

async function one({ front, server, until, settled }: Scene, deal: string, request: string): Promise<number> {
  await settled();
  await new Promise((resolve) => setTimeout(resolve, APART_MS));
  front.calls.length = 0;
  const sentAt = performance.now();
  await load({ port: server.port, connections: 1, warmMs: 0, measureMs: 10_000, count: 1, next: () => request });
  await until('the write', () => front.calls.some(({ what }) => DEAL_WRITE.test(what)));
  const status = front.sandbox.hubspot.deal(deal)?.properties['esign_status'];
  if (status !== 'completed') throw new Error(`The deal says ${status ?? 'nothing'}.`);
  return (front.calls.find(({ what }) => DEAL_WRITE.test(what))?.at ?? Number.NaN) - sentAt;
}
