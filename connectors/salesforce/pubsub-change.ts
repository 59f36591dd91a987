import { createHash } from 'node:crypto';
import type { Json } from '#lib/json';
import type { Notice } from '#ports/inbound';
import { AvroFault, readAvro, type AvroType, type AvroValue } from './pubsub-avro.ts';
import { id18, isId } from './ids.ts';
import { fieldsIn } from './pubsub-bitmap.ts';
import type { ConsumerEvent } from './pubsub-channel.ts';

const KIND = 'change.Opportunity';
const ENTITY = 'Opportunity';
const STAGE = 'StageName';
/** What overflow events carry for an id [D: CDC guide, overflow events]. */
const NO_RECORD = /^0{15}/;
/** One transaction may change as many records alike, and a key has to fit into an index. */
const LONGEST_IDS = 200;

interface Header {
  entity: string;
  ids: string[];
  changeType: string;
  origin: string;
  transaction: string;
  sequence: number;
  commitAt: number;
  changed: string[];
  nulled: string[];
}

/**
 * A change event as a notice, or null where it is of another object. Its payload is `{ ids?, changeType, stage?, origin, commitAt }`:
 * - `ids` are the records concerned; absent where the event names none, as wildcards (`006*`) and overflow events do;
 * - `changeType` is the vendor's own, `GAP_…` included;
 * - `stage` is the API name of the stage, null where it was emptied, absent where the event says nothing of it;
 * - `origin` is `changeOrigin`, by which our own writes are known; `commitAt` is in milliseconds.
 * @throws AvroFault where the bytes are not what the schema says
 */
export function noticeOf(account: string, event: NonNullable<ConsumerEvent['event']>, type: AvroType): Notice | null {
  const value = readAvro(type, event.payload);
  const header = headerOf(value, type);
  if (header.entity !== ENTITY) return null;
  const ids = header.ids.filter((id) => isId(id) && !NO_RECORD.test(id)).map(id18);
  const stage = stageOf(header, value);
  const { changeType, origin, commitAt } = header;
  const payload: Json = { ...(ids.length > 0 && { ids }), changeType, ...(stage !== undefined && { stage }), origin, commitAt };
  return { account, key: keyOf(header), kind: KIND, at: commitAt, payload };
}

/** An event that cannot be read is not let stand in the way of those behind it. It is kept as a notice that means nothing; reconciliation finds what changed. */
export function unreadable(account: string, { event, replayId }: ConsumerEvent, now: number): Notice {
  const payload: Json = { changeType: 'UNREADABLE', origin: '', commitAt: now };
  return { account, key: `cdc|?|${event?.id ?? ''}|${replayId.toString('base64')}`, kind: KIND, at: now, payload };
}

function keyOf({ ids, transaction, sequence }: Header): string {
  const all = [...ids].sort().join(',');
  const records = all.length <= LONGEST_IDS ? all : createHash('sha256').update(all).digest('base64url');
  return `cdc|${records}|${transaction}|${sequence}`;
}

/** Only an update lists what it changed. The others carry each field that has a value. */
function stageOf({ changeType, changed, nulled }: Header, value: AvroValue): string | null | undefined {
  const stage = value instanceof Map ? value.get(STAGE) : undefined;
  if (nulled.includes(STAGE)) return null;
  if (changeType === 'UPDATE' && !changed.includes(STAGE)) return undefined;
  return typeof stage === 'string' ? stage : undefined;
}

function headerOf(value: AvroValue, type: AvroType): Header {
  const found = value instanceof Map ? value.get('ChangeEventHeader') : undefined;
  if (!(found instanceof Map)) throw new AvroFault('The event has no header.');
  const text = (name: string): string => {
    const part = found.get(name);
    return typeof part === 'string' ? part : '';
  };
  const number = (name: string): number => {
    const part = found.get(name);
    if (typeof part !== 'number') throw new AvroFault(`The event has no ${name}.`);
    return part;
  };
  const texts = (name: string): string[] => {
    const part = found.get(name);
    return Array.isArray(part) ? part.filter((item) => typeof item === 'string') : [];
  };
  return {
    entity: text('entityName'),
    ids: texts('recordIds'),
    changeType: text('changeType'),
    origin: text('changeOrigin'),
    transaction: text('transactionKey'),
    sequence: number('sequenceNumber'),
    commitAt: number('commitTimestamp'),
    changed: fieldsIn(texts('changedFields'), type.fields),
    nulled: fieldsIn(texts('nulledFields'), type.fields),
  };
}
