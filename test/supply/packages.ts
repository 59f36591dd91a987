import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFile, projectRoot } from '#lib/root';

/** Licenses under which a package may be shipped with an Apache-2.0 product without owing more than its notice. */
export const ALLOWED_LICENSES: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Python-2.0',
  '(MIT OR WTFPL)',
  '(MIT OR CC0-1.0)',
  '(BSD-2-Clause OR MIT OR Apache-2.0)',
]);

export interface Package {
  name: string;
  version: string;
  license: string;
  /** Whether the lock says that it wants to run something when it is installed. */
  script: boolean;
  integrity: string;
  /** Its folder, from the root of the project. */
  path: string;
}
interface Locked {
  version?: string;
  dev?: boolean;
  devOptional?: boolean;
  peer?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
  integrity?: string;
}

/** Every package that an installation for production holds, as the lock has it, with the license that its own manifest names. */
export function shippedPackages(): Package[] {
  const lock = JSON.parse(projectFile('package-lock.json')) as { packages: Record<string, Locked> };
  return Object.entries(lock.packages).flatMap(([path, locked]) => {
    if (path === '' || locked.dev || locked.devOptional || locked.peer) return [];
    const manifest = JSON.parse(readFileSync(join(projectRoot, path, 'package.json'), 'utf8')) as { name: string; license?: unknown };
    const license = typeof manifest.license === 'string' ? manifest.license : JSON.stringify(manifest.license ?? null);
    return [{ name: manifest.name, version: locked.version ?? '', license, script: locked.hasInstallScript === true, integrity: locked.integrity ?? '', path }];
  });
}

/** The purl of a package: a scope's @ is written as an escape. */
const purlOf = ({ name, version }: Package) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/**
 * A bill of materials in CycloneDX 1.5. By hand: `npm sbom --omit dev` leaves out what a development package needs as well, which were 4 of the 20 dependencies of
 * our own, one of them the database driver. Nothing in it is of the day or of the machine, so that two of one version are equal.
 */
export function billOfMaterials(): object {
  const { name, version, license } = JSON.parse(projectFile('package.json')) as Record<'name' | 'version' | 'license', string>;
  const licensed = (text: string) => [/^\(/.test(text) ? { expression: text } : { license: { id: text } }];
  const components = shippedPackages().map((one) => ({
    type: 'library',
    'bom-ref': purlOf(one),
    name: one.name,
    version: one.version,
    purl: purlOf(one),
    licenses: licensed(one.license),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(one.integrity.slice('sha512-'.length), 'base64').toString('hex') }],
  }));
  const unique = [...new Map(components.map((one) => [one.purl, one])).values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', name, version, licenses: licensed(license) } },
    components: unique,
  };
}

/** Each license with the packages under it. */
export function licenseList(): string {
  const byLicense = new Map<string, string[]>();
  for (const { name, version, license } of shippedPackages()) byLicense.set(license, [...(byLicense.get(license) ?? []), `${name} ${version}`]);
  return [...byLicense]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([license, names]) =>
        `${license}\n${[...new Set(names)]
          .sort()
          .map((name) => `  ${name}`)
          .join('\n')}\n`,
    )
    .join('\n');
}
