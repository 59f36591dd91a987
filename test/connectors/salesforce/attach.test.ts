import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordRef } from '#core/records';
import { attach } from '#connectors/salesforce/attach';
import { id, page, problemOf, refusal, sandboxOrg, scriptedOrg, specOf, type Asked, type Reply, type ScriptedOrg } from './org.ts';

const DEAL = id('006', 1);
const VERSION = id('068', 1);
const BYTES = new Uint8Array([37, 80, 68, 70, 0, 255, 13, 10, 45, 45]);
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const file = (more: object = {}) => ({
  record: { type: 'deal', id: DEAL } as RecordRef,
  name: 'Order "form".pdf',
  type: 'application/pdf',
  bytes: BYTES,
  key: 'env_1|pdf',
  ...more,
});

/** Keeps files as an org does, from the parts of the form that it is sent. */
function cabinet(spoil: (bytes: Buffer) => Buffer = (bytes) => bytes, visibility = 'AllUsers') {
  const kept: { about: Record<string, string>; bytes: Buffer; head: string }[] = [];
  const answer = ({ method, path, headers, body }: Asked): Reply | undefined => {
    if (method === 'POST' && path === '/sobjects/ContentVersion') {
      const [about = '', data = ''] = partsOf(headers['content-type'] ?? '', body as Buffer);
      const bytes = Buffer.from(data.slice(data.indexOf('\r\n\r\n') + 4), 'latin1');
      kept.push({ about: JSON.parse(about.slice(about.indexOf('\r\n\r\n') + 4)) as Record<string, string>, bytes: spoil(bytes), head: data.slice(0, data.indexOf('\r\n\r\n')) });
      return { status: 201, body: { id: VERSION, success: true, errors: [] } };
    }
    if (path.includes(' FROM ContentVersion WHERE Id '))
      return page(kept.map(({ bytes }) => ({ ContentDocumentId: id('069', 1), Checksum: md5(bytes), ContentSize: bytes.length })));
    if (path.includes(' FROM ContentVersion WHERE ')) return page(kept.length > 0 ? [{ Id: VERSION }] : []);
    if (path.includes(' FROM ContentDocumentLink '))
      return page([
        { Id: id('06A', 1), ContentDocumentId: id('069', 1), Visibility: visibility },
        { Id: id('06A', 2), ContentDocumentId: id('069', 2), Visibility: 'AllUsers' },
      ]);
    if (method === 'PATCH' && path.startsWith('/sobjects/ContentDocumentLink/')) return { status: 204 };
    return undefined;
  };
  return { kept, answer };
}
function partsOf(type: string, body: Buffer): string[] {
  const boundary = /boundary=(.+)$/.exec(type)?.[1] ?? '';
  const pieces = body.toString('latin1').split(`--${boundary}`);
  expect(pieces.at(-1)).toBe('--\r\n');
  return pieces.slice(1, -1).map((piece) => piece.replace(/^\r\n/, '').replace(/\r\n$/, ''));
}

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg()));
afterEach(() => org.stop());

describe('a file', () => {
  test('is kept byte for byte, published to its record, and shown to the inside alone', async () => {
    const { kept, answer } = cabinet();
    org.answers(answer);
    expect(await attach(org.call, file())).toEqual({ id: VERSION });
    expect(kept[0]?.bytes.equals(Buffer.from(BYTES))).toBe(true);
    expect(kept[0]?.about).toEqual({ Title: 'Order "form"', PathOnClient: 'Order "form".pdf', Envelope_Id__c: 'env_1|pdf', FirstPublishLocationId: DEAL });
    expect(kept[0]?.head).toContain('filename="Order _form_.pdf"');
    const shared = org.asked.filter(({ method }) => method === 'PATCH');
    expect(shared.map(({ path, body }) => [path, body])).toEqual([[`/sobjects/ContentDocumentLink/${id('06A', 1)}`, { Visibility: 'InternalUsers' }]]);
    expect(org.asked.find(({ method }) => method === 'POST')?.headers).toMatchObject({ 'sforce-call-options': 'client=countersign', authorization: 'Bearer token-of-the-test' });
  });

  test('is kept once for a key, and left as it is where only the inside sees it', async () => {
    const { kept, answer } = cabinet(undefined, 'InternalUsers');
    org.answers(answer);
    await attach(org.call, file());
    expect(await attach(org.call, file())).toEqual({ id: VERSION });
    expect(kept).toHaveLength(1);
    expect(org.asked.some(({ method }) => method === 'PATCH')).toBe(false);
    expect(org.queries().find((soql) => soql.includes('Envelope_Id__c ='))).toContain(`Envelope_Id__c = 'env_1|pdf' AND FirstPublishLocationId = '${DEAL}'`);
  });

  test('that is not what was sent is told, at once and when found again', async () => {
    org.answers(cabinet((bytes) => bytes.subarray(1)).answer);
    for (let attempt = 0; attempt < 2; attempt++) expect((await problemOf(attach(org.call, file()))).code).toBe('vendor.odd-answer');
  });

  test('of more than 30 MiB is not taken, and nothing is asked', async () => {
    const problem = await problemOf(attach(org.call, file({ bytes: new Uint8Array(30 * 1024 * 1024 + 1) })));
    expect([problem.code, problem.message]).toEqual(['request.too-large', expect.stringContaining('31 MiB')]);
    expect(org.asked).toEqual([]);
  });

  test('of our own record is published to its Salesforce id, and a longer key is shortened the same way each time', async () => {
    const { kept, answer } = cabinet();
    org.answers((asked) => (asked.path.includes(' FROM Envelope__c ') ? page([{ Id: id('a00', 5) }]) : answer(asked)));
    await attach(org.call, file({ record: { type: 'envelope', id: 'env_1' }, key: 'k'.repeat(90) }));
    expect(kept[0]?.about).toMatchObject({ FirstPublishLocationId: id('a00', 5), Envelope_Id__c: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
    org.answers((asked) => (asked.path.includes(' FROM Envelope__c ') ? page([]) : undefined));
    expect((await problemOf(attach(org.call, file({ record: { type: 'envelope', id: 'env_2' } })))).code).toBe('vendor.not-found');
    expect((await problemOf(attach(org.call, file({ record: { type: 'deal', id: '7' } })))).code).toBe('vendor.not-found');
  });

  test('that the org has no room for is refused with its words', async () => {
    const { answer } = cabinet();
    org.answers((asked) =>
      asked.method === 'POST' && asked.path === '/sobjects/ContentVersion' ? refusal(400, 'STORAGE_LIMIT_EXCEEDED', 'storage limit exceeded') : answer(asked),
    );
    const problem = await problemOf(attach(org.call, file()));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringContaining('storage')]);
  });

  test('is found in an org with a namespace by its own name there', async () => {
    const { kept, answer } = cabinet();
    const spaced = await scriptedOrg(answer, { namespace: 'cntr' });
    await attach(spaced.call, file());
    expect(kept[0]?.about).toHaveProperty('cntr__Envelope_Id__c', 'env_1|pdf');
    await spaced.stop();
  });

  test('uses fields that Salesforce documents', () => {
    const [version, link] = [specOf('ContentVersion'), specOf('ContentDocumentLink')];
    for (const name of ['Title', 'PathOnClient', 'FirstPublishLocationId', 'VersionData']) expect([name, version[name]?.properties.includes('Create')]).toEqual([name, true]);
    expect(version.Checksum).toBeDefined();
    expect(link.Visibility?.properties).toContain('Update');
  });
});

test('the sandbox keeps a file once, byte for byte, on its opportunity', async () => {
  const real = await sandboxOrg();
  const deal = real.sandbox.opportunityNamed('').id;
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
  const sent = file({ record: { type: 'deal', id: deal }, bytes });
  const [first, second] = [await attach(real.call, sent), await attach(real.call, sent)];
  expect(second).toEqual(first);
  expect(real.sandbox.records('ContentVersion').map(({ values }) => [values.Checksum, values.ContentSize, values.FirstPublishLocationId])).toEqual([
    [md5(bytes), bytes.length, deal],
  ]);
  const links = real.sandbox.records('ContentDocumentLink').filter(({ values }) => values.LinkedEntityId === deal);
  expect(links.map(({ values }) => values.Visibility)).toEqual(['InternalUsers']);
  await real.stop();
});
