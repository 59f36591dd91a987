import { describe, expect, it } from 'vitest';
import { climbFaults, importFaults } from './borders.ts';
import * as style from './code.ts';
import { alarmFaults, anchorOf, commandFaults, linkFaults } from './docs.ts';
import type { FileRule } from './project.ts';
import { tenantFaults } from './tenancy.ts';
import { machineFaults, registryFaults, vendorFaults } from './words.ts';

/** The rules that hold everything else are tried on what they must catch and on what they must let pass. */
const caught = (rule: FileRule, path: string, text: string): number => rule({ path, text }).length;

describe('import rules', () => {
  const cases: [path: string, text: string, faults: number][] = [
    ['src/core/a.ts', "import { b } from '#store/b';", 1],
    ['src/core/a.ts', "import type { B } from '#store/b';", 1],
    ['src/core/a.ts', "import { readFileSync } from 'node:fs';", 1],
    ['src/core/a.ts', "import { newId } from '#lib/ids'; import * as z from 'zod'; import { b } from './b.ts';", 0],
    ['src/ports/a.ts', "import type { Json } from '#lib/json';", 0],
    ['src/ports/a.ts', "import { canonicalJson } from '#lib/json';", 1],
    ['src/ports/a.ts', "import { type Json } from '#lib/json';", 0],
    ['src/flow/a.ts', "import { manifestSchema } from '#ports/manifest';", 1],
    ['src/flow/a.ts', "import { acme } from '#connectors/acme/index';", 1],
    ['src/http/a.tsx', "import { receive } from '#flow/receive'; import { Hono } from 'hono';", 0],
    ['src/http/a.tsx', "import { sql } from 'kysely';", 1],
    ['src/http/a.tsx', "import type { Config } from '#src/config';", 0],
    ['src/http/a.tsx', "import { config } from '#src/config';", 1],
    ['src/world.ts', "import { acme } from '#connectors/acme/index'; import { other } from '#connectors/other/index';", 0],
    ['connectors/acme/a.ts', "import { b } from './sandbox/b.ts'; import { c } from '#connectors/acme/c';", 0],
    ['connectors/acme/a.ts', "import { b } from '#connectors/other/b';", 1],
    ['connectors/acme/a.ts', "import { b } from '../other/b.ts';", 1],
    ['connectors/acme/a.ts', "import { open } from '#store/database';", 1],
    ['connectors/acme/a.ts', "import { newId } from '../../src/lib/ids.ts';", 1],
    ['connectors/acme/a.ts', "export { b } from '#flow/b';", 1],
    ['connectors/acme/a.ts', "const b = await import('#flow/b');", 1],
    ['src/store/a.ts', "import { x } from '#test/x';", 1],
    ['elsewhere/a.ts', '', 1],
  ];
  it.each(cases)('%s: %s', (path, text, faults) => expect(caught(importFaults, path, text)).toBe(faults));

  it('no climbing', () => expect(caught(climbFaults, 'test/a/b/c.ts', "import '../../../x.ts'; import '../../y.ts';")).toBe(1));
});

describe('code rules', () => {
  const dots = '.sk' + 'ip';
  const cases: [rule: FileRule, path: string, text: string, faults: number][] = [
    [style.nameFaults, 'src/a/deal-board.tsx', '', 0],
    [style.nameFaults, 'src/a/dealBoard.ts', '', 1],
    [style.nameFaults, 'src/a/utils.ts', '', 1],
    [style.sizeFaults, 'a.ts', '\n'.repeat(300), 0],
    [style.sizeFaults, 'a.ts', '\n'.repeat(301), 1],
    [style.exportFaults, 'a.ts', 'export default 1;', 1],
    [style.exportFaults, 'a.ts', 'export default function a() {}', 1],
    [style.exportFaults, 'a.ts', 'export const a = 1;', 0],
    [style.anyFaults, 'a.ts', 'const a = b as any; let c: any[];', 2],
    [style.anyFaults, 'a.ts', "const any = 'any';", 0],
    [style.bangFaults, 'a.ts', 'a!.b; class C { d!: string }', 2],
    [style.bangFaults, 'a.ts', 'if (!a) b !== c;', 0],
    [style.promiseFaults, 'a.ts', `// ${'TO' + 'DO'} later`, 1],
    [style.promiseFaults, 'a.ts', `const kind = '${'TO' + 'DO'}';`, 0],
    [style.silencedFaults, 'a.ts', `// @ts-${'ignore'}\n/* eslint${'-disable'} */`, 2],
    [style.silencedFaults, 'a.ts', `// eslint${'-disable'}-next-line no-console -- a person reads this`, 0],
    [style.idleTestFaults, 'a.ts', `it${dots}('x'); describe${dots}('y')`, 2],
    [style.idleTestFaults, 'a.ts', 'rows.only(); it.each([])', 0],
    [style.impureFaults, 'a.ts', 'Date.now(); Math.random(); new Date(); fetch(x); process.env', 5],
    [style.impureFaults, 'a.ts', 'new Date(at); Date.parse(x); Math.max(1, 2)', 0],
    [style.leakyCompareFaults, 'a.ts', 'if (given.signature === expected) x();', 1],
    [style.leakyCompareFaults, 'a.ts', "if (signature === undefined || typeof secret === 'string') x();", 0],
    [style.slowTransactionFaults, 'a.ts', 'db.transaction().execute(async (tx) => { await connector.crm.read(call, ids); await fetch(x); });', 2],
    [style.slowTransactionFaults, 'a.ts', 'async function save(tx: Tx) { await clock.sleep(5); }', 1],
    [style.slowTransactionFaults, 'a.ts', 'async function go(db: Db) { await fetch(x); await db.transaction().execute((tx) => save(tx)); }', 0],
    [vendorFaults, 'src/flow/a.ts', "if (vendor === 'hubspot') x();", 1],
    [vendorFaults, 'src/flow/a.ts', '/** Such as HubSpot. */', 0],
    [machineFaults, 'a.ts', `const a = '${'/ho' + 'me'}/someone/x'; import '#work/lanes'; 'src/work/lanes'`, 1],
    [registryFaults, 'package-lock.json', `"${'resolved'}": "x"`, 1],
  ];
  it.each(cases)('%o on %s: %s', (rule, path, text, faults) => expect(caught(rule, path, text)).toBe(faults));
});

describe('store rules', () => {
  const rule = tenantFaults(new Set(['envelopes']));
  it('a query that speaks of no tenant is seen', () => {
    expect(caught(rule, 'src/store/a.ts', "export async function all(db: Db) { return db.selectFrom('envelopes').execute(); }")).toBe(1);
    expect(caught(rule, 'src/store/a.ts', 'const all = (db: Db) => sql`select * from envelopes`.execute(db);')).toBe(1);
    expect(caught(rule, 'src/store/a.ts', "const all = (db: Db, tenant: TenantId) => db.selectFrom('envelopes').where('tenant', '=', tenant);")).toBe(0);
    expect(caught(rule, 'src/store/a.ts', "const all = (db: Db) => db.selectFrom('deliveries').execute();")).toBe(0);
  });
});

describe('page rules', () => {
  it('links', () => {
    expect(caught(linkFaults, 'docs/x.md', '[a](../package.json) [b](https://example.com) [c](#here)\n# Here')).toBe(0);
    expect(caught(linkFaults, 'docs/x.md', '[a](absent.md) ![b](../absent.png) [c](#there) [d](style.md#absent) [e](style.md#imports)')).toBe(4);
  });
  it('alarms', () => {
    expect(caught(alarmFaults, 'src/flow/a.ts', "await raiseAlarm(db, { code: 'no-such-page', subject }, now);")).toBe(1);
    expect(caught(alarmFaults, 'src/flow/a.ts', "await raiseAlarm(db, { code: 'dead-letters', subject }, now); say({ code: 'no-such-page' });")).toBe(0);
  });
  it('anchors', () => expect(anchorOf('Who imports whom?')).toBe('who-imports-whom'));
  it('commands', () => {
    const rule = commandFaults({ start: '', test: '', tour: '' });
    expect(caught(rule, 'README.md', '`npm ci && npm start`, `npm test`, `npm run tour -- --chaos`')).toBe(0);
    expect(caught(rule, 'README.md', '`npm run absent` and `npm absent`')).toBe(2);
  });
});
