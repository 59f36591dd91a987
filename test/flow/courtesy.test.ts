import { expect, test } from 'vitest';
import { createCourtesy, type IsOver } from '#flow/courtesy';

/** A process whose others use `others` of each of its milliseconds: time passes where it is let pass, and nowhere else. Timers fire so much `late`, or early. A request comes each `apart` ms. */
function createLoop(others: number, { late = 0.1, apart = 1 } = {}) {
  const spent = { active: 0, idle: 0 };
  const pass = async (ms: number) => {
    spent.active += ms * others;
    spent.idle += ms * (1 - others);
  };
  const pause = (ms: number) => pass(ms + late);
  const now = () => spent.active + spent.idle;
  const work = (ms: number) => (spent.active += ms);
  const requests = () => Math.floor(now() / apart);
  return { now, work, pass, courteously: createCourtesy(requests, { now, spent: () => ({ ...spent }), nextTurn: async () => undefined, pause }) };
}
type Loop = ReturnType<typeof createLoop>;

const settled = (several: boolean) => async () => ({ several });
/** How long after a turn that took `ms` the next one begins. */
async function gapAfter(loop: Loop, several = false, ms = 1): Promise<number> {
  await loop.courteously(async () => {
    loop.work(ms);
    return { several };
  });
  const ended = loop.now();
  let begun = ended;
  await loop.courteously(async () => {
    begun = loop.now();
    return { several };
  });
  return begun - ended;
}
/** How long a turn may take, milliseconds. */
const lengthOf = async (loop: Loop) => {
  const turn = async (isOver: IsOver) => {
    const begun = loop.now();
    while (!isOver()) loop.work(1);
    return { several: false, ms: loop.now() - begun };
  };
  return (await loop.courteously(turn)).ms;
};

test('under a flood a turn is short, and followed by a pause of a tenth of a second, or a shorter one where several tenants wait', async () => {
  expect(await gapAfter(createLoop(0.95))).toBeCloseTo(102);
  expect(await gapAfter(createLoop(0.95), true)).toBeCloseTo(10.2);
  expect(await lengthOf(createLoop(0.95))).toBeLessThan(10);
});

test('a long turn is followed by no longer a pause', async () => {
  expect(await gapAfter(createLoop(0.95), false, 60)).toBeCloseTo(102);
});

test('where others use a part, one turn follows the other, and is short', async () => {
  const loop = createLoop(0.3);
  await loop.courteously(settled(false));
  await loop.pass(300);
  expect(await lengthOf(loop)).toBeLessThan(10);
  expect(await gapAfter(loop)).toBeLessThan(10);
});

test.each([Infinity, 90])('where it is other work that uses the process, and requests come %s ms apart, turns are as short', async (apart) => {
  expect(await gapAfter(createLoop(0.95, { apart }))).toBeLessThan(20);
  expect(await lengthOf(createLoop(0.95, { apart }))).toBeLessThan(10);
});

test('on a calm machine turns are long, and one may follow the other', async () => {
  const loop = createLoop(0.01);
  await loop.pass(300);
  expect(await lengthOf(loop)).toBeGreaterThan(50);
  expect(await gapAfter(loop)).toBeLessThan(10);
});

test.each([-0.9, -0.1, 0, 3])('so it is where timers fire %s ms after their time', async (late) => {
  expect(await gapAfter(createLoop(0.01, { late }))).toBeLessThan(12);
});

test('a process is watched by its own event loop: what is busy counts as used, also where nobody says so', async () => {
  let came = 0;
  const courteously = createCourtesy(() => came);
  let flooding = true;
  const use = () => {
    came += 1;
    for (const until = performance.now() + 2; performance.now() < until;);
    if (flooding) setImmediate(use);
  };
  setImmediate(use);
  await courteously(settled(false));
  const ended = performance.now();
  await courteously(settled(false));
  flooding = false;
  expect(performance.now() - ended).toBeGreaterThan(95);
});
