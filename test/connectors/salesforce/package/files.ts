import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '#lib/root';

/** The package's own checks, plain modules that need no parser but the one that the server has. */
interface Checks {
  checkPackage(files: Map<string, string>, specs: string): { faults: string[]; checked: number; full: boolean };
  readFiles(folder: string): Map<string, string>;
}
export interface Element {
  name: string;
  text: string;
  children: Element[];
}

const FOLDER = 'connectors/salesforce/package';
const specs = join(projectRoot, '../shared/specs/salesforce');
export const specsAtHand = existsSync(specs);
if (!specsAtHand) console.warn(`\n*** THE VENDOR'S CONTRACT IS NOT AT HAND (${specs}): most metadata is checked for its references only. ***\n`);

const load = async <Module>(file: string): Promise<Module> => (await import(pathToFileURL(join(projectRoot, FOLDER, file)).href)) as Module;
const checks = await load<Checks>('checks/checks.mjs');
export const { parseXml } = await load<{ parseXml(text: string): Element }>('checks/xml.mjs');

/** Every file of the package source, by its path inside `force-app/main/default`. */
export const packageFiles = new Map([...checks.readFiles(join(projectRoot, FOLDER))].map(([path, text]) => [path.replace('force-app/main/default/', ''), text]));

export function textOf(path: string): string {
  const text = packageFiles.get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  return text;
}

export function check(files: ReadonlyMap<string, string> = packageFiles): ReturnType<Checks['checkPackage']> {
  return checks.checkPackage(new Map([...files].map(([path, text]) => [`force-app/main/default/${path}`, text])), specs);
}
