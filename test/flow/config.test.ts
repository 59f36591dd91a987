import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createLog } from '#lib/log';
import { projectRoot } from '#lib/root';
import { ConfigError, loadConfig } from '#src/config';
import { createWorld } from '#src/world';
import { TEST_KEY } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = { database: join(folder, 'live.db'), port: 0, logLevel: 'silent' as const };
const LIVE = {
  COUNTERSIGN_MODE: 'live',
  PUBLIC_URL: 'https://countersign.example.com',
  COUNTERSIGN_KEY: TEST_KEY,
  HUBSPOT_CLIENT_ID: 'client',
  HUBSPOT_CLIENT_SECRET: 'hush',
  HUBSPOT_APP_ID: '1',
};
function faultsOf(variables: NodeJS.ProcessEnv): string {
  try {
    loadConfig(variables, file);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
}

describe('a configuration', () => {
  test('for live that is incomplete is refused with all its faults at once', () => {
    const faults = faultsOf({ COUNTERSIGN_MODE: 'live', PUBLIC_URL: 'http://countersign.example.com', DOCUSIGN_CLIENT_ID: 'x' });
    for (const word of ['PUBLIC_URL', 'COUNTERSIGN_KEY', 'No CRM', 'connectors/hubspot/README.md', 'DOCUSIGN_CLIENT_SECRET', 'DOCUSIGN_CONNECT_KEYS'])
      expect(faults).toContain(word);
  });
  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['a key that is too short', { ...LIVE, COUNTERSIGN_KEY: 'c2hvcnQ=' }, 'COUNTERSIGN_KEY'],
    ['half a vendor', { ...LIVE, HUBSPOT_APP_ID: '' }, 'HUBSPOT_APP_ID'],
    ['half of another vendor beside a whole one', { ...LIVE, SALESFORCE_CLIENT_ID: 'i' }, 'SALESFORCE_CLIENT_SECRET'],
    ['half of what journeys are told through', { ...LIVE, MARKETING_CLOUD_CLIENT_ID: 'i', MARKETING_CLOUD_CLIENT_SECRET: 's' }, 'MARKETING_CLOUD_SUBDOMAIN'],
    [
      'journeys and no CRM',
      { ...LIVE, HUBSPOT_CLIENT_ID: '', HUBSPOT_CLIENT_SECRET: '', HUBSPOT_APP_ID: '', ACCOUNT_ENGAGEMENT_CLIENT_ID: 'i', ACCOUNT_ENGAGEMENT_CLIENT_SECRET: 's' },
      'No CRM',
    ],
    ['an address where a name belongs', { ...LIVE, MARKETING_CLOUD_SUBDOMAIN: 'evil.example.com/x' }, 'MARKETING_CLOUD_SUBDOMAIN'],
    ['an address without encryption', { ...LIVE, PUBLIC_URL: 'http://countersign.example.com' }, 'https://'],
    ['an address with a path', { ...LIVE, PUBLIC_URL: 'https://countersign.example.com/app' }, 'PUBLIC_URL'],
    ['an address with a query', { ...LIVE, PUBLIC_URL: 'https://countersign.example.com?a=1' }, 'PUBLIC_URL'],
    ['an address with a user', { ...LIVE, PUBLIC_URL: 'https://a:b@countersign.example.com' }, 'PUBLIC_URL'],
    ['webhook keys that are none', { ...LIVE, DOCUSIGN_CLIENT_ID: 'i', DOCUSIGN_CLIENT_SECRET: 's', DOCUSIGN_CONNECT_KEYS: ' , ' }, 'DOCUSIGN_CONNECT_KEYS'],
    ['a private key without its user', { ...LIVE, DOCUSIGN_PRIVATE_KEY: 'pem' }, 'DOCUSIGN_USER_ID'],
    ['a user without a private key', { ...LIVE, DOCUSIGN_USER_ID: 'guid' }, 'DOCUSIGN_PRIVATE_KEY'],
    ['an address that is none', { ...LIVE, PUBLIC_URL: 'countersign' }, 'PUBLIC_URL: has to be an address, such as https://'],
    ['a port that is none', { ...LIVE, PORT: 'eighty' }, 'PORT: has to be a number'],
    ['a port beyond all', { ...LIVE, PORT: '99999' }, 'PORT: has to be at most 65535'],
    ['a port between two', { ...LIVE, PORT: '80.5' }, 'PORT: has to be a whole number'],
    ['a ceiling of nothing', { ...LIVE, COUNTERSIGN_CEILING: '0' }, 'COUNTERSIGN_CEILING: has to be at least 1'],
    ['a mode that is none', { ...LIVE, COUNTERSIGN_MODE: 'prod' }, 'COUNTERSIGN_MODE: has to be sandbox or live'],
    ['a role that is none', { ...LIVE, COUNTERSIGN_ROLE: 'api' }, 'COUNTERSIGN_ROLE'],
    ['one role of several on SQLite', { ...LIVE, COUNTERSIGN_ROLE: 'web' }, 'Set DATABASE_URL, or leave COUNTERSIGN_ROLE out'],
    [
      'one role of several without Redis',
      { ...LIVE, COUNTERSIGN_ROLE: 'worker', DATABASE_URL: 'postgres://db.example.com/it' },
      'Set REDIS_URL, or COUNTERSIGN_LIMITS=per-process',
    ],
    ['an address that is none of Redis', { REDIS_URL: 'http://redis.example.com' }, 'REDIS_URL'],
    ['one role of several in the sandbox', { COUNTERSIGN_ROLE: 'worker', DATABASE_URL: 'postgres://db.example.com/it' }, 'COUNTERSIGN_MODE=live'],
    ['a DATABASE_URL of another kind', { ...LIVE, DATABASE_URL: 'mysql://db.example.com/it' }, 'DATABASE_URL'],
    ['two databases', { ...LIVE, DATABASE_URL: 'postgres://db.example.com/it', COUNTERSIGN_DATABASE: 'postgres://db.example.com/that' }, 'name two databases'],
  ])('with %s is refused', (_what, variables, word) => expect(faultsOf(variables)).toContain(word));
  test('that misspells a setting of the file is refused, with its name', () => {
    const of = (more: object) => () => loadConfig({}, { ...file, ...more });
    expect(of({ prot: 1 })).toThrow('has no setting "prot"');
    expect(of({ host: undefined })).toThrow('host: is missing');
    expect(of({ host: 1 })).toThrow('host: has to be a text');
  });
  test('for many processes names its database, its role and its connections', () => {
    const address = 'postgres://db.example.com/it';
    const variables = { ...LIVE, DATABASE_URL: address, COUNTERSIGN_ROLE: 'worker', COUNTERSIGN_POOL: '25', REDIS_URL: 'redis://redis.example.com' };
    expect(loadConfig(variables, file)).toMatchObject({ database: address, role: 'worker', pool: 25 });
    expect(loadConfig({ ...LIVE, DATABASE_URL: address, COUNTERSIGN_DATABASE: address }, file)).toMatchObject({ database: address, role: 'all', pool: 10 });
  });

  test('for live may have either CRM, or both', () => {
    const { HUBSPOT_CLIENT_ID: _id, HUBSPOT_CLIENT_SECRET: _secret, HUBSPOT_APP_ID: _app, ...bare } = LIVE;
    const second = { SALESFORCE_CLIENT_ID: 'i', SALESFORCE_CLIENT_SECRET: 's' };
    expect([faultsOf({ ...bare, ...second }), faultsOf({ ...LIVE, ...second }), faultsOf(LIVE)]).toEqual(['', '', '']);
    expect(faultsOf(bare)).toContain('No CRM');
  });

  test('takes its address with or without the slash at the end', () => {
    expect(loadConfig({ ...LIVE, PUBLIC_URL: 'https://countersign.example.com/' }, file).publicUrl).toBe('https://countersign.example.com');
    expect(loadConfig(LIVE, file).publicUrl).toBe('https://countersign.example.com');
  });

  test('lets new accounts in by an operator alone when live, and by themselves in the sandbox, unless it says otherwise', () => {
    expect(loadConfig(LIVE, file).admission).toBe('operator');
    expect(loadConfig({}, file).admission).toBe('open');
    expect(loadConfig(LIVE, { ...file, admission: 'open' }).admission).toBe('open');
    expect(loadConfig({}, { ...file, admission: 'operator' }).admission).toBe('operator');
  });

  test('never shows its secrets', () => {
    const config = loadConfig({ ...LIVE, DOCUSIGN_CLIENT_ID: 'i', DOCUSIGN_CLIENT_SECRET: 'hush-too', DOCUSIGN_CONNECT_KEYS: 'hush-one,hush-two' }, file);
    expect(JSON.stringify(config)).not.toContain('hush');
    expect(faultsOf({ ...LIVE, HUBSPOT_APP_ID: '' })).not.toContain('hush');
  });
  test('makes the sandbox a key of its own beside its database, once', () => {
    const database = join(folder, 'sandbox.db');
    const keysOf = () => loadConfig({}, { ...file, database }).keys.flatMap((source) => (source.kind === 'file' ? source.keys.reveal() : []));
    const [first, second] = [keysOf(), keysOf()];
    expect(first.map(({ length }) => length)).toEqual([32]);
    expect(second).toEqual(first);
    expect(statSync(`${database}.key`).mode & 0o777).toBe(0o600);
    writeFileSync(`${database}.key`, 'cut off');
    expect(() => loadConfig({}, { ...file, database })).toThrow(ConfigError);
  });
});

describe('a live server', () => {
  test('serves nothing of the sandbox', async () => {
    const port = await freePort();
    const world = await createWorld(loadConfig({ ...LIVE, HOST: '127.0.0.1', PORT: String(port) }, file), { log: createLog('silent') });
    expect(world.sandbox).toBeNull();
    expect(await world.start()).toBe('https://countersign.example.com');
    const answers: number[] = [];
    for (const path of ['/sandbox/hubspot/', '/sandbox/docusign/', '/sandbox/mail/', '/sandbox/hubspot/oauth/v3/token', '/sandbox']) {
      answers.push((await fetch(`http://127.0.0.1:${port}${path}`)).status);
      answers.push((await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })).status);
    }
    expect(new Set(answers)).toEqual(new Set([404]));
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    await world.stop();
  });

  test('never even loads it: no file that live reaches imports a part of the sandbox', () => {
    const reached = importsFrom('src/main.ts');
    expect(reached.size).toBeGreaterThan(100);
    expect([...reached].filter((path) => /sandbox/.test(path))).toEqual([]);
    expect([...importsFrom('src/sandbox-world.ts')].some((path) => path === 'connectors/hubspot/sandbox.ts')).toBe(true);
  });
});

/** A live server tells its public address, so the port is chosen here. */
function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => found(port));
    });
  });
}

/** Every file that is loaded with `entry`, by static imports alone: a dynamic one is only followed when it is reached. */
function importsFrom(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const text = readFileSync(join(projectRoot, entry), 'utf8');
  for (const [, from = ''] of text.matchAll(/^(?:import|export)(?! type)[^'"]*?from '([^']+)'|^import '([^']+)'/gm)) {
    const path = from.startsWith('#') ? aliased(from) : from.startsWith('.') ? join(dirname(entry), from) : null;
    if (path !== null) importsFrom(path, seen);
  }
  return seen;
}

function aliased(specifier: string): string {
  const { imports } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { imports: Record<string, string> };
  const patterns = Object.entries(imports).sort(([a], [b]) => b.length - a.length);
  for (const [pattern, source] of patterns) {
    const [head = '', tail = ''] = pattern.split('*');
    if (!specifier.startsWith(head) || !specifier.endsWith(tail)) continue;
    const path = source.replace('*', specifier.slice(head.length, specifier.length - tail.length));
    return resolve('/', path).slice(1);
  }
  throw new Error(`There is no ${specifier}.`);
}
