import { createHash } from 'node:crypto';
import type { ChangeEvent } from './change-events.ts';

type Kind = 'string' | 'double' | 'boolean' | 'long';

const HEADER = {
  type: 'record',
  name: 'ChangeEventHeader',
  fields: [
    { name: 'entityName', type: 'string' },
    { name: 'recordIds', type: { type: 'array', items: 'string' } },
    {
      name: 'changeType',
      type: {
        type: 'enum',
        name: 'ChangeType',
        symbols: ['CREATE', 'UPDATE', 'DELETE', 'UNDELETE', 'GAP_CREATE', 'GAP_UPDATE', 'GAP_DELETE', 'GAP_UNDELETE', 'GAP_OVERFLOW', 'SNAPSHOT'],
      },
    },
    { name: 'changeOrigin', type: 'string' },
    { name: 'transactionKey', type: 'string' },
    { name: 'sequenceNumber', type: 'int' },
    { name: 'commitTimestamp', type: 'long' },
    { name: 'commitNumber', type: 'long' },
    { name: 'commitUser', type: 'string' },
    { name: 'nulledFields', type: { type: 'array', items: 'string' } },
    { name: 'diffFields', type: { type: 'array', items: 'string' } },
    { name: 'changedFields', type: { type: 'array', items: 'string' } },
  ],
};

/** Fields of an opportunity's change event, in their places behind the header. Dates and times are milliseconds. */
const STANDARD: readonly (readonly [string, Kind])[] = [
  ['AccountId', 'string'],
  ['IsPrivate', 'boolean'],
  ['Name', 'string'],
  ['Description', 'string'],
  ['StageName', 'string'],
  ['Amount', 'double'],
  ['Probability', 'double'],
  ['ExpectedRevenue', 'double'],
  ['TotalOpportunityQuantity', 'double'],
  ['CloseDate', 'long'],
  ['Type', 'string'],
  ['NextStep', 'string'],
  ['LeadSource', 'string'],
  ['IsClosed', 'boolean'],
  ['IsWon', 'boolean'],
  ['ForecastCategory', 'string'],
  ['ForecastCategoryName', 'string'],
  ['CampaignId', 'string'],
  ['HasOpportunityLineItem', 'boolean'],
  ['Pricebook2Id', 'string'],
  ['OwnerId', 'string'],
  ['CreatedDate', 'long'],
  ['CreatedById', 'string'],
  ['LastModifiedDate', 'long'],
  ['LastModifiedById', 'string'],
  ['LastStageChangeDate', 'long'],
  ['ContactId', 'string'],
];

/** What overflow events carry for an id. */
const NO_RECORD = '000000000000000AAA';

/** avro-js, as much of it as is used. It writes here what a reader of our own reads on the other side. */
export interface Avro {
  createType(schema: unknown): { toBuffer(value: unknown): Buffer };
}
export interface EventSchema {
  id: string;
  json: string;
}

/** Schemas of the org's change events. A field that nobody has seen before, as one that an admin adds, makes a new schema with an id of its own. */
export function createEventSchemas(avro: Avro): {
  current(): EventSchema;
  find(id: string): EventSchema | undefined;
  encode(event: ChangeEvent): { schemaId: string; payload: Buffer };
} {
  const kinds = new Map<string, Kind>(STANDARD);
  const known = new Map<string, EventSchema>();
  let made = build();

  function build() {
    const fields = [...kinds].map(([name, kind]) => ({ name, type: ['null', kind], default: null }));
    const schema = { type: 'record', name: 'OpportunityChangeEvent', namespace: 'com.sforce.eventbus', fields: [{ name: 'ChangeEventHeader', type: HEADER }, ...fields] };
    const json = JSON.stringify(schema);
    const id = createHash('md5').update(json).digest('base64url');
    known.set(id, { id, json });
    return { id, json, type: avro.createType(schema) };
  }

  function learn(changed: ChangeEvent['changed']): void {
    const unseen = Object.entries(changed).filter(([name]) => !kinds.has(name));
    for (const [name, value] of unseen) kinds.set(name, typeof value === 'number' ? 'double' : typeof value === 'boolean' ? 'boolean' : 'string');
    if (unseen.length > 0) made = build();
  }

  return {
    current: () => ({ id: made.id, json: made.json }),
    find: (id) => known.get(id),
    encode(event) {
      learn(event.changed);
      const positions = new Map(['ChangeEventHeader', ...kinds.keys()].map((name, index) => [name, index]));
      const names = Object.keys(event.changed);
      const bitmap = (of: string[]): string[] => (of.length === 0 ? [] : [bitmapOf(of.map((name) => positions.get(name) ?? 0))]);
      const values = [...kinds].map(([name, kind]) => [name, valueOf(event.changed[name] ?? null, kind)]);
      const header = {
        entityName: event.entity,
        recordIds: event.recordIds.length > 0 ? event.recordIds : [NO_RECORD],
        changeType: event.changeType,
        changeOrigin: event.changeOrigin,
        transactionKey: event.transactionKey,
        sequenceNumber: event.sequenceNumber,
        commitTimestamp: event.commitTimestamp,
        commitNumber: event.commitNumber,
        commitUser: event.commitUser,
        // Only an update says what it changed.
        changedFields: event.changeType === 'UPDATE' ? bitmap(names) : [],
        nulledFields: event.changeType === 'UPDATE' ? bitmap(names.filter((name) => event.changed[name] === null)) : [],
        diffFields: [],
      };
      return { schemaId: made.id, payload: made.type.toBuffer({ ChangeEventHeader: header, ...(Object.fromEntries(values) as Record<string, unknown>) }) };
    },
  };
}

/** Bit i stands for field i; whole bytes, in capitals. */
function bitmapOf(positions: readonly number[]): string {
  const bits = positions.reduce((all, position) => all | (1n << BigInt(position)), 0n);
  const hex = bits.toString(16).toUpperCase();
  return `0x${hex.length % 2 === 0 ? hex : `0${hex}`}`;
}

/** As the branch of the union that holds it. */
function valueOf(value: ChangeEvent['changed'][string], kind: Kind): unknown {
  if (value === null) return null;
  switch (kind) {
    case 'string':
      return { string: String(value) };
    case 'boolean':
      return { boolean: value === true };
    case 'double':
      return { double: Number(value) };
    case 'long': {
      const ms = typeof value === 'number' ? value : Date.parse(String(value));
      return Number.isSafeInteger(ms) ? { long: ms } : null;
    }
  }
}
