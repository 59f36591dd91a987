import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { parseMapping } from '#core/mapping/parse';
import { MAPPING_KINDS, SCHEMAS, type MappingKind } from '#core/mapping/schema';
import { LIMITS } from '#core/mapping/limits';
import { STAND_INS } from '#core/mapping/stand-ins';
import { projectFile } from '#lib/root';
import { sendText, shipped } from './reading.ts';

const faults = (text: string, kind: MappingKind = 'send') => {
  const result = parseMapping(kind, text);
  return result.ok ? [] : result.faults;
};
/** Path, place and suggestion, which is what a person goes by. */
const brief = (text: string, kind?: MappingKind): string[] =>
  faults(text, kind).map((fault) => `${fault.line}:${fault.column} ${fault.path}${fault.suggestion ? ` → ${fault.suggestion}` : ''}`);
/** Every key that a JSON Schema requires anywhere. */
function requiredKeys(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, inner]) => (name === 'required' ? (inner as string[]) : requiredKeys(inner)));
}

describe('parseMapping', () => {
  it.each(MAPPING_KINDS)('reads the shipped %s mapping', (kind) => expect(shipped(kind).kind).toBe(kind));

  it('fills in what may be left out', () => {
    const result = parseMapping('send', sendText());
    expect(result).toMatchObject({ ok: true, mapping: { attribution: {}, rules: [{ fields: {}, policies: { backward: 'keep', retries: 0, samePerson: 'block' } }] } });
  });

  it('tells every fault at once, in the order of the file, with the key or value that was meant', () => {
    const text = `kind: send
people: { name: contact.firstname, emial: contact.email }
rules:
  - id: First rule
    titel: First
    when: { stge: Contract sent }
    if: deal.name.matches("a") && lines
    template: Order form
    subject: >-
      "a" +
    recipients:
      - role: Customer
        from: { contact: Signer, els: primary }
      - role: Legal
        from: ownr
      - role: Other
        from: { name: Somebody, email: nobody }
    fields:
      Amount: "money(deal.amount"
      Company:
    policies: { backward: viod, expire: 0 }
`;
    expect(brief(text)).toEqual([
      '2:9 people.email',
      '2:36 people.emial → email',
      '4:5 rules[0].title',
      '4:9 rules[0].id',
      '5:5 rules[0].titel → title',
      '6:11 rules[0].when',
      '6:13 rules[0].when.stge → stage',
      '7:9 rules[0].if',
      '7:35 rules[0].if',
      '9:14 rules[0].subject',
      '13:34 rules[0].recipients[0].from.els → else',
      '15:15 rules[0].recipients[1].from → owner',
      '17:40 rules[0].recipients[2].from.email',
      '19:33 rules[0].fields.Amount',
      '20:7 rules[0].fields.Company',
      '21:27 rules[0].policies.backward → void',
      '21:41 rules[0].policies.expire',
    ]);
  });

  it('finds a variable that a rule does not have', () => {
    const rule = (record: string) => `kind: writeback\nrules:\n  - { id: a, title: A, record: ${record}, on: any, set: { x: recipient.role } }\n`;
    expect(faults(rule('contact'), 'writeback')).toEqual([]);
    expect(faults(rule('deal'), 'writeback')).toMatchObject([{ path: 'rules[0].set.x', suggestion: 'recipients' }]);
  });

  it('looks past a required key that is missing, in its own rule and in others', () => {
    const text = `kind: writeback
rules:
  - { id: one, title: One, record: deal, set: { x: recipient.role } }
  - { id: two, title: Two, record: deal, on: any, set: { x: recipient.role } }
  - { id: two, record: deal, on: any, set: { x: '"y"' } }
`;
    expect(brief(text, 'writeback')).toEqual(['3:5 rules[0].on', '3:52 rules[0].set.x → recipients', '4:61 rules[1].set.x → recipients', '5:5 rules[2].title', '5:11 rules[2].id']);
  });

  it.each(MAPPING_KINDS)('has a stand-in for every key that a %s mapping requires', (kind) => {
    const known = new Set([...Object.keys(STAND_INS), 'kind']);
    expect(requiredKeys(z.toJSONSchema(SCHEMAS[kind], { io: 'input' })).filter((key) => !known.has(key))).toEqual([]);
  });

  it.each([
    ['send', sendText('    consents: [{ role: Customer, checkbox: Agree, hash: Hash, text: terms }]\n')],
    ['writeback', projectFile('mappings/hubspot/writeback.yaml')],
    ['journey', projectFile('mappings/hubspot/journey.yaml')],
  ] as const)('finds another fault of a %s mapping whichever required key is missing', (kind, text) => {
    const document = parse(text) as { rules: Record<string, unknown>[] };
    const required = requiredKeys(z.toJSONSchema(SCHEMAS[kind], { io: 'input' }));
    const first = document.rules[0] ?? {};
    const keys = Object.keys(first).filter((key) => required.includes(key) && key !== 'id');
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) {
      const rules = [Object.fromEntries(Object.entries(first).filter(([name]) => name !== key)), ...document.rules.slice(1), first];
      const found = faults(stringify({ ...document, rules }, { aliasDuplicateObjects: false }), kind).map(({ path }) => path);
      expect(found).toContain(`rules[0].${key}`);
      expect(found).toContain(`rules[${rules.length - 1}].id`);
    }
  });

  it('refuses two rules of one id', () => {
    const rule = '  - { id: a, title: A, on: any, steps: [{ list: L, consent: none }] }\n';
    expect(faults(`kind: journey\nrules:\n${rule}${rule}`, 'journey')).toMatchObject([{ path: 'rules[1].id', line: 4 }]);
  });

  it('asks each list for the consent that it needs', () => {
    expect(faults('kind: journey\nrules:\n  - { id: a, title: A, on: any, steps: [{ list: L }] }\n', 'journey')).toMatchObject([{ path: 'rules[0].steps[0].consent' }]);
  });

  it('reads NO and dates as texts, and takes numbers and yes/no as expressions', () => {
    const result = parseMapping('send', sendText('    fields: { Amount: 5, Country: "\\"NO\\"", Yes: true }\n'));
    expect(result).toMatchObject({ ok: true, mapping: { rules: [{ fields: { Amount: '5', Country: '"NO"', Yes: 'true' } }] } });
  });

  it.each([
    ['a mapping of another kind', 'kind: journey\nrules: []', 'kind'],
    ['an empty file', '', ''],
    ['a list', '- a', ''],
    ['a repeated key', 'kind: send\nkind: send', ''],
    ['two documents', 'kind: send\n---\nkind: send', ''],
    ['a tag', 'kind: !!js/function "x"', ''],
    ['an alias', 'a: &a [1]\nb: *a', ''],
    ['a tab', 'kind: send\nrules:\n\t- a', ''],
    ['deep nesting', '['.repeat(30_000), ''],
    ['a large file', `# ${'x'.repeat(LIMITS.mappingBytes)}`, ''],
    ['a large file in bytes', `# ${'é'.repeat(LIMITS.mappingBytes / 2)}`, ''],
  ])('refuses %s', (_, text, path) => {
    const found = faults(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.some((fault) => fault.path === path)).toBe(true);
  });

  it('is not unfolded by aliases', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, i) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefghij'[i] ?? 'a'}`).join(',')}]`),
    ].join('\n');
    expect(faults(bomb).length).toBeLessThanOrEqual(LIMITS.faults);
    expect(faults(bomb)[0]?.say).toMatch(/Aliases/);
  });

  it.each(['!!binary aGVsbG8=', '!!set { a, b }', '!!str 5', '!own x', '!!omap [a: 1]'])('refuses the tag of %s', (value) => {
    expect(faults(`kind: send\nrules: ${value}\n`).map(({ line, say }) => [line, say])).toContainEqual([2, expect.stringMatching(/tag/i)]);
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('tells a key named %s like any other', (key) => {
    expect(faults(`${key}: 1\n${sendText()}`).map(({ path, say }) => [path, say])).toEqual([[key, `There is no "${key}" here.`]]);
  });

  it('never throws, and every fault has a place', () => {
    const words = fc.constantFrom(
      'kind: send',
      'rules:',
      '  - id: a',
      '    when: {',
      'stage: x }',
      '    if: deal.',
      'recipients:',
      '- role: A',
      'from:',
      '"',
      "'",
      '|',
      '>',
      '[',
      ']',
      '{',
      '}',
      '&a',
      '*a',
      '\n',
      '\t',
      '#',
      ': ',
      '__proto__: 1',
      'fields:',
      '? ',
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
      mutated(sendText('    fields: { Amount: deal.amount }\n')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...MAPPING_KINDS), texts, (kind, text) => {
        const result = parseMapping(kind, text);
        return result.ok || (result.faults.length > 0 && result.faults.every(({ line, column, say }) => line >= 1 && column >= 1 && say !== ''));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** A good mapping with a piece cut out and another put in. */
function mutated(text: string): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 6 })).map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
}
