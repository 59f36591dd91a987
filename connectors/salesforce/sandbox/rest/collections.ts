import { isObject } from '#lib/json';
import { ApiFault, fault, invalidType, type Fault } from '../org/faults.ts';
import { id18Of } from '../org/ids.ts';
import type { SeenObject } from '../org/schema.ts';
import type { Outcome, Transaction } from '../org/transaction.ts';
import { bodyOf, objectOf, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';
import { enqueued, keyField, namesOf, recordsOf, shown } from './records.ts';

const MOST = 200;
const MOST_READ = 2000;
const MOST_CHUNKS = 10;

export const collectionRoutes: Route[] = [
  { method: 'POST', path: 'composite/sobjects', handler: create },
  { method: 'PATCH', path: 'composite/sobjects', handler: update },
  { method: 'DELETE', path: 'composite/sobjects', handler: remove },
  { method: 'GET', path: 'composite/sobjects/:object', handler: readByQuery },
  { method: 'POST', path: 'composite/sobjects/:object', handler: readByBody },
  { method: 'PATCH', path: 'composite/sobjects/:object/:field', handler: upsert },
];

type Item = Outcome & { object?: SeenObject };
const refused = (...faults: Fault[]): Item => ({ ok: false, faults });

function create(caller: Caller, ask: Ask): Answer {
  return each(caller, allOrNone(ask), checked(ask), (tx, record) => {
    const object = typed(caller, record);
    if (!object) return refused(invalidType(typeOf(record)));
    if ('Id' in record || 'id' in record) return refused(fault('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', ['Id']));
    return { ...tx.insert(object, record), object };
  });
}

function update(caller: Caller, ask: Ask): Answer {
  const records = checked(ask);
  const twice = repeated(records.map((record) => id18Of(idIn(record)) ?? ''));
  return each(caller, allOrNone(ask), records, (tx, record) => {
    const object = typed(caller, record);
    const id = idIn(record);
    if (!object) return refused(invalidType(typeOf(record)));
    if (id === '') return refused(fault('MISSING_ARGUMENT', 'Id not specified in an update call'));
    if (twice.has(id18Of(id) ?? '')) return refused(fault('DUPLICATE_VALUE', `duplicate id specified: ${id}`));
    return tx.update(object, id, withoutId(record));
  });
}

function remove(caller: Caller, ask: Ask): Answer {
  const ids = (ask.query.get('ids') ?? '').split(',').filter(Boolean);
  if (ids.length === 0) throw new ApiFault(400, fault('REQUIRED_FIELD_MISSING', 'The ids parameter is missing'));
  limit(ids.length, MOST);
  return each(caller, ask.query.get('allOrNone') === 'true', ids, (tx, id) => tx.remove(null, id));
}

/** Writes by external id; one that stands in the list twice is refused both times. */
function upsert(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const field = keyField(object, ask.params.field ?? '');
  const records = checked(ask);
  const keyIn = (record: Record<string, unknown>): string => String(Object.entries(record).find(([name]) => object.field(name) === field)?.[1] ?? '');
  const twice = repeated(records.map(keyIn));
  return each(
    caller,
    allOrNone(ask),
    records,
    (tx, record) => {
      const key = keyIn(record);
      if (typed(caller, record) !== object) return refused(invalidType(typeOf(record)));
      if (key === '') return refused(fault('MISSING_ARGUMENT', `${field.name} not specified`));
      if (twice.has(key)) return refused(fault('DUPLICATE_VALUE', `Duplicate external id specified: ${key}`, [field.name]));
      const rest = Object.fromEntries(Object.entries(record).filter(([name]) => object.field(name) !== field && name !== 'attributes'));
      const outcome = tx.upsert(object, field, key, rest);
      return 'several' in outcome
        ? refused(fault('DUPLICATE_EXTERNAL_ID', `${field.name}: more than one record found for external id field: [${outcome.several.join(', ')}]`))
        : outcome;
    },
    true,
  );
}

function readByQuery(caller: Caller, ask: Ask): Answer {
  return readAll(caller, ask, (ask.query.get('ids') ?? '').split(','), namesOf(ask) ?? []);
}
function readByBody(caller: Caller, ask: Ask): Answer {
  const { ids, fields } = bodyOf(ask);
  if (!Array.isArray(ids) || !Array.isArray(fields)) throw new ApiFault(400, fault('INVALID_INPUT', 'ids and fields must be lists'));
  return readAll(caller, ask, ids.map(String), fields.map(String));
}

/** In the order asked; null where there is none. */
function readAll(caller: Caller, ask: Ask, ids: string[], names: string[]): Answer {
  const object = objectOf(caller, ask);
  limit(ids.length, MOST_READ);
  if (names.length === 0) throw new ApiFault(400, fault('REQUIRED_FIELD_MISSING', 'The fields parameter is missing'));
  return ok(
    ids.map((id) => {
      const row = caller.org.store.find(object.def.name, id18Of(id) ?? '');
      return row && !row.deleted ? shown(ask, object, row, names) : null;
    }),
  );
}

function each<T>(caller: Caller, together: boolean, items: T[], act: (tx: Transaction, item: T) => Item, tellCreated = false): Answer {
  const outcomes = caller.write((tx) => {
    const results = items.map((item) => act(tx, item));
    if (!together || results.every(({ ok: done }) => done)) return results;
    tx.rollback();
    const undone = fault('ALL_OR_NONE_OPERATION_ROLLED_BACK', 'Record rolled back because not all records were valid and the request was using AllOrNone header');
    return results.map((result): Item => (result.ok ? refused(undone) : result));
  });
  return ok(
    outcomes.map((outcome) => {
      if (!outcome.ok) return { success: false, errors: outcome.faults.map(({ code, message, fields }) => ({ statusCode: code, message, fields })) };
      return { id: outcome.id, success: true, errors: outcome.object ? enqueued(outcome.object, outcome.id) : [], ...(tellCreated && { created: outcome.created }) };
    }),
  );
}

function checked(ask: Ask): Record<string, unknown>[] {
  const records = recordsOf(ask);
  limit(records.length, MOST);
  const chunks = records.filter((record, at) => at === 0 || typeOf(record) !== typeOf(records[at - 1] ?? {})).length;
  if (chunks > MOST_CHUNKS)
    throw new ApiFault(400, fault('INVALID_BATCH_SIZE', 'Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking.'));
  return records;
}

function limit(count: number, most: number): void {
  if (count > most) throw new ApiFault(400, fault('EXCEEDED_ID_LIMIT', `record limit reached. cannot submit more than ${most} records into this operation`));
}
function repeated(keys: string[]): Set<string> {
  return new Set(keys.filter((key, at) => key !== '' && keys.indexOf(key) !== at));
}

const allOrNone = (ask: Ask): boolean => bodyOf(ask).allOrNone === true;
const typeOf = ({ attributes }: Record<string, unknown>): string => (isObject(attributes) && typeof attributes.type === 'string' ? attributes.type : '');
const typed = ({ actor }: Caller, record: Record<string, unknown>): SeenObject | undefined => actor.schema.object(typeOf(record));
const idIn = (record: Record<string, unknown>): string => String(Object.entries(record).find(([name]) => name.toLowerCase() === 'id')?.[1] ?? '');
const withoutId = (record: Record<string, unknown>) => Object.fromEntries(Object.entries(record).filter(([name]) => name.toLowerCase() !== 'id'));
