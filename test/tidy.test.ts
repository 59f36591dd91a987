import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '#core/problem';
import { documents } from './docs/parts.ts';
import { climbFaults, importFaults } from './tidy/borders.ts';
import * as style from './tidy/code.ts';
import { alarmFaults, commandFaults, linkFaults } from './tidy/docs.ts';
import { AREAS } from './tidy/imports.ts';
import { code, files, pages, product, texts, type FileRule, type Source } from './tidy/project.ts';
import { ACROSS_TENANTS, tables, tenantFaults, WITHOUT_TENANT } from './tidy/tenancy.ts';
import { machineFaults, MAY_NAME_VENDORS, registryFaults, vendorFaults } from './tidy/words.ts';

/** Nothing else lies at the top, dotfiles and the pages that every project has aside. */
const TOP = new Set(['src', 'connectors', 'mappings', 'migrations', 'test', 'docs', 'package.json', 'package-lock.json', 'app.config.json', 'Dockerfile', 'LICENSE']);
const TOP_CONFIGS = /^(\..+|tsconfig(\.\w+)?\.json|[a-z]+\.config\.[jt]s|knip\.json|[A-Z]+\.md)$/;

const text = (path: string): string => texts.find((source) => source.path === path)?.text ?? '';
const scripts = (JSON.parse(text('package.json')) as { scripts: Record<string, string> }).scripts;
const of = (sources: readonly Source[], rule: FileRule): string[] => sources.flatMap(rule);
const inFolder = (pattern: RegExp): Source[] => product.filter(({ path }) => pattern.test(path));

describe('borders', () => {
  it('each area imports only what the table allows it', () => expect(of(product, importFaults)).toEqual([]));
  it('no import climbs three folders', () => expect(of(code, climbFaults)).toEqual([]));
  it('the table names only areas that exist', () => {
    const names = AREAS.map(({ name }) => name);
    expect(AREAS.flatMap(({ may, typesOf }) => [...may, ...typesOf]).filter((name) => !names.includes(name))).toEqual([]);
  });
  it('the core takes time and chance as inputs, and so does the receiving side of a connector', () =>
    expect(of(inFolder(/^src\/core\/|^connectors\/[^/]+\/inbound\.ts$/), style.impureFaults)).toEqual([]));
  it('no vendor is named in src', () => expect(of(inFolder(/^src\//), vendorFaults)).toEqual([]));
  it('the top level is fixed', () => expect([...new Set(files.map((path) => path.split('/')[0] ?? ''))].filter((name) => !TOP.has(name) && !TOP_CONFIGS.test(name))).toEqual([]));
});

describe('code', () => {
  it('files have kebab-case names that say something', () => expect(of(code, style.nameFaults)).toEqual([]));
  it('no file is longer than 300 lines', () => expect(of(code, style.sizeFaults)).toEqual([]));
  it('nothing is exported by default', () => expect(of(code, style.exportFaults)).toEqual([]));
  it('nothing is any', () => expect(of(code, style.anyFaults)).toEqual([]));
  it('nothing is asserted to be there', () => expect(of(code, style.bangFaults)).toEqual([]));
  it('no work is promised in a comment', () => expect(of(code, style.promiseFaults)).toEqual([]));
  it('compiler and linter are not silenced without a reason', () => expect(of(code, style.silencedFaults)).toEqual([]));
  it('every test runs', () => expect(of(code, style.idleTestFaults)).toEqual([]));
  it('secrets are compared in constant time', () => expect(of(inFolder(/^(?!.*\/sandbox)/), style.leakyCompareFaults)).toEqual([]));
});

describe('tenancy', () => {
  it('every table has a tenant, or a reason', async () => {
    const loose = [...(await tables())].filter(([, columns]) => !/\btenant text not null\b/.test(columns)).map(([name]) => name);
    expect(loose.filter((name) => !(name in WITHOUT_TENANT))).toEqual([]);
  });
  it('every function of the store that touches a tenant table speaks of the tenant, or has a reason', async () => {
    const owned = new Set([...(await tables()).keys()].filter((name) => !(name in WITHOUT_TENANT)));
    expect(of(inFolder(/^src\/store\//), tenantFaults(owned))).toEqual([]);
  });
});

describe('transactions', () => {
  it('nobody is called or waited for inside a transaction', () => expect(of(product, style.slowTransactionFaults)).toEqual([]));
});

describe('docs', () => {
  it('relative links lead to files', () => expect(of(pages, linkFaults)).toEqual([]));
  it('commands that pages name exist', () => expect(of(pages, commandFaults(scripts))).toEqual([]));
  it('what is drawn from the code is up to date (npm run docs)', () => {
    for (const { path, render } of documents) expect(text(path), path).toBe(render(text(path)));
  });
  it('every problem is explained', () => expect(Object.keys(PROBLEMS).filter((name) => !text('docs/errors.md').includes(`\`${name}\``))).toEqual([]));
  it('every alarm has a runbook of its name', () => expect(of(product, alarmFaults)).toEqual([]));
  it('the changelog has a place for what comes', () => expect(text('CHANGELOG.md')).toMatch(/^## Unreleased$/m));
});

describe('everywhere', () => {
  it('no path of a machine', () => expect(of(texts, machineFaults)).toEqual([]));
  it('no package registry', () => expect(of(texts, registryFaults)).toEqual([]));
});

describe('exceptions are still needed', () => {
  const paths = new Set(files);
  it('files that may name a vendor exist', () => expect(Object.keys(MAY_NAME_VENDORS).filter((path) => !paths.has(path))).toEqual([]));
  it('functions that may look across tenants exist', () =>
    expect(Object.keys(ACROSS_TENANTS).filter((entry) => !text(entry.split(':')[0] ?? '').includes(entry.split(':')[1] ?? entry))).toEqual([]));
  it('tables without a tenant exist', async () => {
    const known = await tables();
    expect(Object.keys(WITHOUT_TENANT).filter((name) => name !== 'migrations' && !known.has(name))).toEqual([]);
  });
});
