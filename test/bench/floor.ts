import { createHmac, timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import SQLite from 'better-sqlite3';
import { Hono } from 'hono';

/**
 * The floor, a program of its own: what a careful developer would write with Hono and better-sqlite3 and nothing else. HMAC, insert, answer. The signature serves
 * as the key against repeats, so that it need not even parse the body. `FLOOR_COMMIT=each` commits every request alone; `tick` all of one turn of the event loop.
 */
const KEY = process.env['FLOOR_KEY'] ?? '';
const database = new SQLite(process.env['FLOOR_DATABASE'] ?? '');
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('create table inbox (id text primary key, received_at integer not null, body blob not null)');
const insert = database.prepare('insert or ignore into inbox values (?, ?, ?)');

type Row = [id: string, receivedAt: number, body: Buffer];
interface Waiting {
  row: Row;
  stored(): void;
}
let waiting: Waiting[] = [];
const commit = database.transaction((group: Waiting[]) => {
  for (const { row } of group) insert.run(row);
});

function store(row: Row): Promise<void> {
  return new Promise((stored) => {
    waiting.push({ row, stored });
    if (waiting.length > 1) return;
    setImmediate(() => {
      const group = waiting;
      waiting = [];
      commit(group);
      for (const one of group) one.stored();
    });
  });
}

const app = new Hono();
app.post('*', async (c) => {
  const body = Buffer.from(await c.req.arrayBuffer());
  const given = c.req.header('x-docusign-signature-1') ?? '';
  const expected = createHmac('sha256', KEY).update(body).digest();
  const signature = Buffer.from(given, 'base64');
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return c.body(null, 401);
  const row: Row = [given, Date.now(), body];
  if (process.env['FLOOR_COMMIT'] === 'each') insert.run(row);
  else await store(row);
  return c.body(null, 200);
});
serve({ fetch: app.fetch, port: Number(process.env['PORT']), hostname: '127.0.0.1' }, ({ port }) => console.log(`ready at http://127.0.0.1:${port}`));
