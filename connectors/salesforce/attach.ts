import { createHash } from 'node:crypto';
import { sha256 } from '#lib/hmac';
import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { RecordRef } from '#core/records';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { formOf } from './attach-form.ts';
import { CALL_OPTIONS, restPath } from './client.ts';
import { allRecords, queryPart, readTogether } from './composite.ts';
import { isOwn, KEYS, OBJECTS, stored } from './describe-objects.ts';
import { id18, isId } from './ids.ts';
import { replyProblem } from './problem.ts';
import { sendJson } from './request.ts';
import { orgOf, type Org } from './schema.ts';
import { query, quoted } from './soql.ts';
import { textFrom } from './values.ts';

/** Salesforce takes 2 GB; ours are held in memory whole, several at once. */
const MOST_BYTES = 30 * 1024 * 1024;
/** Length of `Envelope_Id__c` on ContentVersion. */
const LONGEST_KEY = 80;
const UPLOAD_MS = 120_000;

type File = Parameters<NonNullable<Crm['attach']>>[1];

/**
 * Keeps a file as a ContentVersion that is published to the record at once, so that it never lies about unlinked. Four calls, one of them the file itself: what an
 * earlier attempt made, the upload, the checksum that Salesforce took, and who may see it, where that is not the inside alone. The bytes go as one part of a
 * form, for in JSON they would be a third longer and 37.5 MB the most.
 * @throws Problem `request.too-large`, `vendor.odd-answer` where the checksum differs, `vendor.not-found` where the record is gone
 */
export async function attach(call: Call, file: File): Promise<{ id: string }> {
  if (file.bytes.length > MOST_BYTES) {
    throw new Problem('request.too-large', { say: `The file has ${Math.ceil(file.bytes.length / 1024 / 1024)} MiB; at most 30 are attached. Keep the pointer to it instead.` });
  }
  const org = await orgOf(call);
  const keyField = stored(org.namespace, 'Envelope_Id__c');
  const key = file.key.length > LONGEST_KEY ? sha256(file.key) : file.key;
  const record = await recordId(call, org, file.record);
  const id = (await findVersion(call, keyField, key, record)) ?? (await upload(call, file, { [keyField]: key, FirstPublishLocationId: record }));
  await check(call, id, record, file.bytes);
  return { id };
}

async function recordId(call: Call, org: Org, { type, id }: RecordRef): Promise<string> {
  if (!isOwn(type)) {
    if (isId(id)) return id18(id);
    throw new Problem('vendor.not-found');
  }
  const [row] = await query<Record<string, unknown>>(call, `SELECT Id FROM ${stored(org.namespace, OBJECTS[type])} WHERE ${stored(org.namespace, KEYS[type])} = ${quoted(id)}`);
  if (row && isId(row.Id)) return id18(row.Id);
  throw new Problem('vendor.not-found');
}

async function findVersion(call: Call, keyField: string, key: string, record: string): Promise<string | null> {
  const where = `${keyField} = ${quoted(key)} AND FirstPublishLocationId = '${record}'`;
  const [made] = await query<Record<string, unknown>>(call, `SELECT Id FROM ContentVersion WHERE ${where} ORDER BY CreatedDate, Id LIMIT 1`);
  return made && isId(made.Id) ? id18(made.Id) : null;
}

async function upload(call: Call, { name, type, bytes }: File, more: Record<string, string>): Promise<string> {
  const about = { Title: name.replace(/\.[^.]{1,8}$/, '').slice(0, 255), PathOnClient: name, ...more };
  const form = formOf(about, { name, type, bytes });
  const headers = { ...CALL_OPTIONS, 'content-type': form.type };
  const reply = await call.request({ method: 'POST', path: restPath('/sobjects/ContentVersion'), headers, bytes: form.bytes, timeoutMs: UPLOAD_MS });
  if (reply.status >= 300) throw replyProblem(reply);
  if (!isObject(reply.body) || !isId(reply.body.id)) throw new Problem('vendor.odd-answer');
  return id18(reply.body.id);
}

/** The checksum is MD5 [D]: it tells a file that broke on the way, which is all that is asked of it. */
async function check(call: Call, version: string, record: string, bytes: Uint8Array): Promise<void> {
  const [kept, links] = await readTogether(call, [
    queryPart(`SELECT ContentDocumentId, Checksum, ContentSize FROM ContentVersion WHERE Id = '${version}'`),
    queryPart(`SELECT Id, ContentDocumentId, Visibility FROM ContentDocumentLink WHERE LinkedEntityId = '${record}'`),
  ]);
  const [row] = await allRecords(call, kept);
  if (textFrom(row?.Checksum).toLowerCase() !== createHash('md5').update(bytes).digest('hex')) {
    throw new Problem('vendor.odd-answer', { say: 'What Salesforce keeps is not the file that was sent. Delete that file from the record, then replay.', facts: { version } });
  }
  const mine = (await allRecords(call, links)).filter(({ ContentDocumentId }) => ContentDocumentId === row?.ContentDocumentId);
  const open = mine.filter(({ Id, Visibility }) => isId(Id) && Visibility !== 'InternalUsers');
  // A contract is not for the visitors of a portal that shows the record.
  for (const { Id } of open) await sendJson(call, 'PATCH', `/sobjects/ContentDocumentLink/${textFrom(Id)}`, { Visibility: 'InternalUsers' });
}
