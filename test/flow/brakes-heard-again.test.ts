import { expect, test } from 'vitest';
import { plantDeal } from './deals.ts';
import { openWorld } from './world.ts';

test('a deal that nothing is sent for makes nobody wait, however often its entry is heard', async () => {
  const w = await openWorld({ config: { ceiling: { sends: 20, minutes: 3, firstRun: 100_000 } } });
  try {
    const nobody = plantDeal(w, { person: { email: '' } });
    nobody.move('contractsent');
    await nobody.becomes('blocked');
    const known = () => w.db.selectFrom('stage_entries').select(['deal', 'rule']).where('tenant', '=', w.tenant).execute();
    expect(await known()).toEqual([{ deal: nobody.id, rule: '' }]);
    await w.round(w.crm);
    await w.settled();
    const heard = await w.db.selectFrom('facts').select('id').where('type', '=', 'deal.stage-changed').execute();
    expect(heard.length).toBeGreaterThan(1);
    expect(await known()).toEqual([{ deal: nobody.id, rule: '' }]);
  } finally {
    await w.stop();
  }
});
