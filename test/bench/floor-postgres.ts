import { createHmac, timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';

/** The floor on PostgreSQL: `floor.ts` with one statement for all that waits, while the one before is under way or in one turn of the event loop. */
const KEY = process.env['FLOOR_KEY'] ?? '';
const pool = new pg.Pool({ connectionString: process.env['FLOOR_DATABASE'], max: 10 });
await pool.query('create table inbox (id text primary key, received_at bigint not null, body bytea not null)');
const INSERT = 'insert into inbox select * from unnest($1::text[], $2::bigint[], $3::bytea[]) on conflict do nothing';

interface Waiting {
  row: [id: string, receivedAt: number, body: Buffer];
  stored(): void;
  failed(error: unknown): void;
}
let waiting: Waiting[] = [];

async function commit(): Promise<void> {
  const group = waiting;
  waiting = [];
  try {
    await pool.query({ name: 'insert', text: INSERT, values: [group.map(({ row }) => row[0]), group.map(({ row }) => row[1]), group.map(({ row }) => row[2])] });
    for (const one of group) one.stored();
  } catch (error) {
    for (const one of group) one.failed(error);
  }
}

function store(row: Waiting['row']): Promise<void> {
  return new Promise((stored, failed) => {
    waiting.push({ row, stored, failed });
    if (waiting.length === 1) setImmediate(() => void commit());
  });
}

const app = new Hono();
app.post('*', async (c) => {
  const body = Buffer.from(await c.req.arrayBuffer());
  const given = c.req.header('x-docusign-signature-1') ?? '';
  const expected = createHmac('sha256', KEY).update(body).digest();
  const signature = Buffer.from(given, 'base64');
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return c.body(null, 401);
  await store([given, Date.now(), body]);
  return c.body(null, 200);
});
serve({ fetch: app.fetch, port: Number(process.env['PORT']), hostname: '127.0.0.1' }, ({ port }) => console.log(`ready at http://127.0.0.1:${port}`));
