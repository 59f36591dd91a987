import pg from 'pg';
import { newToken } from '#lib/ids';
import { postgresServer, runAsAdmin, stopServer } from './postgres.ts';

/** Making tables takes a third of a second where emptying them takes a hundredth, so databases that a test left as they were are used again. */
const free: string[] = [];
let untouched: string | undefined;

/** What is in a database apart from rows: tables, indexes, guards and the migrations that ran. */
const PRINT = `select string_agg(line, ',' order by line) as print from (
  select relname || relkind::text as line from pg_class where relnamespace = 'public'::regnamespace
  union all select tgrelid::regclass::text || tgname || tgenabled::text from pg_trigger where not tgisinternal
  union all select name from migrations
) as lines`;
const WIPE = `do $$ declare one text; begin
  set local session_replication_role = replica;
  for one in select tablename from pg_tables where schemaname = 'public' and tablename <> 'migrations' loop execute 'delete from ' || quote_ident(one); end loop;
  delete from graphile_worker._private_jobs;
end $$`;

export async function takeDatabase({ empty }: { empty: boolean }): Promise<string> {
  const used = empty ? undefined : free.pop();
  if (used !== undefined) return used;
  const server = await postgresServer();
  const database = `countersign_${newToken(9).replace(/\W/g, '').toLowerCase()}`;
  await runAsAdmin(server, `create database ${database}`);
  const address = new URL(server);
  address.pathname = `/${database}`;
  return address.href;
}

/** To be called once the tables are made and nobody has changed them. */
export async function rememberPrint(address: string): Promise<void> {
  untouched ??= await using(address, printOf);
}

/** For whoever has closed every connection to it. */
export async function giveBack(address: string): Promise<void> {
  if (await wipe(address)) free.push(address);
  else await drop(address);
}

/** Drops what is left, at the end of a file of tests. */
export async function closePool(): Promise<void> {
  for (const address of free.splice(0)) await drop(address);
  await stopServer();
}

/** False where the database cannot be used again: something other than its rows has changed, or this role may not pass by the guards. */
function wipe(address: string): Promise<boolean> {
  return using(address, async (client) => {
    if ((await printOf(client)) !== untouched) return false;
    await client.query(WIPE);
    return true;
  }).catch(() => false);
}

async function printOf(client: pg.Client): Promise<string | undefined> {
  return (await client.query<{ print: string }>(PRINT)).rows[0]?.print;
}

async function using<Found>(address: string, work: (client: pg.Client) => Promise<Found>): Promise<Found> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function drop(address: string): Promise<void> {
  await runAsAdmin(await postgresServer(), `drop database if exists ${new URL(address).pathname.slice(1)} with (force)`);
}
