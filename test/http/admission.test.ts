import { expect, test } from 'vitest';
import { createAdmission } from '#http/admission';

function scene() {
  let at = 0;
  const ends: (() => void)[] = [];
  const admission = createAdmission(() => at);
  return {
    isOpen: () => admission.isOpen(),
    pass: (ms: number) => (at += ms),
    begin(count: number) {
      for (let one = 0; one < count; one++) ends.push(admission.enter());
    },
    async end() {
      for (const one of ends.splice(0)) one();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a few are taken however long they take', () => {
  const { isOpen, begin, pass } = scene();
  begin(200);
  pass(60_000);
  expect(isOpen()).toBe(true);
});

test('many are taken as long as they are done soon', async () => {
  const { isOpen, begin, pass, end } = scene();
  for (let round = 0; round < 100; round++) {
    begin(1_000);
    pass(90);
    expect(isOpen()).toBe(true);
    await end();
  }
});

test('a burst is taken whole', async () => {
  const { isOpen, begin, pass, end } = scene();
  for (let round = 0; round < 4; round++) {
    begin(500);
    pass(200);
    expect(isOpen()).toBe(true);
    await end();
  }
});

test('a flood that goes on is refused while what is under way is old, and taken again once that is done', async () => {
  const { isOpen, begin, pass, end } = scene();
  for (let round = 0; round < 7; round++) {
    begin(500);
    pass(200);
    isOpen();
    await end();
  }
  begin(500);
  expect(isOpen()).toBe(true);
  pass(150);
  expect(isOpen()).toBe(false);
  await end();
  expect(isOpen()).toBe(true);
  pass(5_000);
  begin(500);
  pass(150);
  expect(isOpen()).toBe(true);
});

test('where nothing ends, as with a disk that stands still, nobody waits longer than a second for it', () => {
  const { isOpen, begin, pass } = scene();
  begin(500);
  pass(1_001);
  expect(isOpen()).toBe(false);
});
