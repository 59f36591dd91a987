import { afterEach, expect, test } from 'vitest';
import { createCourtesy, type IsOver } from '#flow/courtesy';

let flooding = false;
afterEach(() => {
  flooding = false;
});

/** Uses the loop for nearly all of the time, as a flood of requests does. */
function flood(): void {
  flooding = true;
  const use = () => {
    for (const until = performance.now() + 2; performance.now() < until;);
    if (flooding) setImmediate(use);
  };
  setImmediate(use);
}
const settled = (several: boolean) => async () => ({ several });
/** How long a turn may take, milliseconds. */
const lengthOf = async (isOver: IsOver) => {
  const begun = performance.now();
  while (!isOver());
  return { several: false, ms: performance.now() - begun };
};
async function gapAfter(several: boolean): Promise<number> {
  const courteously = createCourtesy();
  await courteously(settled(several));
  const ended = performance.now();
  await courteously(settled(false));
  return performance.now() - ended;
}

test('under a flood a turn is short, and followed by a pause of a tenth of a second, or a shorter one where several tenants wait', async () => {
  flood();
  const one = await gapAfter(false);
  const several = await gapAfter(true);
  expect(one).toBeGreaterThan(95);
  expect(several).toBeGreaterThan(9);
  expect(several).toBeLessThan(one);
  expect((await createCourtesy()(lengthOf)).ms).toBeLessThan(40);
});

test('a long turn is followed by no longer a pause', async () => {
  flood();
  const courteously = createCourtesy();
  await courteously(async () => {
    for (const until = performance.now() + 60; performance.now() < until;);
    return { several: false };
  });
  const ended = performance.now();
  await courteously(settled(false));
  expect(performance.now() - ended).toBeLessThan(400);
});

test('on a calm machine turns are long, and one may follow the other', async () => {
  const courteously = createCourtesy();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await courteously(lengthOf)).ms).toBeGreaterThan(30);
  const ended = performance.now();
  await courteously(settled(false));
  expect(performance.now() - ended).toBeLessThan(95);
});
