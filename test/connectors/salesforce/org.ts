import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Problem } from '#core/problem';
import { isObject, type Json } from '#lib/json';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';
import { newId } from '#lib/ids';
import type { Call, HttpReply } from '#ports/call';
import type { Sandbox } from '#ports/sandbox';
import { id18 } from '#connectors/salesforce/ids';
import { salesforce } from '#connectors/salesforce/index';
import { PACKAGE_FIELDS } from '#connectors/salesforce/package-fields';
import { createSalesforceSandbox, type SalesforceHandles, type SalesforceSandboxOptions } from '#connectors/salesforce/sandbox';
import { openPlace } from '../../contract/place.ts';

/** Salesforce's own lists of fields, read from beside the checkout. Where they are absent a short list stands in and says so: it must never be taken for the real thing. */
const folder = join(projectRoot, '../shared/specs/salesforce');
const specsAtHand = existsSync(join(folder, 'Opportunity.json'));
if (!specsAtHand) console.warn(`\n*** THE VENDOR'S FIELD LISTS ARE NOT AT HAND (${folder}): standard fields are checked against short lists only. ***\n`);

interface SpecField {
  type: string;
  properties: string;
}
/** By object: what may be read, then what may also be made and changed. */
const SHORT: Record<string, [read: string, write: string]> = {
  Opportunity: ['LastStageChangeDate:datetime', 'Name StageName AccountId OwnerId RecordTypeId'],
  OpportunityContactRole: ['', 'ContactId Role IsPrimary'],
  OpportunityLineItem: ['Product2Id', 'Quantity'],
  OpportunityStage: ['ApiName MasterLabel IsClosed IsActive SortOrder', ''],
  Lead: ['', 'Email IsConverted'],
  Task: ['', 'WhatId OwnerId Subject ActivityDate Status Priority Description'],
  ContentVersion: ['Checksum ContentSize ContentDocumentId', 'Title PathOnClient FirstPublishLocationId VersionData'],
  ContentDocumentLink: ['LinkedEntityId', 'Visibility'],
  Campaign: ['', 'Name IsActive'],
  CampaignMember: ['', 'CampaignId ContactId Status'],
};

export function specOf(object: string): Record<string, SpecField> {
  if (specsAtHand) return (JSON.parse(readFileSync(join(folder, `${object}.json`), 'utf8')) as { fields: Record<string, SpecField> }).fields;
  const [read, write] = SHORT[object] ?? ['', ''];
  const named = (names: string, rights: string) =>
    names.split(' ').map((one): [string, SpecField] => {
      const [name = '', type = 'string'] = one.split(':');
      const more = `${['Status', 'Priority'].includes(name) ? 'Defaulted on create, ' : ''}${name === 'Description' ? '' : 'Filter, '}`;
      return [name, { type, properties: more + rights }];
    });
  return Object.fromEntries([...named(read, 'Nillable'), ...named(write, 'Create, Update')]);
}
/** In every object and in none of the lists. */
export const SYSTEM_FIELDS = ['Id', 'CreatedDate', 'IsDeleted', 'LastModifiedDate', 'SystemModstamp'];

/** What was asked of the org, parts of composites one by one. `path` is below the version root, decoded. */
export interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}
export interface Reply {
  status?: number;
  body?: unknown;
  type?: string;
}
export type Script = (asked: Asked) => Reply | undefined;

/** Ids of the short form are made long, so that tests can write them. */
export const id = (prefix: string, number: number): string => id18(`${prefix}${String(number).padStart(15 - prefix.length, '0')}`);
export const refusal = (status: number, errorCode: string, message = 'no', fields?: string[]): Reply => ({ status, body: [{ errorCode, message, ...(fields && { fields }) }] });
export const page = (records: unknown[]): Reply => ({ body: { totalSize: records.length, done: true, records } });
/** One answer of a collection. */
export const landed = (recordId = id('006', 1)) => ({ id: recordId, success: true, errors: [] });
export const failed = (statusCode: string, fields: string[] = [], message = 'The org says no') => ({ success: false, errors: [{ statusCode, message, fields }] });

/**
 * An org that says what the test wants, over real HTTP: for refusals, races and oddities that no well-behaved org shows on request. It counts as Salesforce
 * counts: a composite is one call. What the script leaves unanswered is described as a plain org with the package.
 */
export async function scriptedOrg(script: Script = () => undefined, options: { namespace?: string } = {}) {
  const asked: Asked[] = [];
  const state = { script, calls: 0 };
  const answer = (one: Asked): Reply => {
    asked.push(one);
    return state.script(one) ?? plainAnswer(one, options.namespace ?? '') ?? refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
  };
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      state.calls++;
      const one = await askedOf(incoming);
      const reply = one.path === '/composite' ? compositeReply(one, answer) : answer(one);
      outgoing.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'application/json;charset=UTF-8', 'sforce-limit-info': `api-usage=${state.calls}/15000` });
      outgoing.end(reply.body === undefined ? '' : typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    call: callTo({ baseUrl }),
    asked,
    answers: (next: Script) => void (state.script = next),
    /** Calls that Salesforce would count while `work` runs. */
    async callsOf(work: () => Promise<unknown>): Promise<number> {
      const before = state.calls;
      await work();
      return state.calls - before;
    },
    queries: () => asked.flatMap(({ path }) => (path.startsWith('/query?q=') ? [path.slice('/query?q='.length)] : [])),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type ScriptedOrg = Awaited<ReturnType<typeof scriptedOrg>>;

async function askedOf(incoming: IncomingMessage): Promise<Asked> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const json = incoming.headers['content-type']?.includes('json');
  return {
    method: incoming.method ?? '',
    path: below(incoming.url ?? ''),
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: json ? (JSON.parse(bytes.toString()) as Json) : bytes,
  };
}
const below = (url: string): string => decodeURIComponent(url.replace(/^\/services\/data\/v67\.0/, ''));

function compositeReply(one: Asked, answer: (part: Asked) => Reply): Reply {
  const parts = isObject(one.body) && Array.isArray(one.body.compositeRequest) ? one.body.compositeRequest.filter(isObject) : [];
  const reads = parts.filter(({ method, url }) => /\/query\?|\/composite\/sobjects/.test(String(url)) && method !== 'PATCH');
  if (parts.length > 25 || reads.length > 5) return refusal(400, 'INVALID_INPUT', 'Too many subrequests');
  const compositeResponse = parts.map((part) => {
    const reply = answer({ method: String(part.method), path: below(String(part.url)), headers: one.headers, body: part.body });
    return { body: reply.body ?? null, httpHeaders: {}, httpStatusCode: reply.status ?? 200, referenceId: part.referenceId };
  });
  return { body: { compositeResponse } };
}

type RawField = Record<string, unknown>;
export function field(name: string, type = 'string', more: RawField = {}): RawField {
  return { name, label: name.replaceAll('_', ' '), type, length: 0, updateable: true, createable: true, deprecatedAndHidden: false, picklistValues: [], ...more };
}
const FIXED = { updateable: false, createable: false };
export const choice = (...values: string[]) => ({ picklistValues: values.map((value) => ({ value, label: value, active: true })) });
const STATUSES = choice('requested', 'sent', 'viewed', 'partially_signed', 'completed', 'declined', 'voided', 'expired', 'failed', 'blocked');

/** A package field by what its name says. */
function packageField(name: string): RawField {
  if (/_At__c$/.test(name)) return field(name, 'datetime');
  if (/(^|_)Status__c$/.test(name) && !name.includes('Last')) return field(name, 'picklist', STATUSES);
  if (/Count__c|Order__c/.test(name)) return field(name, 'double');
  if (/Reason__c/.test(name)) return field(name, 'textarea', { length: 4000 });
  if (/^(Opportunity|Account|Contact|Lead)__c$/.test(name)) return field(name, 'reference', { length: 18 });
  return field(name, 'string', { length: 255 });
}

const STANDARD: Record<string, RawField[]> = {
  Opportunity: [
    field('Id', 'id', FIXED),
    field('Name', 'string', { length: 120 }),
    field('Amount', 'currency'),
    field('StageName', 'picklist', choice('Prospecting', 'Proposal/Price Quote', 'Closed Won')),
    field('CloseDate', 'date'),
    field('IsWon', 'boolean', FIXED),
    field('OwnerId', 'reference'),
    field('AccountId', 'reference'),
    field('RecordTypeId', 'reference'),
    field('LastStageChangeDate', 'datetime', FIXED),
    field('CreatedDate', 'datetime', FIXED),
    field('Description', 'textarea', { length: 32000 }),
    field('Order_Number__c', 'string', { length: 10 }),
    field('Vip__c', 'boolean'),
    ...PACKAGE_FIELDS.deal.map(packageField),
  ],
  Contact: [field('Id', 'id', FIXED), field('LastName'), field('Email', 'email'), field('MailingAddress', 'address', FIXED), ...PACKAGE_FIELDS.contact.map(packageField)],
  Account: [field('Id', 'id', FIXED), field('Name'), ...PACKAGE_FIELDS.company.map(packageField)],
  OpportunityLineItem: [field('Id', 'id', FIXED), field('Product2Id', 'reference', FIXED), field('Quantity', 'double')],
  Lead: [field('Id', 'id', FIXED), field('Email', 'email'), field('IsConverted', 'boolean', FIXED), ...PACKAGE_FIELDS.lead.map(packageField)],
  OpportunityContactRole: [field('Role', 'picklist', choice('Signer', 'Decision Maker'))],
};
const OWN: Record<string, RawField[]> = {
  Envelope__c: [field('Id', 'id', FIXED), field('Envelope_Id__c', 'string', { length: 40 }), ...PACKAGE_FIELDS.envelope.map(packageField)],
  Envelope_Recipient__c: [
    field('Id', 'id', FIXED),
    field('Recipient_Id__c', 'string', { length: 255 }),
    field('Envelope__c', 'reference', { updateable: false }),
    ...PACKAGE_FIELDS.recipient.map(packageField),
  ],
};
export const RECORD_TYPES = {
  none: [{ recordTypeId: '012000000000000AAA', name: 'Master', active: true, available: true, master: true }],
  two: [
    { recordTypeId: id('012', 7), name: 'New business', active: true, available: true, master: false },
    { recordTypeId: id('012', 8), name: 'Old', active: false, available: false, master: false },
    { recordTypeId: '012000000000000AAA', name: 'Master', active: true, available: true, master: true },
  ],
};
const STAGES = [
  { ApiName: 'Prospecting', MasterLabel: 'Prospecting', IsClosed: false, SortOrder: 1 },
  { ApiName: 'Proposal/Price Quote', MasterLabel: 'Proposal', IsClosed: false, SortOrder: 4 },
  { ApiName: 'Closed Won', MasterLabel: 'Closed Won', IsClosed: true, SortOrder: 9 },
];

/** What a describe of a plain org says; `change` alters its fields. */
export function described(object: string, namespace = '', change: (fields: RawField[]) => RawField[] = (fields) => fields): Reply {
  const prefix = namespace === '' ? '' : `${namespace}__`;
  const own = OWN[object.replace(prefix, '')];
  const fields = own ?? STANDARD[object];
  if (!fields || (own && !object.startsWith(prefix))) return refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
  const ours = new Set(Object.values(PACKAGE_FIELDS).flat());
  const named = change(fields).map((one) =>
    prefix !== '' && (own ? String(one.name).endsWith('__c') : ours.has(String(one.name))) ? { ...one, name: `${prefix}${String(one.name)}` } : one,
  );
  return { body: { name: object, fields: named, recordTypeInfos: RECORD_TYPES.none, createable: true, updateable: true } };
}

function plainAnswer({ method, path }: Asked, namespace: string): Reply | undefined {
  const [, object] = /^\/sobjects\/(\w+)\/describe$/.exec(path) ?? [];
  if (method === 'GET' && object !== undefined) return described(object, namespace);
  if (path.includes(' FROM OpportunityStage ')) return page(STAGES);
  return undefined;
}

export type TestCall = Call & { quotas: { used: number; limit: number }[] };

/** As much of a bound call as a connector sees. */
export function callTo(to: { baseUrl: string; token?: Secret; account?: string; timeoutMs?: number }): TestCall {
  const { baseUrl, token = new Secret('token-of-the-test'), account = id('00D', 1), timeoutMs = 60_000 } = to;
  const quotas: TestCall['quotas'] = [];
  return {
    quotas,
    install: { id: newId('ins'), account, baseUrl, environment: 'live', details: {} },
    signal: new AbortController().signal,
    webhookUrl: 'http://localhost/webhooks/salesforce',
    through: (send) => send({ baseUrl, accessToken: token, timeoutMs }),
    async request({ method, path, headers = {}, json, bytes }) {
      const body = bytes ? new Uint8Array(bytes) : json === undefined ? null : JSON.stringify(json);
      return replyOf(await fetch(baseUrl + path, { method, headers: { authorization: `Bearer ${token.reveal()}`, ...headers }, body }));
    },
    budget: () => undefined,
    quota: (day) => void quotas.push(day),
  };
}

async function replyOf(response: Response): Promise<HttpReply> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: text === '' ? null : json ? (JSON.parse(text) as unknown) : text };
}

export const problemOf = async (work: Promise<unknown>): Promise<Problem> =>
  Problem.from(
    await work.then(
      () => new Error('no problem'),
      (thrown: unknown) => thrown,
    ),
  );

/** The sandbox behind real HTTP, with the product's own calls, as an admin who has the package connects it. */
export async function sandboxOrg(options: Partial<SalesforceSandboxOptions> = {}, before: (sandbox: SalesforceHandles) => void = () => undefined) {
  const place = await openPlace({
    connector: salesforce,
    create: (given) => {
      const made = createSalesforceSandbox({ ...given, ...options });
      before(made);
      return made;
    },
    signsWith: 'app',
    consentForm: { action: '/services/oauth2/authorize', allow: { answer: 'allow' }, refuse: { answer: 'refuse' } },
  });
  const sandbox = place.sandbox as Sandbox & SalesforceHandles;
  const { call } = await place.connect();
  const total = () => Object.values(sandbox.calls()).reduce((sum, count) => sum + count, 0);
  return {
    place,
    sandbox,
    call,
    async callsOf(work: () => Promise<unknown>): Promise<number> {
      const start = total();
      await work();
      return total() - start;
    },
    stop: () => place.close(),
  };
}
