import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { all, textOf } from './xml.mjs';

/**
 * What the package holds, by name, for rules that follow references.
 * @param {ReturnType<import('./project.mjs').readProject>} project
 * @param {string} specs folder of the vendor's field lists of standard objects; without it a field of a standard object is taken at its word
 */
export function modelOf({ files, items }, specs) {
  const ofType = (type) => items.filter((item) => item.type === type);
  const fields = new Map();
  for (const item of ofType('CustomField')) fields.set(item.object, (fields.get(item.object) ?? new Map()).set(item.name, item));
  const named = (type) => new Map(ofType(type).map((item) => [item.name, item]));
  return {
    files,
    ofType,
    fields,
    objects: named('CustomObject'),
    bundles: named('LightningComponentBundle'),
    classes: named('ApexClass'),
    actions: named('QuickAction'),
    standard: standardFields(specs),
  };
}

/** Fields of standard objects, read when they are first asked for. */
function standardFields(specs) {
  const known = new Map();
  return (object) => {
    const path = join(specs, `${object}.json`);
    if (!known.has(object)) known.set(object, existsSync(path) ? new Set(Object.keys(JSON.parse(readFileSync(path, 'utf8')).fields)) : null);
    return known.get(object);
  };
}

/** Fields that every object of ours has and no file names. */
const SYSTEM = new Set(['Id', 'Name', 'OwnerId', 'CreatedById', 'CreatedDate', 'LastModifiedById', 'LastModifiedDate']);
/** What list views and related lists call some of them. */
const COLUMNS = { NAME: 'Name', CREATED_DATE: 'CreatedDate', LAST_UPDATE: 'LastModifiedDate', 'OWNER.ALIAS': 'OwnerId' };

/** Whether an object has a field, ours or its own. */
export function hasField(model, object, name) {
  const field = COLUMNS[name] ?? name;
  if (model.fields.get(object)?.has(field)) return true;
  if (/__[ce]$/.test(field)) return false;
  if (model.objects.has(object)) return SYSTEM.has(field);
  return model.standard(object)?.has(field) ?? true;
}

export const hasObject = (model, object) => model.objects.has(object) || !/__[ce]$/.test(object);

/** Values that a restricted list takes; null where any text may stand. */
export function valuesOf(model, object, name) {
  const set = all(model.fields.get(object)?.get(name)?.root ?? { children: [] }, 'valueSet')[0];
  return set ? new Set(all(all(set, 'valueSetDefinition')[0], 'value').map((value) => textOf(value, 'fullName'))) : null;
}

export const kindOf = (item) => textOf(item.root, 'type');
export const isRequired = (item) => kindOf(item) === 'MasterDetail' || textOf(item.root, 'required') === 'true';
