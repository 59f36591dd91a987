import { expect, test } from 'vitest';
import { openOrg, plantOpportunity, SENT } from './salesforce-world.ts';

test('a bulk edit that asking the org brings is held: nothing is sent, and each opportunity says why', async () => {
  const w = await openOrg({ config: { ceiling: { sends: 10, minutes: 3, firstRun: 100 } } });
  try {
    w.org.setOutbound(null);
    const deals = Array.from({ length: 30 }, () => plantOpportunity(w));
    for (const deal of deals) deal.move(SENT);
    await w.round(w.crm);
    const hold = await w.until('30 held', () => w.db.selectFrom('holds').selectAll().where('waiting', '=', 30).executeTakeFirst());
    await w.settled();
    expect(deals.flatMap((deal) => deal.remote())).toEqual([]);
    expect(hold).toMatchObject({ cause: 'ceiling', rule: 'contract-sent', sent: 0 });
    for (const deal of deals) expect(deal.says('Esign_Reason__c')).toMatch(/^Held: more deals entered this stage at once/);
    expect(await w.world.desk.brakes.discard(w.tenant, hold.id, null, 'Pat Person')).toBe(30);
    await w.settled();
    for (const deal of deals) expect(deal.says('Esign_Reason__c')).toBe('It was held, and a person discarded it: nothing was sent.');
    expect(deals.flatMap((deal) => deal.remote())).toEqual([]);
  } finally {
    await w.stop();
  }
});
