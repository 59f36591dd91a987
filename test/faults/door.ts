import { createServer } from 'node:http';
import { newId } from '#lib/ids';
import type { InstallId, TenantId } from '#core/ids';
import { openDatabase } from '#store/database';
import { createIngest } from '#store/ingest';
import { claimSole } from '#store/sole';

/**
 * The first step of the line as a program, for tests that have no time for all of the product: what is posted is stored as `receive` stores it, and answered
 * when that is durable. Its settings: PORT, COUNTERSIGN_DATABASE (a SQLite file), DOOR_TENANT, DOOR_INSTALL.
 */
const { PORT: port, COUNTERSIGN_DATABASE: path = '', DOOR_TENANT: tenant, DOOR_INSTALL: install } = process.env;
const db = openDatabase(path);
const ingest = createIngest(db, () => undefined);
if (claimSole(path) === null) throw new Error('Another process has this place.');

function arrival(mark: string) {
  const now = Date.now();
  const delivery = { id: newId('dlv', now), vendor: 'docusign', received_at: now, headers: '{}', body: Buffer.from(mark.repeat(5)), fault: null };
  const notice = { id: newId('ntc', now), tenant: tenant as TenantId, install: install as InstallId, vendor: 'docusign', delivery: delivery.id, position: 0 };
  const rest = { key: `door|event|${mark}`, kind: 'event', at: now, payload: null, state: 'noted' as const, attempts: 0, run_at: now, error: null, received_at: now };
  return { delivery, notices: [{ ...notice, ...rest, correlation: newId('cor', now) }] };
}

createServer((request, response) => {
  if (request.method === 'GET') return void response.end('well');
  let body = '';
  request.on('data', (data: Buffer) => (body += data.toString()));
  request.on('end', () => {
    const answer = (status: number) => response.writeHead(status, { 'content-length': 0 }).end();
    ingest.add(arrival(body)).then(
      () => answer(204),
      () => answer(503),
    );
  });
}).listen(Number(port), '127.0.0.1', () => console.log(`ready at http://127.0.0.1:${port ?? ''}`));
