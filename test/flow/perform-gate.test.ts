import { expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { Problem } from '#core/problem';
import { gated } from '#flow/perform/gated';
import { createLimits } from '#shared/limits';
import { bind } from '../shared/bound.ts';
import { startVendor } from '../shared/server.ts';

it('a gated call asks once its turn has come, however long it waited, and what the gate throws is thrown instead of sending', async () => {
  let answer = (): void => undefined;
  const { url, heard } = await startVendor(({ url: path }, response) => {
    if (path !== '/first') return void response.end();
    answer = () => void response.end();
  });
  const limits = createLimits(systemClock);
  const { call, told } = bind(url, { limits, budgetOf: () => ({ key: 'ins_1', requests: 100, windowMs: 1000, concurrent: 1, timeoutMs: 5000 }) });
  let stopped = false;
  const going = gated(call, async () => {
    if (stopped) throw new Problem('send.stopped');
  });
  const first = going.request({ method: 'POST', path: '/first' });
  await expect.poll(() => heard.length).toBe(1);
  const waits = going.request({ method: 'POST', path: '/waits' }).catch((error: unknown) => error);
  const client = going
    .through(
      () => fetch(`${url}/client`),
      () => false,
    )
    .catch((error: unknown) => error);
  const free = call.request({ method: 'POST', path: '/free' });
  stopped = true;
  answer();
  expect((await first).status).toBe(200);
  expect([await waits, await client]).toMatchObject([{ code: 'send.stopped' }, { code: 'send.stopped' }]);
  expect((await free).status).toBe(200);
  expect(heard.map(({ url: path }) => path)).toEqual(['/first', '/free']);
  expect(told.observed.filter((status) => status > 0)).toEqual([200, 200]);
  await limits.close();
});
