import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { projectRoot } from '#lib/root';
import { product } from '../tidy/project.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const build = (...words: string[]) => spawnSync(process.execPath, ['esbuild.config.js', ...words], { cwd: projectRoot, encoding: 'utf8' });
const built = join(folder, 'src');

test('a build takes away what an earlier one left, and leaves what is the same and what is not of a build', () => {
  expect(build(folder)).toMatchObject({ status: 0, stderr: '' });
  const [files, { mtimeMs }] = [readdirSync(built).sort(), statSync(join(built, 'main.js'))];
  expect(files.filter((name) => /^tour-[A-Z0-9]{8}\.js$/.test(name))).toHaveLength(1);
  for (const name of ['tour-AAAA2222.js', 'tour-AAAA2222.js.map', 'chunk-AAAA3333.js', 'notes-of-mine.js']) writeFileSync(join(built, name), '');
  expect(build(folder)).toMatchObject({ status: 0 });
  expect(readdirSync(built).sort()).toEqual([...files, 'notes-of-mine.js'].sort());
  expect(statSync(join(built, 'main.js')).mtimeMs).toBe(mtimeMs);
});

test('an option is no folder', () => {
  expect(build('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run build') as string });
  expect(build('--nonsense')).toMatchObject({ status: 2, stderr: expect.stringContaining('What is "--nonsense"?') as string });
  for (const name of ['--help', '--nonsense']) expect(existsSync(join(projectRoot, name))).toBe(false);
});

test('nothing of the project is loaded after the start, so that a build takes nothing away from a server that runs', () =>
  expect(product.filter(({ text }) => /\bimport\(\s*['"][.#]/.test(text)).map(({ path }) => path)).toEqual(['src/main.ts', 'src/world.ts']));
