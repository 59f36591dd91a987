import { expect, test } from 'vitest';
import { canariesOf, leaksIn } from './canaries.ts';
import { plantDeal } from './deals.ts';
import { openWorld } from './world.ts';

/** Every world of the suite is searched when it stops. This shows that the search finds what it is there for. */
test('what a log or a metric must not say is found in it', async () => {
  const w = await openWorld();
  const deal = plantDeal(w, { person: { firstname: 'Grace', lastname: 'Canary', email: 'grace.canary@example.com' } });
  deal.move('contractsent');
  await deal.sent();
  const canaries = await canariesOf(w.world);
  expect(canaries.size).toBeGreaterThan(15);
  const kinds = new Set(canaries.values());
  expect([...kinds].sort()).toEqual(['a person', 'a recipient', 'a secret of the app', 'a token or key', 'an owner']);
  for (const value of ['Grace Canary', 'grace.canary@example.com', w.crm.hook]) expect(leaksIn(`{"msg":"a line"}\n{"msg":"of ${value}."}\n`, canaries)).not.toEqual([]);
  for (const value of canaries.keys()) expect(leaksIn(`{"msg":"${value}"}`, canaries), 'a canary').not.toEqual([]);
  for (const line of [
    'to=someone.else@example.org',
    'Authorization: Bearer abcdefgh12',
    `v1.abcdefgh.${'a'.repeat(40)}`,
    '-----BEGIN PRIVATE KEY-----',
    `/enter/${'a'.repeat(43)}`,
    `csk_${'a'.repeat(43)}`,
    `whsec_${'a'.repeat(43)}`,
  ])
    expect(leaksIn(line, new Map())).toHaveLength(1);
  expect(w.logs.length).toBeGreaterThan(5);
  await w.stop();
});
