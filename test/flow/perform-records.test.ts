import { expect, it } from 'vitest';
import type { RecordRef } from '#core/records';
import { eachDatabase } from '../store/databases.ts';
import { openStage } from './perform-stage.ts';

eachDatabase((_name, open) => {
  it("an envelope's own record is written before its recipients', and these before everything of the account's, whatever the order in which they were asked for", async () => {
    const w = await openStage(await open());
    const records: RecordRef[] = [
      { type: 'deal', id: 'deal-1' },
      { type: 'recipient', id: 'env_1|Buyer' },
      { type: 'lead', id: 'lead-1' },
      { type: 'envelope', id: 'env_1' },
      { type: 'recipient', id: 'env_1|Seller' },
      { type: 'company', id: 'company-1' },
      { type: 'contact', id: 'contact-1' },
    ];
    for (const record of records) await w.ask('record.write', { record, set: { status: 'sent' } }, null);
    await w.turn();
    const calls = w.asked.written.map((writes) => writes.map(({ record }) => `${record.type} ${record.id}`));
    expect(calls.slice(0, 2)).toEqual([['envelope env_1'], ['recipient env_1|Buyer', 'recipient env_1|Seller']]);
    expect(calls.slice(2).flat().sort()).toEqual(['company company-1', 'contact contact-1', 'deal deal-1', 'lead lead-1']);
    // A call is about records of one kind.
    expect(w.asked.written.map((writes) => new Set(writes.map(({ record }) => record.type)).size)).toEqual(w.asked.written.map(() => 1));
    expect(new Set(await w.states())).toEqual(new Set(['done']));
  });

  it('what is known of a record of ours never changes another of the same id', async () => {
    const w = await openStage(await open());
    for (const type of ['envelope', 'deal'] as const) await w.ask('record.write', { record: { type, id: 'same' }, set: { status: type } }, null);
    await w.turn();
    expect(w.asked.written.flat().map(({ record, set }) => [record.type, set['status']])).toEqual([
      ['envelope', 'envelope'],
      ['deal', 'deal'],
    ]);
  });
});
