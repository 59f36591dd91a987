import { describe, expect, it } from 'vitest';
import { projectFile } from '#lib/root';
import { ALLOWED_LICENSES, billOfMaterials, licenseList, shippedPackages } from './packages.ts';

const packages = shippedPackages();

describe('what is installed with the product', () => {
  it('is under licenses that allow it', () => {
    expect(packages.length).toBeGreaterThan(50);
    expect(packages.filter(({ license }) => !ALLOWED_LICENSES.has(license)).map(({ name, license }) => `${name}: ${license}`)).toEqual([]);
  });

  it('is held by its hash', () => expect(packages.filter(({ integrity }) => !/^sha512-/.test(integrity)).map(({ name }) => name)).toEqual([]));

  it('runs nothing on installation but the build of the one native module', () => {
    const { allowScripts } = JSON.parse(projectFile('package.json')) as { allowScripts: Record<string, boolean> };
    const wanting = packages.filter(({ script }) => script).map(({ name }) => name);
    expect(wanting.filter((name) => allowScripts[name])).toEqual(['better-sqlite3']);
    // Those print a request for donations, and are not allowed to.
    expect(wanting.filter((name) => !allowScripts[name]).sort()).toEqual(['core-js', 'core-js-pure']);
  });

  it('is listed as a bill of materials in CycloneDX: every package once, with its version, license and hash', () => {
    const bill = billOfMaterials() as { bomFormat: string; components: { name: string; version: string; licenses: unknown[]; hashes: { content: string }[]; purl: string }[] };
    expect(bill.bomFormat).toBe('CycloneDX');
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    const direct = Object.entries((JSON.parse(projectFile('package.json')) as { dependencies: Record<string, string> }).dependencies);
    expect(direct.filter(([name, version]) => !listed.has(`${name}@${version}`))).toEqual([]);
    expect(packages.filter(({ name, version }) => !listed.has(`${name}@${version}`))).toEqual([]);
    expect(new Set(bill.components.map(({ purl }) => purl)).size).toBe(bill.components.length);
    expect(
      bill.components.every(
        ({ licenses, hashes, purl }) => licenses.length === 1 && /^[0-9a-f]{128}$/.test(hashes[0]?.content ?? '') && /^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d/.test(purl),
      ),
    ).toBe(true);
    expect(licenseList()).toMatch(/^MIT$/m);
  });
});
