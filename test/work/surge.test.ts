import { expect, test } from 'vitest';
import { systemClock } from '#lib/clock';
import { createLog } from '#lib/log';
import { startLoop } from '#work/loop';

test('turns that are held up for long do not hold up the others, and helpers go when there is nothing left', async () => {
  const lanes = ['stuck', 'stuck', 'stuck', 'well', 'well'];
  const served: string[] = [];
  let free = (): void => undefined;
  const vendor = new Promise<void>((resolve) => (free = resolve));
  let running = 0;
  let most = 0;
  const turn = async (): Promise<boolean> => {
    const lane = lanes.shift();
    if (lane === undefined) return false;
    most = Math.max(most, ++running);
    if (lane === 'stuck') await vendor;
    running -= 1;
    served.push(lane);
    return true;
  };
  const loop = startLoop({ name: 'test', width: 2, surge: 2, turn, nextAt: async () => null, clock: systemClock, log: createLog('silent') });
  const end = performance.now() + 10_000;
  while (served.length < 2 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(served).toEqual(['well', 'well']);
  expect(most).toBe(4);
  const stopped = loop.stop();
  free();
  await stopped;
  expect(served).toHaveLength(5);
});
