import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkMapping } from '#core/mapping/check';
import type { MappingKind, Mappings } from '#core/mapping/schema';
import { planWrites } from '#core/mapping/writeback';
import type { EnvelopeView } from '#core/plan';
import type { FieldType, Fields, RecordType, Snapshot } from '#core/records';
import { projectFile, projectRoot } from '#lib/root';
import { schema } from '../core/mapping/ground-salesforce.ts';
import { templates } from '../core/mapping/ground.ts';
import { parsed } from '../core/mapping/reading.ts';

const shipped = <Kind extends MappingKind>(kind: Kind): Mappings[Kind] => parsed(kind, projectFile(`mappings/salesforce/${kind}.yaml`));
const set = { send: shipped('send'), writeback: shipped('writeback'), journey: shipped('journey') };
const cases = readdirSync(import.meta.dirname).filter((name) => name.startsWith('salesforce-'));
const parts = (part: string): unknown[] =>
  cases.flatMap((name): unknown[] => {
    const folder = join(import.meta.dirname, name);
    return readdirSync(folder).includes(`${part}.json`) ? [JSON.parse(readFileSync(join(folder, `${part}.json`), 'utf8'))] : [];
  });
const known = (type: keyof typeof schema.fields): string[] => (schema.fields[type] ?? []).map(({ name }) => name);

describe('the mappings that ship for Salesforce', () => {
  it('fit an org with the package and the stage "Contract Sent", without a warning', () => expect(checkMapping(set, { schema, templates, targets: [] })).toEqual([]));

  it('want the stage and the role that an admin adds', () => {
    const bare = {
      ...schema,
      contactLabels: ['Decision Maker'],
      pipelines: schema.pipelines.map((one) => ({ ...one, stages: one.stages.filter(({ id }) => id !== 'Contract Sent') })),
    };
    const found = checkMapping(set, { schema: bare, templates, targets: [] }).map(({ level, path }) => `${level} ${path}`);
    expect(found).toEqual(['error rules[0].when.stage', 'warning rules[0].recipients[0].from.contact', 'warning rules[1].recipients[0].from.contact']);
  });

  it('write nothing of our own for a send that was blocked, and every record that there is for one that is complete', () => {
    const written = (status: EnvelopeView['status']): RecordType[] => {
      const views = (parts('view') as EnvelopeView[]).filter((view) => view.status === status);
      return [...new Set(views.flatMap((view) => planWrites(set.writeback, view).map(({ record }) => record.type)))].sort();
    };
    expect(written('blocked')).toEqual(['deal']);
    expect(written('completed')).toEqual(['company', 'contact', 'deal', 'envelope', 'lead', 'recipient']);
  });
});

describe('the org of the golden files', () => {
  it('has every field of their snapshots', () => {
    const unknown = (type: keyof typeof schema.fields, fields: Fields): string[] => Object.keys(fields).filter((name) => !known(type).includes(name));
    const snapshots = parts('snapshot') as Snapshot[];
    expect(snapshots.length).toBeGreaterThan(0);
    const strange = snapshots.flatMap(({ deal, contacts, company, lines }) => [
      ...unknown('deal', deal.fields),
      ...contacts.flatMap(({ fields }) => unknown('contact', fields)),
      ...unknown('company', company?.fields ?? {}),
      ...lines.flatMap(({ fields }) => unknown('line', fields)),
    ]);
    expect(strange).toEqual([]);
  });

  const objects = join(projectRoot, 'connectors/salesforce/package/force-app/main/default/objects');
  const OBJECTS = [
    ['envelope', 'Envelope__c'],
    ['recipient', 'Envelope_Recipient__c'],
    ['deal', 'Opportunity'],
    ['contact', 'Contact'],
    ['company', 'Account'],
    ['lead', 'Lead'],
  ] as const;
  const TYPES: Record<string, FieldType> = { Picklist: 'choice', DateTime: 'datetime', Number: 'number' };

  it.each(OBJECTS)('has the fields of the package on %s, with their types and values', (type, object) => {
    const declared = readdirSync(join(objects, object, 'fields')).map((file) => {
      const xml = readFileSync(join(objects, object, 'fields', file), 'utf8');
      const options = [...xml.matchAll(/<value>\s*<fullName>([^<]+)</g)].map(([, value]) => value);
      return { name: file.replace('.field-meta.xml', ''), type: TYPES[/<type>(\w+)</.exec(xml)?.[1] ?? ''] ?? 'text', options: options.sort() };
    });
    const ground = (schema.fields[type] ?? [])
      .filter(({ name }) => name.endsWith('__c'))
      .map(({ name, type: kind, options = [] }) => ({ name, type: kind, options: options.toSorted() }));
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
    expect(ground.toSorted(byName)).toEqual(declared.toSorted(byName));
  });
});
