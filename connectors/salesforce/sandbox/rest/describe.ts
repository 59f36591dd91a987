import type { Org } from '../org/org.ts';
import type { FieldDef } from '../org/metadata.ts';
import type { SeenField, SeenObject } from '../org/schema.ts';
import { notFound } from '../org/faults.ts';
import { objectOf, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';

/** Where a record type is not told apart. */
export const MASTER_RECORD_TYPE = '012000000000000AAA';

export const describeRoutes: Route[] = [
  {
    method: 'GET',
    path: 'sobjects',
    handler: (caller, ask) => ok({ encoding: 'UTF-8', maxBatchSize: 200, sobjects: caller.actor.schema.objects.map((object) => head(ask, object)) }),
  },
  { method: 'GET', path: 'sobjects/:object', handler: (caller, ask) => ok({ objectDescribe: head(ask, objectOf(caller, ask)), recentItems: [] }) },
  { method: 'GET', path: 'sobjects/:object/describe', handler: (caller, ask) => ok(describe(caller, ask, objectOf(caller, ask))) },
  { method: 'GET', path: 'ui-api/object-info/:object/picklist-values/:recordType/:field', handler: picklist },
];

function head(ask: Ask, { name, def }: SeenObject): Record<string, unknown> {
  const here = `${ask.root}/sobjects/${name}`;
  return {
    name,
    label: def.label,
    labelPlural: def.plural,
    keyPrefix: def.keyPrefix,
    custom: /__[ce]$/.test(name),
    createable: def.create,
    updateable: def.update,
    deletable: def.delete,
    undeletable: def.delete,
    mergeable: ['Account', 'Contact', 'Lead'].includes(name),
    queryable: !def.event,
    retrieveable: !def.event,
    searchable: !def.event,
    replicateable: !def.event,
    triggerable: true,
    layoutable: !def.event,
    deprecatedAndHidden: false,
    urls: { sobject: here, describe: `${here}/describe`, rowTemplate: `${here}/{ID}` },
  };
}

function describe({ org }: Caller, ask: Ask, object: SeenObject): Record<string, unknown> {
  const children = object.children();
  return {
    ...head(ask, object),
    fields: object.fields.map((field) => fieldView(org, object, field)),
    childRelationships: children.map(({ relation, object: child, field }) => ({
      childSObject: child.name,
      field: field.name,
      relationshipName: relation,
      cascadeDelete: field.def.masterDetail,
      deprecatedAndHidden: false,
      restrictedDelete: false,
    })),
    recordTypeInfos: recordTypes(org, object),
  };
}

function recordTypes(org: Org, object: SeenObject): Record<string, unknown>[] {
  const own = org.store.all('RecordType').filter(({ values }) => values.SobjectType === object.def.name);
  const info = (id: string, name: unknown, developerName: unknown, standard: boolean, master: boolean) => ({
    active: true,
    available: true,
    defaultRecordTypeMapping: standard,
    developerName,
    master,
    name,
    recordTypeId: id,
  });
  return [...own.map(({ id, values }, at) => info(id, values.Name, values.DeveloperName, at === 0, false)), info(MASTER_RECORD_TYPE, 'Master', 'Master', own.length === 0, true)];
}

const SOAP: Partial<Record<FieldDef['type'], string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  base64: 'xsd:base64Binary',
};

function fieldView(org: Org, object: SeenObject, seen: SeenField): Record<string, unknown> {
  const { name, def, create, update, relation } = seen;
  const long = (def.type === 'textarea' && def.length > 255) || def.type === 'base64';
  const numeric = def.precision > 0;
  const whole = def.type === 'int';
  return {
    name,
    label: def.label,
    type: def.type,
    soapType: SOAP[def.type] ?? (numeric ? 'xsd:double' : 'xsd:string'),
    length: def.length,
    byteLength: def.length * 3,
    digits: whole ? def.precision : 0,
    precision: whole ? 0 : def.precision,
    scale: def.scale,
    createable: create,
    updateable: update,
    permissionable: !def.required && create,
    nillable: nillable(def, create),
    defaultedOnCreate: defaulted(seen),
    defaultValue: def.default,
    custom: name.endsWith('__c'),
    externalId: def.externalId,
    idLookup: def.externalId || def.type === 'id' || def.type === 'email',
    unique: def.unique,
    caseSensitive: def.caseSensitive,
    autoNumber: def.autoNumber !== null,
    calculated: false,
    nameField: name === 'Name',
    filterable: !long,
    sortable: !long,
    groupable: !long && !numeric,
    htmlFormatted: false,
    encrypted: false,
    deprecatedAndHidden: false,
    inlineHelpText: null,
    referenceTo: def.refs.flatMap((type) => org.schema().own(type)?.name ?? []),
    relationshipName: relation,
    polymorphicForeignKey: def.refs.length > 1,
    cascadeDelete: def.masterDetail,
    restrictedPicklist: def.restricted,
    dependentPicklist: false,
    picklistValues: valuesOf(org, object, def).map(({ value, label, active, standard }) => ({ active, defaultValue: standard, label, validFor: null, value })),
  };
}

const nillable = (def: FieldDef, create: boolean): boolean => !def.required && def.type !== 'id' && def.type !== 'boolean' && !(def.masterDetail && create);
const defaulted = ({ name, def, create }: SeenField): boolean => def.default !== null || def.autoNumber !== null || name === 'OwnerId' || !create;

interface Choice {
  value: string;
  label: string;
  active: boolean;
  standard: boolean;
}
function valuesOf(org: Org, object: SeenObject, def: FieldDef): Choice[] {
  if (object.def.name === 'Opportunity' && def.name === 'StageName') {
    const stages = org.store.all('OpportunityStage').map(({ values }) => values);
    return [...stages]
      .sort((a, b) => Number(a.SortOrder) - Number(b.SortOrder))
      .map((stage) => ({ value: String(stage.ApiName), label: String(stage.MasterLabel), active: stage.IsActive === true, standard: false }));
  }
  return def.values.map((value) => ({ value, label: def.packaged ? labelOf(value) : value, active: true, standard: value === def.default }));
}
const labelOf = (value: string): string => value.charAt(0).toUpperCase() + value.slice(1).replaceAll('_', ' ');

/** The values that a record type allows. */
function picklist(caller: Caller, ask: Ask): Answer {
  const object = objectOf(caller, ask);
  const { recordType = '', field: name = '' } = ask.params;
  const field = object.field(name);
  const allowed = caller.org.state.stagesOf[recordType];
  if (!field || !['picklist', 'combobox'].includes(field.def.type) || (!allowed && recordType !== MASTER_RECORD_TYPE)) throw notFound();
  const stages = caller.org.store.all('OpportunityStage').map(({ values }) => values);
  const values = valuesOf(caller.org, object, field.def)
    .filter(({ value, active }) => active && (!allowed || name !== 'StageName' || allowed.includes(value)))
    .map(({ value, label }) => {
      const stage = stages.find(({ ApiName }) => name === 'StageName' && ApiName === value);
      const attributes = stage
        ? {
            picklistAtrributesValueType: 'OpportunityStage',
            closed: stage.IsClosed,
            won: stage.IsWon,
            defaultProbability: stage.DefaultProbability,
            forecastCategoryName: stage.ForecastCategoryName,
          }
        : null;
      return { attributes, label, validFor: [], value };
    });
  return ok({
    controllerValues: {},
    defaultValue: null,
    eTag: String(caller.org.state.commits),
    url: `${ask.root}/ui-api/object-info/${object.name}/picklist-values/${recordType}/${name}`,
    values,
  });
}
