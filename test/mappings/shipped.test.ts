import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkMapping, type MappingSet } from '#core/mapping/check';
import { FUNCTIONS, TEXT_METHODS } from '#core/mapping/functions';
import { LIMITS } from '#core/mapping/limits';
import { parseMapping } from '#core/mapping/parse';
import { MAPPING_KINDS, mappingJsonSchema } from '#core/mapping/schema';
import { projectFile, projectRoot } from '#lib/root';
import { CONNECTORS } from '#src/vendors';
import { schema, templates } from '../core/mapping/ground.ts';
import { sendText } from '../core/mapping/reading.ts';

const schemaPath = join(projectRoot, 'mappings/mapping.schema.json');
if (process.env.UPDATE === '1') writeFileSync(schemaPath, `${JSON.stringify(mappingJsonSchema(), null, 2)}\n`);

describe('mappings/mapping.schema.json', () => {
  it('is up to date (UPDATE=1 rewrites it)', () => {
    expect(JSON.parse(readFileSync(schemaPath, 'utf8'))).toEqual(JSON.parse(JSON.stringify(mappingJsonSchema())));
  });

  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(projectFile('mappings/mapping.schema.json')) as object);
  // Texts and capture pages are of no CRM.
  const folders = readdirSync(join(projectRoot, 'mappings'), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const crms = folders.filter((name) => name !== 'consent');
  it('is for every CRM', () => {
    const known = CONNECTORS.filter(({ crm }) => crm !== undefined).map(({ manifest }) => manifest.id);
    expect(crms.sort()).toEqual(known.sort());
  });
  it.each(crms.flatMap((crm) => MAPPING_KINDS.map((kind) => [crm, kind] as const)))('accepts the mapping that ships for %s to %s, and so does the parser', (crm, kind) => {
    const text = projectFile(`mappings/${crm}/${kind}.yaml`);
    expect(validate(parse(text)) ? [] : validate.errors).toEqual([]);
    const parsed = parseMapping(kind, text);
    expect(parsed.ok ? checkMapping({ [kind]: parsed.mapping }, { schema: null, templates: null }) : parsed.faults).toEqual([]);
  });
  it('refuses a misspelt key, as the parser does', () => {
    const text = sendText().replace('recipients:', 'recipeints:');
    expect(validate(parse(text))).toBe(false);
    expect(parseMapping('send', text).ok).toBe(false);
  });
});

describe('docs/mappings.md', () => {
  const page = projectFile('docs/mappings.md');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  const whole = blocks.filter((text) => /^kind: /m.test(text));

  it('has examples of each kind', () => expect(new Set(whole.map((text) => /^kind: (\w+)/m.exec(text)?.[1]))).toEqual(new Set(MAPPING_KINDS)));

  it.each(whole.map((text) => [text.slice(0, 60).replaceAll('\n', ' '), text] as const))('%s… is without faults', (_, text) => {
    const kind = MAPPING_KINDS.find((candidate) => text.includes(`kind: ${candidate}`)) ?? 'send';
    const parsed = parseMapping(kind, text);
    expect(parsed.ok ? [] : parsed.faults).toEqual([]);
    if (!parsed.ok) return;
    const set: MappingSet = { [kind]: parsed.mapping };
    expect(checkMapping(set, { schema, templates }).filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('shows parts of rules that fit where they belong', () => {
    const parts = blocks.filter((text) => !whole.includes(text) && /^ {4}\w/.test(text));
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) {
      const keys = [...part.matchAll(/^ {4}(\w+):/gm)].map((match) => match[1] ?? '');
      const base = keys.reduce((text, key) => text.replace(new RegExp(`^ {4}${key}:.*\\n( {6,}.*\\n)*`, 'm'), ''), sendText());
      const parsed = parseMapping('send', base + part);
      expect(parsed.ok ? [] : parsed.faults, part).toEqual([]);
    }
  });

  it('names every function', () => {
    expect([...FUNCTIONS, ...TEXT_METHODS].filter((name) => !page.includes(`${name}(`) && !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('states the bounds as they are', () => {
    const said = page.replaceAll(/(\d),(\d{3})/g, '$1$2');
    expect(Object.values(LIMITS).filter((limit) => !said.includes(String(limit === LIMITS.mappingBytes ? limit / 1024 : limit)))).toEqual([]);
  });
});
