import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRetention } from '#work/retention';
import { asServer } from '#store/scope';
import { plantDeal } from './deals.ts';
import { postCrm, stageEvent } from './wire.ts';
import { openWorld, type TestWorld } from './world.ts';

const DAY_MS = 86_400_000;
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

/** What the table calls for, whatever minute it is. */
const retain = () => asServer(createRetention(w.world.flow));
/** Keys of what the CRM itself told by webhook. */
const told = async () => (await w.db.selectFrom('inbox').select('key').where('install', '=', w.crm.id).where('delivery', 'is not', null).execute()).map(({ key }) => key);

test('R8: a delivery repeated ten times, a day apart, is one; and once its key is forgotten the envelope itself tells that it is known', async () => {
  const deal = plantDeal(w);
  w.misbehave({ drop: 1 });
  deal.move('contractsent');
  const event = stageEvent(w, deal.id, 'contractsent');
  const send = async () => {
    // The sender signs each repeat anew, and the event in it is the same.
    expect((await postCrm(w, [event])).status).toBeLessThan(300);
    await w.settled();
  };
  await send();
  const { envelopeId } = await deal.sent();
  await w.settled();
  const facts = async () => (await w.db.selectFrom('facts').select('type').where('deal', '=', deal.id).execute()).length;
  const known = await facts();
  const [key, ...more] = await told();
  expect([typeof key, more]).toEqual(['string', []]);
  for (let day = 0; day < 10; day++) {
    w.clock.skip(DAY_MS);
    await retain();
    await send();
    expect([await facts(), await told()]).toEqual([known, [key]]);
  }
  // Its key is kept for 90 days, its bytes for 30.
  w.clock.skip(81 * DAY_MS);
  await retain();
  await retain();
  expect(await told()).toEqual([]);
  await w.world.stop();
  w = await openWorld({ folder: w.folder, clock: w.clock });
  w.misbehave({ drop: 1 });
  await send();
  expect(await told()).toEqual([key]);
  const held = w.sandbox.docusign.envelopes().filter(({ customFields }) => customFields.some(({ name, value }) => name === 'deal' && value === deal.id));
  expect(held.map((one) => one.envelopeId)).toEqual([envelopeId]);
  expect((await w.db.selectFrom('envelopes').select('id').where('deal', '=', deal.id).execute()).length).toBe(1);
});
