import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordType } from '#core/records';
import { projectRoot } from '#lib/root';
import { KEYS, OBJECTS } from '#connectors/salesforce/describe-objects';
import { PACKAGE_FIELDS } from '#connectors/salesforce/package-fields';
import { prepare } from '#connectors/salesforce/prepare';
import { described, problemOf, refusal, sandboxOrg, scriptedOrg, type Reply, type ScriptedOrg } from './org.ts';

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg()));
afterEach(() => org.stop());

const describing = (object: string, reply: Reply) => org.answers(({ path }) => (path === `/sobjects/${object}/describe` ? reply : undefined));

describe('an org with the package', () => {
  test('needs nothing, at the price of one call, whenever asked', async () => {
    expect(await org.callsOf(async () => expect(await prepare(org.call)).toEqual([]))).toBe(1);
    expect(await prepare(org.call)).toEqual([]);
    expect(org.asked.every(({ method }) => method === 'GET')).toBe(true);
  });
  test('and a namespace needs nothing either', async () => {
    const spaced = await scriptedOrg(() => undefined, { namespace: 'cntr' });
    expect(await prepare(spaced.call)).toEqual([]);
    await spaced.stop();
  });
  test('and without leads needs nothing either', async () => {
    describing('Lead', refusal(404, 'NOT_FOUND'));
    expect(await prepare(org.call)).toEqual([]);
  });
});

describe('told in words, with the fix', () => {
  test('is a package that is missing', async () => {
    describing('Envelope__c', refusal(404, 'NOT_FOUND', 'The requested resource does not exist'));
    const problem = await problemOf(prepare(org.call));
    expect(problem.code).toBe('feature.unsupported');
    expect(problem.message).toMatch(/Envelope__c.*Install the Countersign package.*permission set Countersign Integration/);
  });
  test('is a field that the user may not see, by its name', async () => {
    describing(
      'Opportunity',
      described('Opportunity', '', (fields) => fields.filter(({ name }) => name !== 'Esign_Reason__c')),
    );
    const problem = await problemOf(prepare(org.call));
    expect(problem.message).toMatch(/Esign_Reason__c of Opportunity.*permission set/);
  });
  test('is a field that the user may see and not write, and of many the first', async () => {
    describing(
      'Envelope__c',
      described('Envelope__c', '', (fields) => fields.map((field) => ({ ...field, updateable: false }))),
    );
    expect((await problemOf(prepare(org.call))).message).toMatch(/Opportunity__c, .* and \d+ more of Envelope__c/);
  });
  test('is an object of its own that is closed', async () => {
    describing('Contact', refusal(403, 'INSUFFICIENT_ACCESS'));
    expect((await problemOf(prepare(org.call))).message).toContain('Contact');
  });
  test('is put right by an admin, and then well at the next look', async () => {
    describing('Envelope__c', refusal(404, 'NOT_FOUND'));
    expect((await problemOf(prepare(org.call))).code).toBe('feature.unsupported');
    org.answers(() => undefined);
    expect(await prepare(org.call)).toEqual([]);
  });
  test('but an org that cannot answer now is not one that lacks something', async () => {
    describing('Envelope__c', refusal(503, 'SERVER_UNAVAILABLE'));
    expect((await problemOf(prepare(org.call))).code).toBe('vendor.unavailable');
  });
});

const objects = join(projectRoot, 'connectors/salesforce/package/force-app/main/default/objects');
/** Set by the connector itself and not by mappings. */
const OURS = new Set([...Object.values(KEYS), 'Envelope__c']);

describe('the package', () => {
  test.each(Object.entries(PACKAGE_FIELDS) as [RecordType, readonly string[]][])('brings what is checked for %s, and what it brings is checked', (kind, names) => {
    const files = readdirSync(join(objects, OBJECTS[kind], 'fields'));
    const brought = files.map((file) => file.replace('.field-meta.xml', '')).filter((name) => !OURS.has(name));
    expect([...names].sort()).toEqual(brought.sort());
  });
  test.each(Object.entries(KEYS))('has a key for %s that is external, unique and minds its case', (kind, key) => {
    const xml = readFileSync(join(objects, OBJECTS[kind as RecordType], 'fields', `${key}.field-meta.xml`), 'utf8');
    for (const flag of ['externalId', 'unique', 'caseSensitive']) expect(xml).toContain(`<${flag}>true</${flag}>`);
  });
});

describe('the sandbox', () => {
  test('without the package, without the permission set, and with both', async () => {
    const real = await sandboxOrg();
    expect(await prepare(real.call)).toEqual([]);
    real.sandbox.installPackage(false);
    expect((await problemOf(prepare(real.call))).message).toContain('Install the Countersign package');
    real.sandbox.installPackage(true, 'cntr');
    expect(await prepare(real.call)).toEqual([]);
    real.sandbox.assignPermissionSet(false);
    expect((await problemOf(prepare(real.call))).message).toContain('assign the permission set Countersign Integration');
    real.sandbox.assignPermissionSet(true);
    expect(await prepare(real.call)).toEqual([]);
    real.sandbox.hideField('Opportunity', 'Esign_Status__c', 'hidden');
    expect((await problemOf(prepare(real.call))).message).toContain('Esign_Status__c of Opportunity');
    await real.stop();
  });
});
