import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { parseCsv } from '#connectors/salesforce/sandbox/rest/csv';
import { startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeAll(async () => {
  org = await startOrg({ clock });
});
afterAll(() => org.stop());

const deal = () => org.sandbox.opportunityNamed('Harbour').id;
const PDF = Buffer.from([0x25, 0x50, 0x44, 0x46, 0x2d, 0, 255, 10, 13, 7]);
const MD5 = createHash('md5').update(PDF).digest('hex');

describe('files', () => {
  test('a file in parts is kept byte for byte, with its checksum, and linked where it was published', async () => {
    const form = new FormData();
    const about = { Title: 'Signed', PathOnClient: 'signed.pdf', FirstPublishLocationId: deal(), Envelope_Id__c: 'env_1' };
    form.append('entity_content', new Blob([JSON.stringify(about)], { type: 'application/json' }));
    form.append('VersionData', new Blob([PDF], { type: 'application/pdf' }), 'signed.pdf');
    const made = await org.api('POST', '/sobjects/ContentVersion', form);
    expect([made.status, made.body.success]).toEqual([201, true]);
    const found = await org.query("SELECT Id, ContentDocumentId, Checksum, ContentSize, FileExtension, VersionNumber FROM ContentVersion WHERE Envelope_Id__c = 'env_1'");
    expect(found.body.records).toMatchObject([{ Id: made.body.id, Checksum: MD5, ContentSize: PDF.length, FileExtension: 'pdf', VersionNumber: '1' }]);
    const document = found.body.records[0].ContentDocumentId;
    const links = await org.query(`SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '${document}'`);
    expect(links.body.records.map((row: Body) => row.LinkedEntityId)).toContain(deal());
    expect((await org.api('POST', '/sobjects/ContentDocumentLink', { ContentDocumentId: document, LinkedEntityId: deal(), ShareType: 'V' })).body[0].errorCode).toBe(
      'DUPLICATE_VALUE',
    );
    const { access_token } = await org.install();
    const data = await fetch(`${org.base}/services/data/v67.0/sobjects/ContentVersion/${made.body.id}/VersionData`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(Buffer.from(await data.arrayBuffer())).toEqual(PDF);
    const second = await org.api('POST', '/sobjects/ContentVersion', {
      ContentDocumentId: document,
      PathOnClient: 'signed.pdf',
      VersionData: PDF.toString('base64'),
      ReasonForChange: 'again',
    });
    expect(org.sandbox.record('ContentVersion', second.body.id).values).toMatchObject({ VersionNumber: '2', IsLatest: true });
    expect(org.sandbox.field('ContentVersion', made.body.id, 'IsLatest')).toBe(false);
  });

  test('without data or path it is refused, and data never changes', async () => {
    expect((await org.api('POST', '/sobjects/ContentVersion', { Title: 'x' })).body[0]).toMatchObject({
      errorCode: 'REQUIRED_FIELD_MISSING',
      fields: ['PathOnClient', 'VersionData'],
    });
    const { id } = (await org.api('POST', '/sobjects/ContentVersion', { PathOnClient: '/tmp/a name.txt', VersionData: 'eA==' })).body;
    expect(org.sandbox.record('ContentVersion', id).values).toMatchObject({ Title: 'a name', FileType: 'TXT', ContentSize: 1 });
    expect((await org.api('PATCH', `/sobjects/ContentVersion/${id}`, { VersionData: 'eQ==' })).body[0].errorCode).toBe('INVALID_FIELD_FOR_INSERT_UPDATE');
  });
});

describe('bulk', () => {
  const create = (body: Record<string, unknown>) => org.api('POST', '/jobs/ingest', { contentType: 'CSV', lineEnding: 'LF', ...body });
  const upload = (id: string, csv: string) => org.api('PUT', `/jobs/ingest/${id}/batches`, csv, { 'content-type': 'text/csv' });
  const close = (id: string, state = 'UploadComplete') => org.api('PATCH', `/jobs/ingest/${id}`, { state });
  const rows = async (id: string, what: string) => parseCsv((await org.api('GET', `/jobs/ingest/${id}/${what}`)).body);

  test('a job goes from open to complete, and tells each line’s fate', async () => {
    const job = (await create({ object: 'Envelope__c', operation: 'upsert', externalIdFieldName: 'Envelope_Id__c' })).body;
    expect(job).toMatchObject({ state: 'Open', contentUrl: `services/data/v67.0/jobs/ingest/${job.id}/batches` });
    const csv = `Envelope_Id__c,Status__c,Opportunity__c,Reason__c\nenv_1,sent,${deal()},"two\n""lines"", and more"\nenv_2,lost,${deal()},\nenv_3,sent,006D000000IqhSL,#N/A\n,sent,,\n`;
    expect((await upload(job.id, csv)).status).toBe(201);
    expect((await upload(job.id, csv)).body[0].errorCode).toBe('INVALIDJOBSTATE');
    expect((await close(job.id)).body.state).toBe('UploadComplete');
    const states = [];
    for (let looks = 0; looks < 3; looks++) states.push((await org.api('GET', `/jobs/ingest/${job.id}`)).body);
    expect(states.map(({ state, numberRecordsProcessed, numberRecordsFailed }) => [state, numberRecordsProcessed, numberRecordsFailed])).toEqual([
      ['InProgress', 2, 2],
      ['JobComplete', 4, 3],
      ['JobComplete', 4, 3],
    ]);
    const [head, good] = await rows(job.id, 'successfulResults');
    expect(head).toEqual(['sf__Id', 'sf__Created', 'Envelope_Id__c', 'Status__c', 'Opportunity__c', 'Reason__c']);
    expect(good?.slice(1, 3)).toEqual(['true', 'env_1']);
    expect(org.sandbox.field('Envelope__c', good?.[0] ?? '', 'Reason__c')).toBe('two\n"lines", and more');
    const failed = await rows(job.id, 'failedResults');
    expect(failed[0]?.slice(0, 2)).toEqual(['sf__Id', 'sf__Error']);
    expect(failed.slice(1).map((row) => [row[1]?.split(':')[0], row[2]])).toEqual([
      ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'env_2'],
      ['INVALID_CROSS_REFERENCE_KEY', 'env_3'],
      ['MISSING_ARGUMENT', ''],
    ]);
    expect(await rows(job.id, 'unprocessedrecords')).toHaveLength(1);
  });

  test('children name their parent by its external id, and empty cells leave fields alone', async () => {
    const job = (await create({ object: 'Envelope_Recipient__c', operation: 'upsert', externalIdFieldName: 'Recipient_Id__c' })).body;
    await upload(job.id, 'Recipient_Id__c,Envelope__r.Envelope_Id__c,Role__c,Order__c\nenv_1|Signer,env_1,Signer,1\nenv_9|Signer,env_9,Signer,x\n');
    await close(job.id);
    expect((await rows(job.id, 'successfulResults')).slice(1)).toHaveLength(1);
    expect((await rows(job.id, 'failedResults'))[1]?.[1]).toMatch(/^INVALID_TYPE_ON_FIELD_IN_RECORD/);
    const again = (await create({ object: 'Envelope_Recipient__c', operation: 'upsert', externalIdFieldName: 'Recipient_Id__c' })).body;
    await upload(again.id, 'Recipient_Id__c,Role__c,Order__c\nenv_1|Signer,,#N/A\n');
    await close(again.id);
    expect((await org.query("SELECT Role__c, Order__c FROM Envelope_Recipient__c WHERE Recipient_Id__c = 'env_1|Signer'")).body.records[0]).toMatchObject({
      Role__c: 'Signer',
      Order__c: null,
    });
  });

  test('an unknown object or column, an unknown key and an aborted job', async () => {
    expect((await create({ object: 'Nothing__c', operation: 'insert' })).body[0].errorCode).toBe('INVALIDENTITY');
    expect((await create({ object: 'Account', operation: 'upsert', externalIdFieldName: 'Name' })).body[0].errorCode).toBe('INVALIDJOB');
    const wrong = (await create({ object: 'Account', operation: 'insert' })).body;
    await upload(wrong.id, 'Name,Nothing\nx,y\n');
    await close(wrong.id);
    expect((await org.api('GET', `/jobs/ingest/${wrong.id}`)).body).toMatchObject({ state: 'Failed', errorMessage: expect.stringContaining('Nothing') });
    const stopped = (await create({ object: 'Account', operation: 'insert' })).body;
    expect((await close(stopped.id, 'Aborted')).body.state).toBe('Aborted');
    expect((await org.api('DELETE', `/jobs/ingest/${stopped.id}`)).status).toBe(204);
    expect((await org.api('GET', `/jobs/ingest/${stopped.id}`)).status).toBe(404);
  });
});
