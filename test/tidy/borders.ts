import { posix } from 'node:path';
import { AREAS, areaOf, CORE_PACKAGES, PACKAGE_OWNERS, pathOfAlias, type Area } from './imports.ts';
import type { FileRule, Source } from './project.ts';
import { importsOf, type Import } from './syntax.ts';

/** The path that an import leads to inside the project; nothing for a package. */
function targetOf(source: Source, { from }: Import): string | undefined {
  if (from.startsWith('#')) return pathOfAlias(from);
  return from.startsWith('.') ? posix.normalize(posix.join(posix.dirname(source.path), from)) : undefined;
}

const vendorOf = (path: string): string | undefined => /^connectors\/([^/]+)\//.exec(path)?.[1];

/** An alias has no extension, so `src/main` stands for `src/main.ts`. */
const withExtension = (path: string): string => (/\.[a-z]+$/.test(path) ? path : `${path}.ts`);

function projectImportFault(area: Area, source: Source, imported: Import, target: string): string | undefined {
  const other = areaOf(withExtension(target));
  if (!other) return `${imported.at} ${area.name} imports ${imported.from}, which is no part of the product`;
  if (other.name === area.name) {
    if (area.name === 'connectors' && vendorOf(source.path) !== vendorOf(target)) return `${imported.at} two connectors meet: ${imported.from}`;
    return undefined;
  }
  if (imported.from.startsWith('.')) return `${imported.at} leaves ${area.name} by a relative path; write #…: ${imported.from}`;
  if (area.may.includes(other.name)) return undefined;
  if (area.typesOf.includes(other.name)) return imported.typeOnly ? undefined : `${imported.at} ${area.name} may import types only of ${other.name}: ${imported.from}`;
  return `${imported.at} ${area.name} may not import ${other.name}: ${imported.from}`;
}

function packageFault(area: Area, imported: Import): string | undefined {
  const name = /^(@[^/]+\/)?[^/]+/.exec(imported.from)?.[0] ?? imported.from;
  if (area.name === 'core' && !imported.typeOnly && !CORE_PACKAGES.includes(name)) return `${imported.at} core is pure and may not use ${imported.from}`;
  const owner = PACKAGE_OWNERS.find(({ packages }) => packages.includes(name));
  if (!owner || owner.areas.includes(area.name) || (imported.typeOnly && owner.typesAnywhere)) return undefined;
  return `${imported.at} ${name} belongs to ${owner.areas.join(', ')}: ${owner.why}`;
}

/** Who imports whom, against the table. */
export const importFaults: FileRule = (source) => {
  const area = areaOf(source.path);
  if (!area) return [`${source.path} belongs to no area of ${AREAS.map(({ name }) => name).join(', ')}`];
  return importsOf(source).flatMap((imported) => {
    const target = targetOf(source, imported);
    return (target === undefined ? packageFault(area, imported) : projectImportFault(area, source, imported, target)) ?? [];
  });
};

/** `../../..` says where a file lies, not what is meant. */
export const climbFaults: FileRule = (source) => importsOf(source).flatMap(({ at, from }) => (from.startsWith('../../..') ? [`${at} ${from}`] : []));
