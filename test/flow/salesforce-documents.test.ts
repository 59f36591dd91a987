import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { backfill, type Backfilled } from '#flow/backfill';
import { newId } from '#lib/ids';
import { projectFile } from '#lib/root';
import type { HttpReply, HttpRequest } from '#ports/call';
import { calls, envelopeIdOf, openOrg, plantOpportunity, SENT, waiting, type Opportunity, type OrgWorld } from './salesforce-world.ts';

let w: OrgWorld;
beforeEach(async () => {
  w = await openOrg();
});
afterEach(() => w.stop());

async function complete(...deals: Opportunity[]): Promise<void> {
  for (const deal of deals) deal.move(SENT);
  await Promise.all(deals.map((deal) => deal.signed()));
  for (const deal of deals) await deal.becomes('completed');
  await w.settled();
}

describe('the signed document', () => {
  const ATTACH = `${projectFile('mappings/salesforce/writeback.yaml')}\n  - id: signed-document\n    title: Keep the signed document with the opportunity\n    record: deal\n    on: [completed]\n    attach: signed-document\n`;
  const isUpload = ({ method, path }: HttpRequest): boolean => method === 'POST' && path.endsWith('/sobjects/ContentVersion');

  /** The org takes what is uploaded, and its answer gets lost the first `count` times. */
  function loseUploads(count: number): { seen: number } {
    const { flow } = w.world;
    const { bind } = flow;
    const uploads = { seen: 0 };
    flow.bind = (install, priority, manner, signal) => {
      const call = bind(install, priority, manner, signal);
      const request = async (asked: HttpRequest): Promise<HttpReply> => {
        const reply = await call.request(asked);
        if (isUpload(asked) && ++uploads.seen <= count) throw new Problem('vendor.lost-reply');
        return reply;
      };
      return install.id === w.crm.id ? { ...call, request } : call;
    };
    return uploads;
  }

  test('stays with the provider by default: the org gets a link and no file', async () => {
    const deal = plantOpportunity(w);
    await complete(deal);
    expect(w.org.records('ContentVersion')).toEqual([]);
    expect(deal.says('Esign_Envelope_Url__c')).toContain(envelopeIdOf(deal));
    expect(calls(w, 'ContentVersion')).toBe(0);
  });

  test('is kept with the opportunity where the mapping says so: once, whole, for the inside alone, though the answer is lost', async () => {
    expect(await w.world.desk.saveMapping(w.tenant, 'writeback', ATTACH, '', 'a test')).toMatchObject({ saved: true });
    const uploads = loseUploads(1);
    const deal = plantOpportunity(w);
    await complete(deal);
    const files = w.org.records('ContentVersion');
    expect([files.length, uploads.seen]).toEqual([1, 1]);
    const [file] = files;
    const bytes = Buffer.from(file?.values['VersionData'] as string, 'base64');
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(file?.values).toMatchObject({ FirstPublishLocationId: deal.id, Checksum: createHash('md5').update(bytes).digest('hex'), Envelope_Id__c: `${envelopeIdOf(deal)}|deal` });
    const links = w.org.records('ContentDocumentLink').filter(({ values }) => values['LinkedEntityId'] === deal.id);
    expect(links.map(({ values }) => values['Visibility'])).toEqual(['InternalUsers']);
    const receipts = await w.db.selectFrom('receipts').select(['outcome', 'detail']).where('kind', '=', 'document.attach').orderBy('seq').execute();
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['retry', 'done']);
    expect(receipts.at(-1)?.detail).toContain(createHash('sha256').update(bytes).digest('hex'));
    expect(await waiting(w)).toEqual([]);
  });
});

describe('a history of envelopes', () => {
  const ours = () => [w.org.records('Envelope__c').length, w.org.records('Envelope_Recipient__c').length];

  test('is written with progress, and doing it again changes nothing', async () => {
    const deals = Array.from({ length: 6 }, () => plantOpportunity(w));
    await complete(...deals);
    const open = plantOpportunity(w);
    open.move(SENT);
    await open.becomes('sent');
    await w.settled();
    const before = w.org
      .records('Envelope__c')
      .map(({ values }) => [values['Envelope_Id__c'], values['Status__c'], values['Opportunity__c'], values['Signed_Count__c'], values['Completed_At__c']]);
    const closed = before.filter(([, status]) => status === 'completed');
    // As if the package had come after them.
    for (const { id } of w.org.records('Envelope__c')) w.org.remove(id);
    for (const { id } of w.org.records('Envelope_Recipient__c')) w.org.remove(id);
    expect(ours()).toEqual([0, 0]);

    const told: Backfilled[] = [];
    const done = await backfill(w.world.flow, w.tenant, { since: 0, by: 'a test' }, (so) => told.push({ ...so }));
    expect(done).toEqual({ envelopes: 6, records: 18, failed: 0, refused: [] });
    expect(ours()).toEqual([6, 12]);
    const after = w.org
      .records('Envelope__c')
      .map(({ values }) => [values['Envelope_Id__c'], values['Status__c'], values['Opportunity__c'], values['Signed_Count__c'], values['Completed_At__c']]);
    expect(after.sort()).toEqual(closed.sort());
    expect(new Set(w.org.records('Envelope_Recipient__c').map(({ values }) => values['Contact__c']))).toEqual(new Set([null, ...deals.map(({ contact }) => contact)]));
    const records = told.map((so) => so.records);
    expect([records.length >= 2, records.at(-1), [...records].sort((a, b) => a - b)]).toEqual([true, 18, records]);
    expect(await backfill(w.world.flow, w.tenant, { since: 0, by: 'a test' }, () => undefined)).toEqual(done);
    expect(ours()).toEqual([6, 12]);
    expect(await backfill(w.world.flow, w.tenant, { since: w.clock.now() + 1, by: 'a test' }, () => undefined)).toMatchObject({ envelopes: 0, records: 0 });
    const audits = await w.db.selectFrom('audit').select('detail').where('action', '=', 'install.backfilled').execute();
    expect(audits).toHaveLength(3);
    expect(await waiting(w)).toEqual([]);
  });

  test('of years is two bulk jobs, whatever its length', async () => {
    const deal = plantOpportunity(w);
    await complete(deal);
    await copy(deal, 1_100);
    const told: Backfilled[] = [];
    const before = calls(w);
    const done = await backfill(w.world.flow, w.tenant, { since: 0, by: 'a test' }, (so) => told.push({ ...so }));
    expect(done).toEqual({ envelopes: 1_101, records: 3_303, failed: 0, refused: [] });
    expect(ours()).toEqual([1_101, 2_202]);
    expect([calls(w, 'POST /services/data/v67.0/jobs/ingest'), calls(w) - before < 60]).toEqual([2, true]);
    const records = told.map((so) => so.records);
    expect([...records].sort((a, b) => a - b)).toEqual(records);
  });

  /** As many closed envelopes more, each like the deal's own. */
  async function copy(deal: Opportunity, count: number): Promise<void> {
    const [own] = await deal.envelopes();
    if (!own) throw new Error('There is nothing to copy.');
    for (let at = 0; at < count; at += 50) {
      const envelopes = Array.from({ length: 50 }, () => ({ ...own.envelope, id: newId('env'), intent: newId('cor'), remote: newId('cor') }));
      const recipients = envelopes.flatMap(({ id }) => own.recipients.map((recipient) => ({ ...recipient, id: newId('sgn'), envelope: id, remote: newId('cor') })));
      await w.db.insertInto('envelopes').values(envelopes).execute();
      await w.db.insertInto('recipients').values(recipients).execute();
    }
  }

  test('tells which records the org refused, in its own words, and writes the others', async () => {
    const [kept, gone] = [plantOpportunity(w), plantOpportunity(w)];
    await complete(kept, gone);
    const id = envelopeIdOf(gone);
    w.org.remove(gone.id);
    const done = await backfill(w.world.flow, w.tenant, { since: 0, by: 'a test' }, () => undefined);
    expect(done.envelopes).toBe(2);
    expect(done.records + done.failed).toBe(6);
    expect(done.refused.map(({ record }) => record)).toEqual([id]);
    expect(done.refused[0]?.say).toMatch(/deleted/i);
  });

  test('has no place in an org without the package, which is told in words', async () => {
    w.org.installPackage(false);
    await w.world.desk.refreshGround(w.tenant, w.crm.id);
    await expect(backfill(w.world.flow, w.tenant, { since: 0, by: 'a test' }, () => undefined)).rejects.toMatchObject({ code: 'feature.unsupported' });
  });
});
