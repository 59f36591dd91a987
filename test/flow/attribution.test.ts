import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import type { EnvelopeId } from '#core/ids';
import { MODELS } from '#core/attribution-models';
import type { Touchpoint } from '#core/touch';
import { plainMoney } from '#core/money';
import { buildReport, REPORT_BY, sums } from '#core/report';
import { listAttributions } from '#store/attributions';
import { verifyLedger } from '#store/ledger';
import { ensurePerson } from '#store/people';
import { recordTouches } from '#store/touches';
import { readReport } from '#store/view';
import { plantDeal, type TestDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

const DAY = 86_400_000;
let people = 0;
const someone = () => ({ email: `capture.${++people}@example.com` });

/** Touchpoints as the capture page would record them, before anybody thinks of a deal. */
async function capture(email: string, ...touches: Touchpoint[]) {
  const { sealer } = w.world.flow;
  await w.db.transaction().execute(async (tx) => recordTouches(tx, w.tenant, (await ensurePerson(tx, sealer, w.tenant, email)).id, touches, 'capture', w.clock.now()));
}

async function send(deal: TestDeal) {
  deal.move('contractsent');
  const remote = await deal.sent();
  await deal.becomes('sent');
  return remote;
}

async function sign(deal: TestDeal, remote: { envelopeId: string }) {
  w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
  w.sandbox.docusign.sign(remote.envelopeId, 'Countersigner');
  await deal.becomes('completed');
  await w.settled();
}

async function rowsOf(deal: TestDeal) {
  const [found] = await deal.envelopes();
  if (!found) throw new Error('There is an envelope.');
  return { envelope: found.envelope, rows: await listAttributions(w.db, w.tenant, found.envelope.id) };
}

/** When it was sent, as whatever told it first has it: the answer to the sending knows its own time alone, a webhook the provider's. */
async function firstToldSent(envelope: EnvelopeId): Promise<number> {
  const { at, data } = await w.db
    .selectFrom('facts')
    .select(['at', 'data'])
    .where('envelope', '=', envelope)
    .where('type', '=', 'envelope.status')
    .orderBy('seq')
    .executeTakeFirstOrThrow();
  return (JSON.parse(data) as { times?: { sent: number } }).times?.sent ?? at;
}

describe('what is frozen', () => {
  test('first touch, last touch and the whole chain at send, and again at signature, once each', async () => {
    const person = someone();
    const before = w.clock.now();
    await capture(person.email, { at: before - 9 * DAY, source: 'webinar', campaign: 'spring' }, { at: before - 3 * DAY, source: 'mail' });
    const deal = plantDeal(w, { person });
    const remote = await send(deal);
    const { rows: atSend } = await rowsOf(deal);
    await capture(person.email, { at: w.clock.now(), source: 'pricing page' });
    w.misbehave({ duplicate: 1 });
    await sign(deal, remote);
    w.behave();
    const { envelope, rows } = await rowsOf(deal);
    expect(rows.map(({ point, at, corrects }) => [point, at, corrects])).toEqual([
      // The provider may tell its own time later than that, and what is frozen stays.
      ['sent', await firstToldSent(envelope.id), null],
      ['signed', envelope.completed_at, null],
    ]);
    expect(rows.slice(0, 1)).toEqual(atSend);
    const [sent, signed] = rows.map(({ data }) => data);
    expect([sent?.first?.source, sent?.last?.source, sent?.chain.count]).toEqual(['webinar', 'mail', 2]);
    expect([signed?.first?.source, signed?.last?.source, signed?.chain.count, signed?.sent]).toEqual(['webinar', 'pricing page', 3, rows[0]?.id]);
    expect([sent?.value, sent?.template, sent?.recipients]).toEqual([{ minor: 100_000, currency: 'EUR' }, 'Order form', 2]);
    for (const ledger of ['touches', 'attributions'] as const) expect(await verifyLedger(w.db, w.tenant, ledger)).toMatchObject({ ok: true });
  });

  test('what the CRM does not know is taken from our own touchpoints, into the envelope and the write-once fields', async () => {
    const person = someone();
    const before = w.clock.now();
    await capture(person.email, { at: before - 9 * DAY, source: 'partner', campaign: 'alliance', medium: 'referral' }, { at: before - DAY, source: 'direct' });
    const deal = plantDeal(w, { person, properties: { hs_analytics_latest_source: 'REFERRALS' } });
    const remote = await send(deal);
    await w.settled();
    const labels = Object.fromEntries(remote.customFields.map(({ name, value }) => [name, value]));
    expect(labels).toMatchObject({ first_source: 'partner', first_campaign: 'alliance', first_medium: 'referral', last_source: 'REFERRALS' });
    expect([deal.says('esign_first_touch_source'), deal.says('esign_first_touch_campaign'), deal.says('esign_last_touch_source')]).toEqual(['partner', 'alliance', 'REFERRALS']);
  });

  test("the CRM's own fields become touchpoints of the signer, and reading again adds none", async () => {
    const first = new Date(w.clock.now() - 20 * DAY).toISOString();
    const deal = plantDeal(w, { person: someone(), properties: { hs_analytics_source: 'PAID_SEARCH', hs_analytics_source_data_2: 'brand' } });
    const contact = w.sandbox.hubspot.contact(deal.contact);
    if (contact) contact.properties['hs_analytics_first_timestamp'] = first;
    await send(deal);
    const count = async () => (await w.db.selectFrom('touches').select('id').execute()).length;
    const known = await count();
    deal.move('proposal');
    await deal.becomes('voided');
    await send(deal);
    await w.settled();
    expect(await count()).toBe(known);
    const { rows } = await rowsOf(deal);
    expect(rows[0]?.data.first).toMatchObject({ source: 'PAID_SEARCH', campaign: 'brand', via: 'crm', at: Date.parse(first) });
  });

  test('no row names a person', async () => {
    const person = { firstname: 'Philomena', lastname: 'Zuckerbrot', email: 'philomena.zuckerbrot@example.com' };
    await capture(person.email, { at: w.clock.now() - DAY, source: 'webinar' });
    await send(plantDeal(w, { person }));
    await w.settled();
    const rows = await Promise.all((['touches', 'attributions', 'facts'] as const).map((table) => w.db.selectFrom(table).selectAll().execute()));
    expect(rows.map((some) => some.length)).not.toContain(0);
    expect(JSON.stringify(rows)).not.toMatch(/philomena|zuckerbrot/i);
  });
});

describe('a correction', () => {
  test('is a new row that points back, is audited, and changes the reports but not the row', async () => {
    const person = someone();
    await capture(person.email, { at: w.clock.now() - DAY, source: 'direct' });
    const deal = plantDeal(w, { person });
    await sign(deal, await send(deal));
    const { envelope, rows } = await rowsOf(deal);
    const [, signed] = rows;
    if (!signed) throw new Error('It was signed.');
    const made = await w.world.desk.correctAttribution(w.tenant, signed.id, { first: { source: 'trade fair' } }, 'The badge was scanned there.', 'operator');
    const after = await rowsOf(deal);
    expect(after.rows.slice(0, 2)).toEqual(rows);
    expect(after.rows[2]).toMatchObject({
      id: made,
      corrects: signed.id,
      point: 'signed',
      by: 'operator',
      data: { first: { source: 'trade fair' }, last: { source: 'trade fair' } },
    });
    await expect(w.world.desk.correctAttribution(w.tenant, signed.id, { first: { source: 'mail' } }, 'Once more.', 'operator')).rejects.toThrow(/corrected since/);
    await expect(w.world.desk.correctAttribution(w.tenant, made, { first: { source: 'mail' } }, ' ', 'operator')).rejects.toThrow(/Say why/);
    await expect(w.world.desk.correctAttribution(w.tenant, made, {}, 'No reason.', 'operator')).rejects.toThrow(/first or the last/);
    const audit = await w.db.selectFrom('audit').selectAll().where('action', '=', 'attribution.corrected').execute();
    expect(audit.map(({ subject, actor }) => [subject, actor])).toEqual([[envelope.id, 'operator']]);
    const { envelopes, touches, corrections } = await readReport(w.db, w.tenant, { from: 0, to: w.clock.now() + DAY }, true);
    expect(corrections).toBe(1);
    expect(buildReport({ by: 'source', model: 'first' }, envelopes, touches).rows.find(({ key }) => key === 'trade fair')?.value).toEqual([{ minor: 100_000, currency: 'EUR' }]);
  });
});

describe('a write-once field that somebody overwrites in the CRM', () => {
  async function overwrite() {
    const deal = plantDeal(w, { person: someone(), properties: { hs_analytics_source: 'PAID_SEARCH' } });
    const remote = await send(deal);
    await w.until('the first touch', () => deal.says('esign_first_touch_source') === 'PAID_SEARCH');
    await w.settled();
    const item = w.sandbox.hubspot.deal(deal.id);
    if (item) Object.assign(item.properties, { esign_first_touch_source: 'OFFLINE' });
    deal.move('proposal');
    await deal.becomes('voided');
    await w.settled();
    return { deal, remote, facts: await w.db.selectFrom('facts').selectAll().where('type', '=', 'attribution.overwritten').where('deal', '=', deal.id).execute() };
  }
  const alarms = (deal: TestDeal) => w.db.selectFrom('alarms').selectAll().where('code', '=', 'attribution-overwritten').where('subject', 'like', `%deal:${deal.id}`).execute();

  test('is noticed once, told on the timeline of its envelope and as an alarm, and left as it is', async () => {
    const { deal, facts } = await overwrite();
    const { envelope } = await rowsOf(deal);
    expect(facts).toMatchObject([{ envelope: envelope.id, correlation: envelope.correlation, outcome: 'noted' }]);
    expect(JSON.parse(facts[0]?.data ?? '')).toMatchObject({ field: 'esign_first_touch_source', frozen: 'PAID_SEARCH', found: 'OFFLINE' });
    expect((await alarms(deal)).map(({ say, tenant }) => [say.includes('"PAID_SEARCH"') && say.includes('"OFFLINE"'), tenant])).toEqual([[true, w.tenant]]);
    expect(deal.says('esign_first_touch_source')).toBe('OFFLINE');
    deal.move('contractsent');
    await deal.becomes('sent');
    await w.settled();
    expect(await w.db.selectFrom('facts').select('id').where('type', '=', 'attribution.overwritten').where('deal', '=', deal.id).execute()).toHaveLength(1);
  });

  test('is set back where the mapping asks for it, and then the alarm is over', async () => {
    const text = projectFile('mappings/hubspot/writeback.yaml').replace('kind: writeback\n', 'kind: writeback\nrestore: true\n');
    expect(await w.world.desk.saveMapping(w.tenant, 'writeback', text, 'restore', 'a test')).toMatchObject({ saved: true });
    const { deal, facts } = await overwrite();
    expect(facts.map(({ outcome }) => outcome)).toEqual(['moved']);
    await w.until('the restored field', () => deal.says('esign_first_touch_source') === 'PAID_SEARCH');
    expect(await alarms(deal)).toHaveLength(1);
    deal.move('contractsent');
    await deal.becomes('sent');
    await w.settled();
    expect(await alarms(deal)).toEqual([]);
  });
});

test('a report reconciles to the ledger: by every model and group the shares are the whole, to the cent', async () => {
  const basis = await readReport(w.db, w.tenant, { from: 0, to: w.clock.now() + DAY }, true);
  const frozen = await w.db.selectFrom('attributions').selectAll().where('corrects', 'is', null).execute();
  const signed = frozen.filter(({ point }) => point === 'signed').map(({ data }) => (JSON.parse(data) as { value: { minor: number; currency: string } }).value);
  expect(basis.frozen).toBe(frozen.length);
  expect(basis.head).toEqual(await w.db.selectFrom('ledger_heads').select(['seq', 'hash']).where('ledger', '=', 'attributions').executeTakeFirst());
  expect(signed.length).toBeGreaterThan(1);
  for (const by of REPORT_BY)
    for (const model of MODELS) {
      const { rows, total } = buildReport({ by, model }, basis.envelopes, basis.touches);
      expect(sums(rows.flatMap(({ value }) => value)).map(plainMoney)).toEqual(sums(signed).map(plainMoney));
      expect(total.value).toEqual(sums(signed));
      expect(rows.reduce((sum, row) => sum + row.sent, 0)).toBe(basis.envelopes.length);
    }
});
