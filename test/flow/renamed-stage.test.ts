import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import { plantDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

const shipped = projectFile('mappings/hubspot/send.yaml');
async function rename(label: string): Promise<void> {
  const stage = w.sandbox.hubspot.world().pipeline.stages.find(({ id }) => id === 'contractsent');
  if (stage) stage.label = label;
  await w.world.desk.refreshGround(w.tenant, w.crm.id);
}

test('a deal at a stage that was renamed under its rule says so, and is sent once the rule has the new name', async () => {
  await rename('Contract out');
  const deal = plantDeal(w);
  deal.move('contractsent');
  await deal.becomes('blocked');
  expect(deal.says('esign_reason')).toContain('starts at the stage "Contract sent", which is called "Contract out" now');
  expect(deal.remote()).toEqual([]);

  const other = plantDeal(w);
  other.move('qualified');
  await w.settled();
  expect(other.says('esign_status')).toBeNull();

  const saved = await w.world.desk.saveMapping(w.tenant, 'send', shipped.replaceAll('Contract sent', 'Contract out'), 'Renamed', 'a test');
  expect(saved.saved).toBe(true);
  deal.move('proposal');
  deal.move('contractsent');
  await deal.becomes('sent');
  expect(deal.remote()).toHaveLength(1);
});
