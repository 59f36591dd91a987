import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import { activeMappings } from '#store/mappings';
import { updateEnvelope } from '#store/envelopes';
import { envelopeOf, plantDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

const TOUCH = { hs_analytics_source: 'PAID_SEARCH', hs_analytics_source_data_2: 'spring', hs_analytics_latest_source: 'REFERRALS' };

describe('attribution', () => {
  test('is frozen when the envelope is sent, travels with it, and is on the deal for ever', async () => {
    const deal = plantDeal(w, { properties: TOUCH });
    deal.move('contractsent');
    const remote = await deal.sent();
    await deal.becomes('sent');
    // The CRM itself changes its mind about where the deal came from.
    const item = w.sandbox.hubspot.deal(deal.id);
    if (item) Object.assign(item.properties, { hs_analytics_source: 'OFFLINE', hs_analytics_source_data_2: 'trade fair', hs_analytics_latest_source: 'DIRECT_TRAFFIC' });
    w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
    w.sandbox.docusign.sign(remote.envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await w.settled();
    expect([deal.says('esign_first_touch_source'), deal.says('esign_first_touch_campaign'), deal.says('esign_last_touch_source')]).toEqual(['PAID_SEARCH', 'spring', 'REFERRALS']);
    const [found] = await deal.envelopes();
    expect(JSON.parse(found?.envelope.attribution ?? '{}')).toMatchObject({ first_source: 'PAID_SEARCH', first_campaign: 'spring', last_source: 'REFERRALS' });
    const fields = Object.fromEntries(remote.customFields.map(({ name, value }) => [name, value]));
    expect(fields).toMatchObject({ first_source: 'PAID_SEARCH', first_campaign: 'spring', last_source: 'REFERRALS', deal: deal.id });
    if (found) await expect(updateEnvelope(w.db, w.tenant, found.envelope.id, { attribution: '{}' })).rejects.toThrow(/never change/);
  });

  test('of a second envelope does not overwrite what the first one left on the deal', async () => {
    const deal = plantDeal(w, { properties: TOUCH });
    deal.move('contractsent');
    await deal.becomes('sent');
    await w.until('the first touch', () => deal.says('esign_first_touch_source') === 'PAID_SEARCH');
    deal.move('proposal');
    await deal.becomes('voided');
    const item = w.sandbox.hubspot.deal(deal.id);
    if (item) Object.assign(item.properties, { hs_analytics_source: 'OFFLINE' });
    deal.move('contractsent');
    await deal.becomes('sent');
    await w.settled();
    const sources = (await deal.envelopes()).map(({ envelope }) => (JSON.parse(envelope.attribution) as Record<string, string>)['first_source']);
    expect(sources).toEqual(['PAID_SEARCH', 'OFFLINE']);
    expect(deal.says('esign_first_touch_source')).toBe('PAID_SEARCH');
  });
});

describe('mapping versions', () => {
  const shipped = projectFile('mappings/hubspot/writeback.yaml');

  test('an envelope keeps the version that sent it; the next one gets the new version', async () => {
    const old = plantDeal(w);
    old.move('contractsent');
    const remote = await old.sent();
    await old.becomes('sent');
    await w.settled();
    const before = await activeMappings(w.db, w.tenant, 'hubspot');
    const changed = shipped.replace('esign_template: envelope.template', 'esign_template: \'"by the new version: " + envelope.template\'');
    expect(await w.world.desk.saveMapping(w.tenant, 'writeback', changed, 'another template text', 'a test')).toMatchObject({ saved: true });

    w.sandbox.docusign.sign(remote.envelopeId, 'Customer');
    await old.becomes('partially_signed');
    const fresh = plantDeal(w);
    fresh.move('contractsent');
    await fresh.becomes('sent');
    await w.settled();
    expect(old.says('esign_template')).toBe('Order form');
    expect(fresh.says('esign_template')).toBe('by the new version: Order form');
    const pins = await Promise.all([old, fresh].map(async (deal) => (await deal.envelopes())[0]?.envelope.writeback_mapping));
    expect(pins[0]).toBe(before.get('writeback')?.id);
    expect(pins[1]).not.toBe(pins[0]);
    const frozen = await w.db.selectFrom('mappings').select('id').where('kind', '=', 'writeback').where('frozen_at', 'is not', null).execute();
    expect(frozen.map(({ id }) => id).sort()).toEqual([...pins].sort());
    await expect(
      w.db
        .deleteFrom('mappings')
        .where('id', '=', pins[0] ?? 'map_none')
        .execute(),
    ).rejects.toThrow(/pinned/);
  });

  test('with faults is refused with every fault at once, each with its place and what was perhaps meant; nothing changes', async () => {
    const before = await activeMappings(w.db, w.tenant, 'hubspot');
    const faulty = shipped
      .replace('esign_sent_at: envelope.sentAt', 'esign_sentat: envelope.sentAt')
      .replace('esign_reason: envelope.reason', 'esign_reason: envelope.reson')
      .replace('on: [sent, viewed, partially_signed, completed]\n    once', 'on: [sent, vieved]\n    once');
    const result = await w.world.desk.saveMapping(w.tenant, 'writeback', faulty, '', 'a test');
    if (result.saved) throw new Error('It was saved.');
    const errors = result.faults.filter(({ level }) => level === 'error');
    expect(errors.length).toBeGreaterThanOrEqual(2);
    for (const { path, line, say } of errors) expect([path.length > 0, line > 0, say.length > 10]).toEqual([true, true, true]);
    expect(errors.some(({ suggestion }) => (suggestion ?? '').length > 0)).toBe(true);
    const after = await activeMappings(w.db, w.tenant, 'hubspot');
    expect([...after.values()].map(({ id }) => id)).toEqual([...before.values()].map(({ id }) => id));
  });

  test('a write-back that would fail on this account blocks the send, with the reason on the deal', async () => {
    const { properties } = w.sandbox.hubspot.world();
    const property = properties.deals['esign_waiting_for'];
    const deal = plantDeal(w);
    // Taken away behind our back; the schema is read anew.
    if (property) property.readOnly = true;
    await w.round(w.crm, 'ground');
    deal.move('contractsent');
    await deal.becomes('blocked');
    expect(deal.says('esign_reason')).toContain('esign_waiting_for');
    expect(deal.remote()).toEqual([]);
    if (property) property.readOnly = false;
    await w.round(w.crm, 'ground');
    await w.world.desk.send(w.tenant, deal.id, { key: 'mended', by: 'a test' });
    await deal.becomes('sent');
    expect(envelopeOf(deal)).toMatch(/^env_/);
  });
});
