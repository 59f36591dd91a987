import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf, namesOf } from './templates.ts';

const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Writes the files of a new connector below `root` and returns their paths.
 * @throws Error where `id` is no name for a folder, or a connector of that name is there: nothing is ever overwritten
 */
export function scaffold(root: string, id: string): string[] {
  if (!ID.test(id)) throw new Error(`"${id}" is no name for a connector. Use lower-case words with dashes, such as acme-sign.`);
  if (existsSync(join(root, 'connectors', id))) throw new Error(`connectors/${id} is there already.`);
  const files = filesOf(namesOf(id));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: 'wx' });
  }
  return Object.keys(files);
}
