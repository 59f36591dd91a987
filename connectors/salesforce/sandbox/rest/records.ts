import { isObject } from '#lib/json';
import { ApiFault, fault, notFound, statusOf } from '../org/faults.ts';
import { id18Of } from '../org/ids.ts';
import { matching } from '../org/input.ts';
import type { SeenField, SeenObject } from '../org/schema.ts';
import type { Row } from '../org/state.ts';
import type { Outcome } from '../org/transaction.ts';
import { attributesOf, shownValue } from '../soql/evaluate.ts';
import { bodyOf, errors, objectOf, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';

const refusal = (outcome: Extract<Outcome, { ok: false }>): Answer => errors(statusOf(outcome.faults[0]?.code ?? ''), outcome.faults);

export const recordRoutes: Route[] = [
  { method: 'POST', path: 'sobjects/:object', handler: create },
  { method: 'GET', path: 'sobjects/:object/:id', handler: read },
  { method: 'PATCH', path: 'sobjects/:object/:id', handler: update },
  { method: 'DELETE', path: 'sobjects/:object/:id', handler: remove },
  { method: 'GET', path: 'sobjects/:object/:field/:value', handler: readByKey },
  { method: 'PATCH', path: 'sobjects/:object/:field/:value', handler: upsert },
  { method: 'DELETE', path: 'sobjects/:object/:field/:value', handler: removeByKey },
];

function create(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const outcome = caller.write((tx) => tx.insert(object, inputOf(ask, [])));
  if (!outcome.ok) return refusal(outcome);
  return { ...ok({ id: outcome.id, success: true, errors: enqueued(object, outcome.id) }, 201), headers: { Location: `${ask.root}/sobjects/${object.name}/${outcome.id}` } };
}

/** A published event is not delivered yet, which Salesforce says in the list of errors of a success. */
export function enqueued(object: SeenObject, id: string): object[] {
  return object.def.event ? [{ statusCode: 'OPERATION_ENQUEUED', message: `Published as ${id}`, fields: [] }] : [];
}

/** The record's id and the key in the address have no place in the body. */
function inputOf(ask: Ask, barred: string[]): Record<string, unknown> {
  const body = bodyOf(ask);
  for (const name of [...barred, 'Id']) {
    const given = Object.keys(body).find((key) => key.toLowerCase() === name.toLowerCase());
    if (given !== undefined) throw new ApiFault(400, fault('INVALID_FIELD', `The ${given} field should not be specified in the sobject data.`));
  }
  return body;
}

function rowOf({ org }: Caller, object: SeenObject, id: string): Row {
  const id18 = id18Of(id);
  const row = id18 === null ? undefined : org.store.find(object.def.name, id18);
  if (!row) throw new ApiFault(404, fault('NOT_FOUND', 'The requested resource does not exist'));
  if (row.deleted) throw new ApiFault(404, fault('ENTITY_IS_DELETED', 'entity is deleted'));
  return row;
}

/** All fields, or those of `?fields=`. */
export function shown(ask: Ask, object: SeenObject, row: Row, names: string[] | null): Record<string, unknown> {
  const fields = names?.map((name) => known(object, name)) ?? object.fields;
  const values = Object.fromEntries(
    [...fields, ...(names ? object.fields.filter((field) => field.def.type === 'id') : [])].map((field) => [field.name, shownValue(ask.root, object, field, row)]),
  );
  return { attributes: attributesOf(ask.root, object, row.id), ...values };
}
function known(object: SeenObject, name: string): SeenField {
  const field = object.field(name);
  if (!field) throw new ApiFault(400, fault('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`));
  return field;
}

export const namesOf = (ask: Ask): string[] | null => {
  const given = ask.query.get('fields');
  return given === null || given === '' ? null : given.split(',').map((name) => name.trim());
};

function read(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  if (object.def.event) throw notFound();
  return ok(shown(ask, object, rowOf(caller, object, ask.params.id ?? ''), namesOf(ask)));
}

function update(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const { id } = rowOf(caller, object, ask.params.id ?? '');
  const outcome = caller.write((tx) => tx.update(object, id, inputOf(ask, [])));
  return outcome.ok ? { status: 204 } : refusal(outcome);
}

function remove(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const { id } = rowOf(caller, object, ask.params.id ?? '');
  const outcome = caller.write((tx) => tx.remove(object, id));
  return outcome.ok ? { status: 204 } : refusal(outcome);
}

/** The field of an address that ends in `/<field>/<value>`. */
export function keyField(object: SeenObject, name: string): SeenField {
  const field = object.field(name);
  if (field && (field.def.externalId || field.def.type === 'id')) return field;
  throw new ApiFault(404, fault('NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`));
}

function several(ask: Ask, object: SeenObject, ids: string[]): Answer {
  return ok(
    ids.map((id) => `${ask.root}/sobjects/${object.name}/${id}`),
    300,
  );
}

function byKey(caller: Caller, ask: Ask, act: (object: SeenObject, id: string) => Answer): Answer {
  const object = objectOf(caller, ask);
  const field = keyField(object, ask.params.field ?? '');
  const ids = field.def.type === 'id' ? [ask.params.value ?? ''] : matching(caller.org.store, object, field, ask.params.value ?? '');
  const [id] = ids;
  if (id === undefined) throw notFound();
  return ids.length > 1 ? several(ask, object, ids) : act(object, id);
}

function readByKey(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const blob = object.field(ask.params.value ?? '');
  if (blob?.def.type === 'base64') {
    const row = rowOf(caller, object, ask.params.field ?? '');
    return { status: 200, raw: { type: 'application/octet-stream', content: new Uint8Array(Buffer.from(String(row.values[blob.def.name] ?? ''), 'base64')) } };
  }
  return byKey(caller, ask, (seen, id) => ok(shown(ask, seen, rowOf(caller, seen, id), namesOf(ask))));
}

function removeByKey(caller: Caller, ask: Ask): Answer {
  return byKey(caller, ask, (object, id) => {
    const outcome = caller.write((tx) => tx.remove(object, id));
    return outcome.ok ? { status: 204 } : refusal(outcome);
  });
}

function upsert(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const field = keyField(object, ask.params.field ?? '');
  const input = inputOf(ask, [field.name]);
  const updateOnly = ask.query.get('updateOnly') === 'true';
  const outcome = caller.write((tx) => tx.upsert(object, field, ask.params.value ?? '', input, updateOnly));
  if ('several' in outcome) return several(ask, object, outcome.several);
  if (!outcome.ok) return refusal(outcome);
  return ok({ id: outcome.id, success: true, errors: [], created: outcome.created }, outcome.created ? 201 : 200);
}

/** A list of records in a body. @throws ApiFault where it is none */
export function recordsOf(ask: Ask): Record<string, unknown>[] {
  const { records } = bodyOf(ask);
  if (!Array.isArray(records) || !records.every(isObject)) throw new ApiFault(400, fault('INVALID_INPUT', 'The records member is missing or holds something that is no record'));
  return records;
}
