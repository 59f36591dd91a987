import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_FIELDS } from '#connectors/salesforce/package-fields';
import { packageFields, packageObjects } from '#connectors/salesforce/sandbox/objects/package';
import type { FieldDef } from '#connectors/salesforce/sandbox/org/metadata';
import { projectFile, projectRoot } from '#lib/root';
import { packageFiles, parseXml, textOf, type Element } from './files.ts';

const OBJECTS = {
  envelope: 'Envelope__c',
  recipient: 'Envelope_Recipient__c',
  deal: 'Opportunity',
  contact: 'Contact',
  lead: 'Lead',
  company: 'Account',
  line: 'OpportunityLineItem',
} as const;

const part = (element: Element, name: string): string => element.children.find((child) => child.name === name)?.text ?? '';
function* below(element: Element): Generator<Element> {
  yield element;
  for (const child of element.children) yield* below(child);
}

/** A field of the package in the words of the sandbox. */
function spellMetadata(text: string): string {
  const root = parseXml(text);
  const type = part(root, 'type');
  const values = [...below(root)].filter(({ name }) => name === 'value').map((value) => part(value, 'fullName'));
  const size = { Text: `string:${part(root, 'length')}`, LongTextArea: `textarea:${part(root, 'length')}`, Number: `double:${part(root, 'precision')},${part(root, 'scale')}` }[
    type
  ];
  const plain = { DateTime: 'datetime', Url: 'url', Picklist: `picklist:${values.join(',')}` }[type];
  const link = `reference>${part(root, 'referenceTo')} as ${part(root, 'relationshipName')}__r${type === 'MasterDetail' ? ' owned' : ''}`;
  const marks = ['externalId', 'unique', 'caseSensitive'].filter((name) => part(root, name) === 'true');
  return [size ?? plain ?? link, ...marks].join(' ');
}
function spellSandbox(known: FieldDef): string {
  const { type, length, precision, scale, values, refs, children, masterDetail } = known;
  const sized: Partial<Record<FieldDef['type'], string>> = {
    string: `string:${length}`,
    textarea: `textarea:${length}`,
    double: `double:${precision},${scale}`,
    picklist: `picklist:${values.join(',')}`,
    reference: `reference>${refs.join(',')} as ${children ?? ''}${masterDetail ? ' owned' : ''}`,
  };
  const marks = (['externalId', 'unique', 'caseSensitive'] as const).filter((name) => known[name]);
  return [sized[type] ?? type, ...marks].join(' ');
}

const metadata = [...packageFiles].flatMap(([path, text]) => {
  const [, object = '', name = ''] = /^objects\/(\w+)\/fields\/(\w+)\.field-meta\.xml$/.exec(path) ?? [];
  return object ? [{ object, name, text }] : [];
});
const byName = (entries: (readonly [string, string])[]) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

describe('the package and its sandbox', () => {
  it('have the same fields, of the same kinds', () => {
    const own = packageObjects().flatMap(({ name, fields }) => fields.filter((field) => field.name.endsWith('__c')).map((field) => ({ object: name, field })));
    const added = Object.entries(packageFields()).flatMap(([object, fields]) => fields.map((field) => ({ object, field })));
    const played = [...own, ...added].map(({ object, field }) => [`${object}.${field.name}`, spellSandbox(field)] as const);
    expect(byName(played)).toEqual(byName(metadata.map(({ object, name, text }) => [`${object}.${name}`, spellMetadata(text)] as const)));
  });

  it('number records alike', () => {
    const prefixes = packageObjects().flatMap(({ name, fields }) => fields.flatMap(({ autoNumber }) => (autoNumber ? [[name, autoNumber] as const] : [])));
    for (const [name, prefix] of prefixes) expect(textOf(`objects/${name}/${name}.object-meta.xml`)).toContain(`<displayFormat>${prefix}{`);
    expect(prefixes.map(([name]) => name)).toEqual(['Envelope__c', 'Envelope_Recipient__c', 'Consent_Record__c']);
  });
});

describe('the package and the connector', () => {
  it('the connected user may edit every field that the connector looks for', () => {
    const granted = parseXml(textOf('permissionsets/Countersign_Integration.permissionset-meta.xml')).children.filter(({ name }) => name === 'fieldPermissions');
    const editable = new Set(granted.filter((grant) => part(grant, 'editable') === 'true').map((grant) => part(grant, 'field')));
    const wanted = Object.entries(PACKAGE_FIELDS).flatMap(([type, fields]) => fields.map((name) => `${OBJECTS[type as keyof typeof OBJECTS]}.${name}`));
    expect(wanted.filter((name) => !editable.has(name))).toEqual([]);
    expect(wanted.length).toBeGreaterThan(40);
  });

  it('each custom name in the mappings is in the package, or is a field of a customer that the sandbox plays', () => {
    const folder = join(projectRoot, 'mappings/salesforce');
    const known = new Set([...metadata.map(({ name }) => name), ...packageObjects().map(({ name }) => name)]);
    const customers = new Set([...projectFile('connectors/salesforce/sandbox/objects/sales.ts').matchAll(/\bfield\('(\w+__c)'/g)].map(([, name]) => name));
    const used = readdirSync(folder).flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/\b[A-Za-z]\w*?__[ce]\b/g)].map(([name]) => `${file}: ${name}`));
    expect(used.filter((use) => !known.has(use.split(': ')[1] ?? '') && !customers.has(use.split(': ')[1]))).toEqual([]);
    expect(used.length).toBeGreaterThan(0);
  });

  it('Apex says who asks under the names that the connector reads, and leaves the key to the credential', () => {
    const apex = textOf('classes/CountersignApi.cls');
    const read = [...projectFile('connectors/salesforce/cards.ts').matchAll(/headers\['(x-countersign-\w+)'\]/g)].map(([, name = '']) => name);
    expect(new Set(read)).toEqual(new Set(['x-countersign-org', 'x-countersign-user', 'x-countersign-key']));
    for (const name of read) expect(apex.includes(`setHeader('${name}'`), name).toBe(name !== 'x-countersign-key');
    expect(textOf('externalCredentials/Countersign.externalCredential-meta.xml')).toContain('<parameterName>x-countersign-key</parameterName>');
  });

  it('Apex calls every route that the server has for cards, and no other', () => {
    const routes = [...projectFile('src/http/cards.ts').matchAll(/app\.(get|post)\('([^']+)'/g)].map(([, method = '', path = '']) => `${method.toUpperCase()} ${path}`);
    const apex = textOf('classes/CountersignApi.cls');
    const called = [...apex.matchAll(/call\('(GET|POST)', (deal|envelope)\(\w+\)(?: \+ '([^']+)')?/g)].map(
      ([, method = '', kind = '', rest = '']) => `${method} /${kind}s/:${kind}${rest}`,
    );
    expect(called.sort()).toEqual(routes.sort());
    for (const kind of ['deals', 'envelopes']) expect(apex).toContain(`'/cards/salesforce/${kind}/'`);
  });
});
