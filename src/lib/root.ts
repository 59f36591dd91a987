import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The folder that holds package.json, whether the code runs from source or built. */
export const projectRoot = findRoot();

/** A file of the project, by its path from the root, as text. */
export function projectFile(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}
