import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import SQLite from 'better-sqlite3';

/**
 * What most would write, a program of its own: node:http, better-sqlite3 and one commit an event. `PEER_SYNCHRONOUS` is `FULL`, or `NORMAL`, which better-sqlite3 has
 * in WAL mode where nobody asks it, and which loses events in a power cut. Express around it would be slower still: it is no dependency here.
 */
const KEY = process.env['FLOOR_KEY'] ?? '';
const database = new SQLite(process.env['FLOOR_DATABASE'] ?? '');
database.pragma('journal_mode = WAL');
database.pragma(`synchronous = ${process.env['PEER_SYNCHRONOUS'] ?? 'FULL'}`);
database.exec('create table inbox (id text primary key, received_at integer not null, body text not null)');
const insert = database.prepare('insert or ignore into inbox values (?, ?, ?)');

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const given = Buffer.from(String(request.headers['x-docusign-signature-1']), 'base64');
    const expected = createHmac('sha256', KEY).update(body).digest();
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return void response.writeHead(401).end();
    const { event, data, generatedDateTime } = JSON.parse(body.toString()) as { event: string; generatedDateTime: string; data: { envelopeId: string } };
    insert.run(`${data.envelopeId}|${event}|${generatedDateTime}`, Date.now(), body.toString());
    response.writeHead(200, { 'content-length': 0 }).end();
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`));
