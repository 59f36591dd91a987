import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { shutFolder } from './embedded.ts';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'countersign-closed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder that keeps the user of PostgreSQL out is named before it is tried, which would end in no words', () => {
  const below = join(folder, 'project', 'node_modules');
  mkdirSync(below, { recursive: true });
  chmodSync(folder, 0o700);
  expect(shutFolder(below)).toBe(folder);
  chmodSync(folder, 0o711);
  expect(shutFolder(below)).toBe(shutFolder(folder));
});
