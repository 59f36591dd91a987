import { newToken } from '#lib/ids';
import { postgresServer, runAsAdmin, stopServer } from '../store/postgres.ts';

/** Makes an empty database on PostgreSQL. Returns its address. */
export type Fresh = () => Promise<string>;

/** Databases on PostgreSQL, which are gone afterwards. */
export async function withPostgres<T>(play: (fresh: Fresh) => Promise<T>): Promise<T> {
  const server = await postgresServer();
  const names: string[] = [];
  try {
    return await play(async () => {
      const name = `countersign_bench_${Buffer.from(newToken(6), 'base64url').toString('hex')}`;
      await runAsAdmin(server, `create database ${name}`);
      names.push(name);
      return Object.assign(new URL(server), { pathname: `/${name}` }).href;
    });
  } finally {
    for (const name of names) await runAsAdmin(server, `drop database ${name} with (force)`);
    await stopServer();
  }
}
