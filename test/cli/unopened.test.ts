import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '#lib/root';
import { migrate, openDatabase } from '#store/database';
import { ConfigError } from '#src/config';
import { opening } from '#src/database-words';
import { postgresServer } from '../store/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-unopened-'));
const noDatabase = join(folder, 'text.db');
const aFolder = join(folder, 'folder.db');
beforeAll(() => {
  writeFileSync(noDatabase, 'This is a text, and no database at all.'.repeat(20));
  mkdirSync(aFolder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: string[], variables: NodeJS.ProcessEnv): Promise<{ code: number | null; out: string; said: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], { cwd: projectRoot, env: { PATH: process.env['PATH'], LOG_LEVEL: 'silent', ...variables } });
  let [out, said] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (said += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, said })));
}

const open = (place: string) =>
  opening(place, async () => {
    const db = openDatabase(place);
    await migrate(db).finally(() => db.destroy());
  });

describe('a database that cannot be opened', () => {
  test('is told in words that say what to do', async () => {
    await expect(open(noDatabase)).rejects.toThrow(/text\.db is no SQLite database, or a damaged one\./);
    await expect(open(aFolder)).rejects.toThrow(/folder\.db cannot be opened \(SQLITE_CANTOPEN/);
    await expect(open(join(noDatabase, 'below.db'))).rejects.toThrow(/below\.db cannot be opened \((ENOTDIR|EEXIST)\)/);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    taken.close();
    await expect(open(`postgres://me:hush@127.0.0.1:${port}/none`)).rejects.toThrow(`PostgreSQL does not answer at postgres://me@127.0.0.1:${port}/none (ECONNREFUSED).`);
    const missing = new URL(await postgresServer());
    missing.pathname = '/countersign_is_not_here';
    await expect(open(missing.href)).rejects.toThrow(/PostgreSQL has no such database: .*countersign_is_not_here\. Make it/);
    await expect(open(missing.href)).rejects.toBeInstanceOf(ConfigError);
  });

  test('is no stack trace of any command, and a finding of the doctor', async () => {
    const variables = { COUNTERSIGN_DATABASE: noDatabase, PORT: '0' };
    const commands = [['serve'], ['migrate'], ['move', '--from', 'sqlite', '--to', join(folder, 'other.db')], ['doctor', '--json']];
    const ends = await Promise.all(commands.map((args) => run(args, variables)));
    for (const { code, out, said } of ends) {
      expect(code).toBe(1);
      expect(out + said).toContain('is no SQLite database');
      expect(out + said).not.toContain('    at ');
    }
    expect(JSON.parse(ends.at(-1)?.out ?? '')).toEqual([{ level: 'fail', what: expect.stringContaining('is no SQLite database') as string }]);
  });
});

test('a command that works on what a server has made makes no database of a mistyped place, nor a key beside it', async () => {
  const nowhere = join(folder, 'mistyped', 'countersign.db');
  const [here, variables] = [readdirSync(folder), { COUNTERSIGN_DATABASE: nowhere, PORT: '0' }];
  const commands = [['ledger', 'verify'], ['mappings', 'versions'], ['installs'], ['link'], ['backup'], ['restored', '--from', '2026-01-05T09:00:00Z'], ['doctor', '--json']];
  const ends = await Promise.all(commands.map((args) => run(args, variables)));
  for (const { code, out, said } of ends) expect({ code, told: (out + said).includes(`There is no database at ${nowhere}. `) }).toEqual({ code: 1, told: true });
  expect(JSON.parse(ends.at(-1)?.out ?? '')).toEqual([{ level: 'fail', what: expect.stringContaining('There is no database') as string }]);
  expect(readdirSync(folder)).toEqual(here);
});

test('a tour is told its seed as a number', async () => {
  const { code, said } = await run(['tour', '--seed', 'abc'], {});
  expect(code).toBe(1);
  expect(said).toContain('It has to be a whole number.');
});
