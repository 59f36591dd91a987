import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFile, projectRoot } from '#lib/root';

const scripts = Object.entries((JSON.parse(projectFile('package.json')) as { scripts: Record<string, string> }).scripts);
const own = scripts.flatMap(([name, command]) => (command.startsWith('tsx ') ? [[name, command.slice(4)] as const] : []));

function run(path: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path, ...words], { cwd: projectRoot, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('scripts', () => {
  it('all ask in one way what they were told', () => {
    expect(own.length).toBeGreaterThan(8);
    expect(own.filter(([, path]) => !readFileSync(join(projectRoot, path), 'utf8').includes('readUsage(')).map(([name]) => name)).toEqual([]);
  });

  it('say how they are used', () => {
    const { status, stdout, stderr } = run('test/supply/sbom.ts', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^npm run sbom/);
  });

  it('refuse what they do not know in a sentence, before they do anything', () => {
    for (const path of ['test/supply/sbom.ts', 'test/docs/generate.ts']) {
      const { status, stdout, stderr } = run(path, '--nonsense');
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^Unknown option '--nonsense'\n\nnpm run /);
    }
    expect(run('test/scaffold/new.ts', 'connector', 'one', 'two')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/^Give one id\.\n/) as string });
  });
});
