import { expect, it } from 'vitest';
import { ensureCursor } from '#store/cursors';
import { putNotices } from '#store/inbox';
import { sayWaiting } from '#src/cli/tour-waiting';
import { eachDatabase } from '../store/databases.ts';
import { NOW } from '../store/fixtures.ts';
import { openStage } from '../flow/perform-stage.ts';
import { Problem } from '#core/problem';

eachDatabase((_name, open) => {
  it('where something was waited for in vain, what is not done yet is named, with its fault and when it is tried again', async () => {
    const w = await openStage(await open());
    const { tenant, crm } = w.account;
    expect(await sayWaiting(w.db, tenant, NOW)).toBe('Nothing else waits.');

    w.crm.write = () => Promise.reject(new Problem('vendor.rate-limited', { retryAfterMs: 75_000 }));
    for (let index = 0; index < 8; index++) await w.ask('record.write', { record: { type: 'deal', id: `deal-${index}` }, set: { status: 'sent' } }, null);
    await w.turn();
    await putNotices(w.db, tenant, [{ install: crm.id, vendor: 'a-crm', key: 'one', kind: 'a', at: NOW, payload: '{}' }], NOW - 12_000);
    await ensureCursor(w.db, tenant, crm.id, 'changes', NOW);
    await w.db.updateTable('cursors').set({ failures: 2, error: 'It is down.' }).execute();

    const said = await sayWaiting(w.db, tenant, NOW);
    expect(said.match(/record\.write \(ready, 0 attempts, due in 75 s, vendor\.rate-limited\)/g)).toHaveLength(6);
    expect(said).toContain('; 2 more effects; 1 notices, 0 of them dead (the first due for 12 s); the round "changes" (failed 2 times: It is down.).');
  });
});
