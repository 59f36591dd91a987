import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '#lib/root';
import { DEFINITIONS } from '#connectors/salesforce/sandbox/org/definitions';
import type { FieldDef } from '#connectors/salesforce/sandbox/org/metadata';
import { startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

/** Salesforce's own lists of fields, read from beside the checkout. Without them only the sandbox's own claims are checked, and that must be heard. */
const folder = join(projectRoot, '../shared/specs/salesforce');
const specsAtHand = existsSync(join(folder, 'Opportunity.json'));
if (!specsAtHand) console.warn(`\n*** THE VENDOR'S FIELD LISTS ARE NOT AT HAND (${folder}): the sandbox's standard fields are not held against them. ***\n`);
const packageFolder = join(projectRoot, 'connectors/salesforce/package/force-app/main/default/objects');

interface SpecField {
  type: string;
  properties: string;
}
const specOf = (object: string): Record<string, SpecField> | null => {
  const file = join(folder, `${object}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { fields: Record<string, SpecField> }).fields : null;
};

/** In every object and in few of the lists. */
const SYSTEM = new Set(['Id', 'IsDeleted', 'CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById', 'SystemModstamp']);
/** The list of Campaign says of no field that it can be set, of which its own pages on creating campaigns say otherwise. */
const LOOSE = new Set(['Campaign']);
/** May be empty in the list, which has person accounts in mind; an org without them insists. */
const INSISTED = new Set(['Lead.Company']);
/** Some lists call the one the other. */
const TYPES: Record<string, string[]> = { string: ['string', 'textarea'], textarea: ['textarea', 'string'], datetime: ['datetime'] };

/** Of the privacy objects, those that lead to a consent and have no list. */
const PRIVACY = ['ContactPointEmail', 'EngagementChannelType', 'CommSubscription', 'CommSubscriptionChannelType', 'AuthorizationFormText'];

const standard = DEFINITIONS.filter(({ packaged }) => !packaged).map(({ name, fields }) => ({
  name,
  fields: fields.filter((field) => !field.name.endsWith('__c') && !SYSTEM.has(field.name)),
}));

describe('standard fields', () => {
  test('most objects have a list to be held against', () => {
    const without = standard.filter(({ name }) => specOf(name) === null).map(({ name }) => name);
    const unlisted = ['PermissionSet', 'PermissionSetAssignment', 'OpportunityHistory', 'Product2', 'RecordType', 'CampaignMemberStatus', 'ContentDocument', ...PRIVACY];
    expect(without.sort()).toEqual(specsAtHand ? unlisted.sort() : standard.map(({ name }) => name).sort());
  });

  test.each(standard.map(({ name, fields }) => [name, fields] as const))('%s has only fields that Salesforce knows, of their types, and as open as it has them', (name, fields) => {
    const spec = specOf(name);
    if (!spec) return;
    expect(fields.flatMap((field) => faultsOf(name, field, spec[field.name]))).toEqual([]);
  });

  function faultsOf(object: string, field: FieldDef, known: SpecField | undefined): string[] {
    if (!known) return [`${field.name} is unknown`];
    const type = known.type.toLowerCase();
    const faults = (TYPES[field.type] ?? [field.type]).includes(type) ? [] : [`${field.name} is ${type}, not ${field.type}`];
    if (LOOSE.has(object)) return faults;
    const may = (act: string) => known.properties.split(', ').includes(act);
    if (field.create && !may('Create')) faults.push(`${field.name} cannot be created`);
    if (field.update && !may('Update')) faults.push(`${field.name} cannot be updated`);
    if (field.required && may('Nillable') && !INSISTED.has(`${object}.${field.name}`)) faults.push(`${field.name} may be empty`);
    return faults;
  }
});

describe('the package', () => {
  const packaged = DEFINITIONS.flatMap(({ name, fields }) => fields.filter((field) => field.packaged).map((field) => ({ object: name, field })));
  const files = readdirSync(packageFolder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.field-meta.xml'));
  const tag = (xml: string, name: string): string | null => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? null;
  const TYPE: Record<string, string> = {
    Text: 'string',
    LongTextArea: 'textarea',
    Url: 'url',
    DateTime: 'datetime',
    Number: 'double',
    Picklist: 'picklist',
    Lookup: 'reference',
    MasterDetail: 'reference',
  };

  test('brings the fields that its metadata declares, and no others', () => {
    const declared = files.map((file) => file.replace(/[/\\]fields[/\\]/, '.').replace('.field-meta.xml', '')).sort();
    expect(packaged.map(({ object, field }) => `${object}.${field.name}`).sort()).toEqual(declared);
  });

  test.each(files)('%s', (file) => {
    const xml = readFileSync(join(packageFolder, file), 'utf8');
    const [object, name] = [file.split(/[/\\]/)[0], tag(xml, 'fullName')];
    const field = packaged.find((known) => known.object === object && known.field.name === name)?.field;
    const metadataType = tag(xml, 'type') ?? '';
    expect(field).toMatchObject({ type: TYPE[metadataType], externalId: tag(xml, 'externalId') === 'true', unique: tag(xml, 'unique') === 'true' });
    if (tag(xml, 'length') !== null) expect(field?.length).toBe(Number(tag(xml, 'length')));
    if (metadataType === 'Number') expect([field?.precision, field?.scale]).toEqual([Number(tag(xml, 'precision')), Number(tag(xml, 'scale'))]);
    if (metadataType === 'Picklist')
      expect([field?.values, field?.restricted]).toEqual([[...xml.matchAll(/<value>\s*<fullName>([^<]*)</g)].map(([, value]) => value), tag(xml, 'restricted') === 'true']);
    if (field?.type === 'reference')
      expect([field.refs, field.children, field.masterDetail]).toEqual([[tag(xml, 'referenceTo')], `${tag(xml, 'relationshipName') ?? ''}__r`, metadataType === 'MasterDetail']);
  });
});

describe('describe', () => {
  let org: OrgWorld;
  beforeAll(async () => {
    org = await startOrg();
  });
  afterAll(() => org.stop());

  test('tells what may be done with objects and fields', async () => {
    const all = (await org.api('GET', '/sobjects')).body;
    expect(all).toMatchObject({ encoding: 'UTF-8', maxBatchSize: 200 });
    const names = all.sobjects.map((object: Body) => object.name);
    expect(names).toEqual(expect.arrayContaining(['Opportunity', 'Envelope__c', 'Envelope_Event__e']));
    const { body } = await org.api('GET', '/sobjects/Opportunity/describe');
    const field = (name: string) => body.fields.find((known: Body) => known.name === name);
    expect(field('StageName')).toMatchObject({ type: 'picklist', createable: true, updateable: true, nillable: false, label: 'Stage' });
    expect(field('StageName').picklistValues.map((value: Body) => value.value)).toContain('Contract Sent');
    expect(field('Amount')).toMatchObject({ type: 'currency', nillable: true, precision: 18, custom: false });
    expect(field('LastStageChangeDate')).toMatchObject({ createable: false, updateable: false });
    expect(field('AccountId')).toMatchObject({ type: 'reference', referenceTo: ['Account'], relationshipName: 'Account' });
    expect(field('CurrencyIsoCode')).toBeUndefined();
    expect(body.childRelationships).toContainEqual(
      expect.objectContaining({ childSObject: 'OpportunityContactRole', field: 'OpportunityId', relationshipName: 'OpportunityContactRoles' }),
    );
    expect(body.recordTypeInfos.map((info: Body) => [info.name, info.master])).toEqual([
      ['New business', false],
      ['Renewal', false],
      ['Master', true],
    ]);
    const envelope = (await org.api('GET', '/sobjects/Envelope__c/describe')).body;
    expect(envelope.fields.find((known: Body) => known.name === 'Envelope_Id__c')).toMatchObject({
      externalId: true,
      unique: true,
      caseSensitive: true,
      idLookup: true,
      length: 40,
    });
    expect(envelope.fields.find((known: Body) => known.name === 'Reason__c')).toMatchObject({ filterable: false, sortable: false });
  });

  test('an org with several currencies has a field more', async () => {
    const other = await startOrg({ multiCurrency: true });
    expect((await other.query("SELECT CurrencyIsoCode FROM Opportunity WHERE Name LIKE 'Paper%'")).body.records[0].CurrencyIsoCode).toBe('USD');
    await other.stop();
  });
});
