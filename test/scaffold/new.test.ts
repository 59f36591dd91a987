import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectFile, projectRoot } from '#lib/root';
import { manifestSchema } from '#ports/manifest';
import { scaffold } from './scaffold.ts';
import { namesOf } from './templates.ts';

/** What a connector may import, and what the tools read: enough of a project to check a new connector in, without touching this one. */
const NEEDED = ['package.json', 'tsconfig.json', 'vitest.config.ts', '.prettierrc.json', 'src/core', 'src/lib', 'src/ports', 'src/connectors'];

let root: string;
let made: string[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'countersign-new-'));
  for (const path of NEEDED) cpSync(join(projectRoot, path), join(root, path), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'), 'dir');
  writeFileSync(join(root, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include: ['connectors', 'test'] }));
  made = scaffold(root, 'acme-sign');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(tool: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, output: stdout + stderr };
}

it('the guide names the files in which a connector is wired', () => {
  const wired = { 'src/vendors.ts': ['const CONNECTORS', 'function liveRegistrations'], 'src/sandbox-world.ts': ['function play'], 'test/contract/vendors.ts': ['const TRIED'] };
  const guide = projectFile('CONTRIBUTING.md');
  for (const [path, names] of Object.entries(wired)) {
    expect(guide).toContain(`\`${path}\``);
    for (const name of names) expect(projectFile(path), path).toContain(name);
  }
});

describe('npm run new connector', () => {
  it('names the connector for folder, code and people', () => expect(namesOf('acme-sign')).toEqual({ id: 'acme-sign', value: 'acmeSign', title: 'Acme Sign' }));

  it('writes a manifest that the contract accepts', () => {
    expect(manifestSchema.parse(JSON.parse(readFileSync(join(root, 'connectors/acme-sign/manifest.json'), 'utf8')))).toMatchObject({ id: 'acme-sign', verified: false });
  });

  it('writes files that type-check', () => expect(run('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.new.json')).toEqual({ status: 0, output: '' }));

  it('writes files that are formatted', () => {
    const code = made.filter((path) => !path.endsWith('.md'));
    expect(run('prettier/bin/prettier.cjs', '--check', ...code)).toMatchObject({ status: 0 });
  });

  it('writes tests of which exactly one fails, and says what to do', () => {
    const { status, output } = run('vitest/vitest.mjs', 'run', '--reporter=verbose', 'test/connectors/acme-sign');
    expect(status).toBe(1);
    expect(output).toMatch(/1 failed \| 3 passed/);
    expect(output).toContain('connectors/acme-sign/samples/completed.json');
    expect(output).toContain('then write decode()');
  });

  it('overwrites nothing and refuses odd names', () => {
    expect(() => scaffold(root, 'acme-sign')).toThrow('is there already');
    for (const id of ['', '../up', 'Acme', 'acme_sign', 'acme-']) expect(() => scaffold(root, id), id).toThrow('no name for a connector');
  });
});
