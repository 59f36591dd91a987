import { expect, test } from 'vitest';
import { plantDeal } from './deals.ts';
import { postCrm, stageEvent } from './wire.ts';
import { openWorld } from './world.ts';

interface Line {
  level: string;
  msg: string;
  vendor?: string;
  delivery?: string | null;
  correlation?: string;
  correlations?: string[];
  fact?: string;
  receipt?: string;
}

test('the log tells a story under one correlation id, from the first byte to the last receipt', async () => {
  const w = await openWorld();
  const deal = plantDeal(w);
  deal.move('contractsent');
  const { envelopeId } = await deal.sent();
  w.sandbox.docusign.sign(envelopeId, 'Customer');
  w.sandbox.docusign.sign(envelopeId, 'Countersigner');
  await deal.becomes('completed');
  await w.settled();
  const [found] = await deal.envelopes();
  const correlation = found?.envelope.correlation ?? 'cor_unknown';
  const lines = w.logs.map((line) => JSON.parse(line) as Line).filter(({ level }) => level === 'info');
  const story = lines.filter((line) => line.correlation === correlation);

  expect(story[0]).toMatchObject({ msg: 'delivery stored', vendor: 'hubspot', delivery: expect.stringMatching(/^dlv_/) as string });
  const of = async (ledger: 'facts' | 'receipts') =>
    (await w.db.selectFrom(ledger).select('id').where('correlation', '=', correlation).orderBy('seq').execute()).map(({ id }) => id);
  const [facts, receipts] = [await of('facts'), await of('receipts')];
  expect(facts.length).toBeGreaterThan(5);
  expect(receipts.length).toBeGreaterThan(5);
  expect(story.flatMap(({ fact }) => fact ?? [])).toEqual(facts);
  expect(story.flatMap(({ receipt }) => receipt ?? []).sort()).toEqual([...receipts].sort());

  // What the provider tells comes under an id of its own: the delivery leads from there to the story.
  const stored = new Set(lines.filter(({ msg }) => msg === 'delivery stored').map(({ delivery }) => delivery));
  const heard = story.flatMap(({ msg, delivery }) => (msg === 'fact settled' && delivery ? [delivery] : []));
  expect(heard.length).toBeGreaterThan(3);
  expect(heard.filter((delivery) => !stored.has(delivery))).toEqual([]);
  await w.stop();
});

test('of several events in a delivery, each has its id in the log', async () => {
  const w = await openWorld();
  const deals = [plantDeal(w), plantDeal(w)];
  await postCrm(
    w,
    deals.map(({ id }) => stageEvent(w, id, 'qualified')),
  );
  await w.settled();
  const lines = w.logs.map((line) => JSON.parse(line) as Line);
  const delivery = lines.findLast(({ msg, correlations }) => msg === 'delivery stored' && correlations?.length === 2);
  const settled = lines.filter((line) => line.delivery === delivery?.delivery && line !== delivery);
  expect(settled.map((line) => line.correlation).sort()).toEqual([...(delivery?.correlations ?? [])].sort());
  await w.stop();
});
