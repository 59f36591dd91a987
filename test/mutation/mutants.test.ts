import { describe, expect, it } from 'vitest';
import { projectFile } from '#lib/root';
import { mutantsOf } from './mutants.ts';
import { TARGETS } from './targets.ts';

/** What becomes of a text, one mutant after the other. */
const made = (text: string): string[] => mutantsOf('a.ts', text).map(({ start, end, text: put }) => text.slice(0, start) + put + text.slice(end));

describe('small faults', () => {
  it.each<[string, string[]]>([
    ['a < b', ['a <= b']],
    ['a === b', ['a !== b']],
    ['a && b', ['a || b']],
    ['!a', ['a']],
    ['a ?? b', ['(a)', '(b)']],
    ['a ? b : c', ['true ? b : c', 'false ? b : c']],
    ['f(7)', [';', 'f((7 + 1))']],
    ['const a = true', ['const a = false']],
    ['const b = [x, y]', ['const b = [y]', 'const b = [x]']],
    ['const c = q.where(d).first()', ['const c = q.first()']],
    ['const d = a.some(f)', ['const d = a.every(f)']],
    ['const key = `${a}|${b}`', ["const key = `${''}|${b}`", "const key = `${a}|${''}`"]],
    ['throw error;', [';']],
  ])('%s', (text, expected) => expect(made(text).filter((one) => expected.includes(one))).toEqual(expected));

  it('leave alone what is no behaviour: types, imports, sentences', () => {
    expect(made("import { a } from 'a'; type B = 1 | true; interface C { d: 2 } const e = `It is ${f}.`;")).toEqual([]);
    expect(made('while (more) next();')).toEqual(['while (false) next();', 'while (more) ;']);
  });

  it('say what they are, and where', () => expect(mutantsOf('a.ts', '\nconst a = b === c;')).toMatchObject([{ line: 2, say: 'b === c  ->  !==' }]));
});

it.each(TARGETS)('$module is there, and so are its tests and each mutant that is known to behave the same', ({ module, tests, same = [] }) => {
  const source = projectFile(module);
  const lines = source.split('\n');
  const mutants = mutantsOf(module, source);
  expect(mutants.length).toBeGreaterThan(0);
  for (const test of tests) expect(projectFile(test)).not.toBe('');
  const gone = same.filter(({ line, say }) => !mutants.some((mutant) => mutant.say === say && lines[mutant.line - 1]?.trim().startsWith(line)));
  expect(gone).toEqual([]);
});
