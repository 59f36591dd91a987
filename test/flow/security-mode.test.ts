import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createLog } from '#lib/log';
import { projectRoot } from '#lib/root';
import { updateInstall } from '#store/installs';
import { openSession } from '#store/sessions';
import { welcome } from '#src/cli/welcome';
import { ConfigError, loadConfig } from '#src/config';
import { createWorld, type World } from '#src/world';
import { openWorld, TEST_KEY } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-mode-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const LIVE = {
  COUNTERSIGN_MODE: 'live',
  PUBLIC_URL: 'https://countersign.example.com',
  COUNTERSIGN_KEY: TEST_KEY,
  HUBSPOT_CLIENT_ID: 'client',
  HUBSPOT_CLIENT_SECRET: 'hush',
  HUBSPOT_APP_ID: '1',
};
const open = (database: string, variables: NodeJS.ProcessEnv): Promise<World> =>
  createWorld(loadConfig(variables, { database: join(folder, database), port: 0, logLevel: 'silent' }), { log: createLog('silent') });

function run(args: string[], variables: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], { cwd: projectRoot, env: { PATH: process.env['PATH'], ...variables } });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

describe('a database', () => {
  test.each([
    ['live', 'sandbox', LIVE, {}],
    ['sandbox', 'live', {}, LIVE],
  ] as const)('of a %s server is not opened by a %s one, and nothing is written beside it', async (mode, other, own, foreign) => {
    const name = `${mode}.db`;
    await (await open(name, { COUNTERSIGN_KEY: TEST_KEY, ...own })).stop();
    const files = readdirSync(folder);
    const opening = open(name, { COUNTERSIGN_KEY: TEST_KEY, ...foreign });
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(`belongs to a server in ${mode} mode and cannot be opened in ${other} mode`);
    expect(readdirSync(folder)).toEqual(files);
    await (await open(name, { COUNTERSIGN_KEY: TEST_KEY, ...own })).stop();
  });

  test('is held to its mode by the commands too, and its files are for their owner alone', async () => {
    const own = mkdtempSync(join(tmpdir(), 'countersign-mask-'));
    const database = { COUNTERSIGN_DATABASE: join(own, 'below', 'a.db') };
    expect(await run(['migrate'], database)).toMatchObject({ code: 0 });
    for (const name of readdirSync(join(own, 'below'))) expect(`${name} ${(statSync(join(own, 'below', name)).mode & 0o777).toString(8)}`).toBe(`${name} 600`);
    expect(statSync(join(own, 'below')).mode & 0o777).toBe(0o700);
    for (const command of [['migrate'], ['installs'], ['link'], ['serve']]) {
      const { code, said } = await run(command, { ...LIVE, ...database });
      expect(code).toBe(1);
      expect(said).toContain('belongs to a server in sandbox mode');
      expect(said).not.toContain('    at ');
    }
    rmSync(own, { recursive: true, force: true });
  });
});

describe('a start', () => {
  test('on a port that is taken, at an address that is not here, or by no command’s name says so in a sentence', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const database = { COUNTERSIGN_DATABASE: join(folder, 'port.db'), LOG_LEVEL: 'silent' };
    const said = `Port ${port} of 127.0.0.1 is taken by another program. PORT chooses another one; PORT=0 takes one that is free.\n`;
    expect(await run(['serve'], { ...database, PORT: String(port) })).toEqual({ code: 1, said });
    taken.close();
    expect((await run(['serve'], { ...database, HOST: '192.0.2.1' })).said).toContain('This machine has no address 192.0.2.1.');
    expect((await run(['serve'], { ...database, PORT: 'abc' })).said).toBe('The environment cannot be used:\n  - PORT: has to be a number\n');
    expect((await run(['nope'], database)).said).toContain('error: there is no command "nope"');
  });

  test('of a live server prints a link until somebody has been in, and none after that', async () => {
    const world = await open('welcome.db', LIVE);
    expect(await welcome(world, 'https://countersign.example.com')).toContain('/enter/');
    await openSession(world.db, null, 0);
    await world.db.deleteFrom('sessions').execute();
    const again = await welcome(world, 'https://countersign.example.com');
    expect(again).not.toContain('/enter/');
    expect(again).toMatch(/Sign in by a link: .* link/);
    await world.stop();
  });

  test('of a sandbox prints one every time', async () => {
    const w = await openWorld({ connect: false });
    await openSession(w.db, null, 0);
    expect(await welcome(w.world, w.address)).toContain('/enter/');
    await w.stop();
  });
});

test('a sandbox server calls no real vendor, whatever an install says', async () => {
  const w = await openWorld();
  for (const address of ['https://api.hubapi.com', 'https://demo.docusign.net/restapi/v2.1/accounts/1', 'https://account.docusign.com']) {
    for (const install of [w.crm, w.sign]) {
      await updateInstall(w.db, w.tenant, install.id, { base_url: address });
      await expect(w.world.flow.bind(install, 5).request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ code: 'host.refused' });
      await expect(w.world.flow.tokenHttp(install.vendor)({ method: 'GET', url: address })).rejects.toMatchObject({ code: 'host.refused' });
    }
  }
  await w.stop();
});
