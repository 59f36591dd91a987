import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectFile, projectRoot } from '#lib/root';

const PAGE = 'docs/security.md';
const named = [...projectFile(PAGE).matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[\w./-]+)\)/g)].map(([, name = '', path = '']) => ({ name, path }));

/** As the source has it: a quote inside a name is written as an escape there, or not at all. */
const plain = (text: string) => text.replace(/[’'\\]/g, '');

it('every line of the security page names a test that is there', () => {
  expect(named.length).toBeGreaterThan(50);
  const missing = named.filter(({ name, path }) => !existsSync(join(projectRoot, path)) || !plain(projectFile(path)).includes(plain(name)));
  expect(missing).toEqual([]);
});

it('every row of its tables names one', () => {
  const rows = projectFile(PAGE)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (section|---)/.test(line));
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.filter((row) => !row.includes('](../test/'))).toEqual([]);
});
