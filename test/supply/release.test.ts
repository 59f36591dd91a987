import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFile, projectRoot } from '#lib/root';
import { withPostgres } from '../bench/postgres-places.ts';
import { launch, serving } from '../faults/product.ts';
import { makeRelease } from './release-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-release-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made: Awaited<ReturnType<typeof makeRelease>>;
beforeAll(async () => void (made = await makeRelease(folder)));

/** Starts the server of the folder, asks whether it is ready, and stops it. */
async function serve(environment: Record<string, string>): Promise<{ status: number; exit: number | null }> {
  const server = launch(serving(folder), 0, { COUNTERSIGN_MODE: 'sandbox', ...environment });
  await server.ready;
  const [address = ''] = /http:\S+(?=\s*$)/.exec(server.said()) ?? [];
  const { status } = await fetch(`${address}/readyz`);
  return { status, exit: await server.stop() };
}

test('a release holds each dependency, small, and npm finds nothing amiss in it', () => {
  const { dependencies, builtIn } = JSON.parse(projectFile('package.json')) as { dependencies: Record<string, string>; builtIn: string[] };
  const held = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  expect(Object.entries(dependencies).filter(([name, version]) => !builtIn.includes(name) && held.dependencies[name] !== version)).toEqual([]);
  expect(spawnSync('npm', ['ls', '--all'], { cwd: folder, encoding: 'utf8' }).status).toBe(0);
  expect(made.packages).toBeLessThan(20);
  expect(made.bytes).toBeLessThan(60e6);
});

test('it serves on SQLite, and on PostgreSQL with its lanes', async () => {
  expect(await serve({ COUNTERSIGN_DATABASE: join(folder, 'data', 'release.db') })).toEqual({ status: 200, exit: 0 });
  await withPostgres(async (fresh) => expect(await serve({ DATABASE_URL: await fresh() })).toEqual({ status: 200, exit: 0 }));
});

test('it carries the notices of every package in it, and the list of them', () => {
  const { components } = JSON.parse(readFileSync(join(folder, 'sbom.json'), 'utf8')) as { components: { name: string; version: string }[] };
  const notices = readFileSync(join(folder, 'THIRD-PARTY.txt'), 'utf8');
  expect(components.length).toBeGreaterThan(100);
  expect(components.filter(({ name, version }) => !notices.includes(`${name} ${version}`))).toEqual([]);
});

test('it holds nothing of the project but what is read when it runs', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => !path.startsWith('node_modules'));
  expect(files.filter((path) => /\.tsx?$|(^|\/)(samples|node_modules)\//.test(path))).toEqual([]);
});

test('a folder with something in it is left alone', () => {
  const refused = spawnSync('npx', ['tsx', 'test/supply/release.ts', folder], { cwd: projectRoot, encoding: 'utf8' });
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('is not empty') as string });
});
