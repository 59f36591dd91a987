import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { groupBy } from '#lib/group';
import { createLog } from '#lib/log';
import { person } from '#connectors/hubspot/sandbox/account';
import { loadConfig } from '#src/config';
import { createWorld, type World } from '#src/world';
import { completed, docusignRequest, freshRemote } from '../bench/events.ts';
import { openFront, type Front } from '../bench/front.ts';
import { load } from '../bench/load.ts';
import { freePort } from '../bench/servers.ts';
import { findSeeded, KEY, seedEnvelopes, type Seeded } from '../bench/seed.ts';
import { openTestDatabase } from '../store/databases.ts';

const EVENTS = 100;
const COPIES = 8;
const PATIENCE_MS = 60_000;
const CONNECT_KEY = 'sandbox-connect-key-1';

let closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** Servers on one database, behind one public address, with the vendors beside them. */
async function openServers(database: string, count: number): Promise<{ worlds: World[]; ports: number[]; front: Front; seeded: Seeded }> {
  const front = await openFront();
  closing.push(() => front.close());
  const worlds: World[] = [];
  const ports: number[] = [];
  for (let each = 0; each < count; each++) {
    const config = loadConfig(
      { COUNTERSIGN_KEY: KEY.toString('base64') },
      { mode: 'sandbox', port: await freePort(), publicUrl: front.address, database, logLevel: 'silent', coalesceMs: 100 },
    );
    const world = await createWorld(config, { log: createLog('silent') });
    closing.push(() => world.stop());
    await world.start();
    worlds.push(world);
    ports.push(config.port);
  }
  const [world] = worlds;
  if (!world) throw new Error('At least one server is needed.');
  front.behind(ports[0] ?? 0);
  const seeded = await findSeeded(world.db, await front.connect());
  await until(() => 'esign_status' in front.sandbox.hubspot.world().properties.deals);
  return { worlds, ports, front, seeded };
}

async function until(look: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error('Waited in vain.');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Sends each of 100 completions from eight connections at once, spread over the servers, and looks at what the CRM, the ledgers and the queues hold then. */
async function tellEightTimes(database: string, servers: number) {
  const { worlds, ports, front, seeded } = await openServers(database, servers);
  const { db } = worlds[0] as World;
  const { account, world: crm } = front.sandbox.hubspot;
  const envelopes = Array.from({ length: EVENTS }, (_, place) => ({
    deal: account.create('deals', { dealname: `Deal ${place}`, dealstage: 'contractsent', pipeline: 'default' }, SOMEONE).id,
    contact: account.create('contacts', { email: `signer-${place}@example.com` }, SOMEONE).id,
    remote: freshRemote(),
    status: 'sent' as const,
  }));
  const ids = await seedEnvelopes(db, seeded, envelopes);
  const path = `/webhooks/docusign/${seeded.sign.hook}`;
  const requests = envelopes.map(({ remote }, place) => docusignRequest(path, completed({ account: seeded.sign.account, remote, envelope: ids[place] ?? null }), CONNECT_KEY));

  const answers = await Promise.all(
    Array.from({ length: COPIES }, (_, copy) => {
      const mine = requests.values();
      return load({ port: ports[copy % ports.length] ?? 0, connections: 1, warmMs: 0, measureMs: PATIENCE_MS, count: EVENTS, next: () => mine.next().value ?? '' });
    }),
  );
  await until(async () => {
    const notices = await db.selectFrom('inbox').select('id').where('state', '=', 'ready').execute();
    const effects = await db.selectFrom('outbox').select('id').where('state', 'in', ['ready', 'leased']).execute();
    return notices.length + effects.length === 0;
  });

  const changes = (kind: 'deals' | 'contacts', records: string[], property: string) =>
    records.map((id) =>
      crm()
        .objects[kind][id]?.history.filter((change) => change.property === property)
        .map(({ to }) => to),
    );
  const moved = await db.selectFrom('facts').select('envelope').where('type', '=', 'envelope.status').where('outcome', '=', 'moved').execute();
  const effects = await db.selectFrom('outbox').select(['key', 'kind', 'state', 'attempts']).where('envelope', 'is not', null).execute();
  const receipts = await db.selectFrom('receipts').select(['effect', 'outcome']).where('envelope', 'is not', null).execute();
  return {
    answers: answers.map(({ statuses }) => statuses),
    notices: (await db.selectFrom('inbox').select('id').where('vendor', '=', 'docusign').execute()).length,
    deliveries: (await db.selectFrom('deliveries').select('id').where('vendor', '=', 'docusign').execute()).length,
    moves: [...groupBy(moved, ({ envelope }) => envelope).values()].map((some) => some.length),
    effects: effects.length,
    unsettled: effects.filter(({ state, attempts }) => state !== 'done' || attempts !== 1),
    receipts: [...groupBy(receipts, ({ effect }) => effect).values()].map((some) => some.map(({ outcome }) => outcome)),
    deals: changes(
      'deals',
      envelopes.map(({ deal }) => deal),
      'esign_status',
    ),
    contacts: changes(
      'contacts',
      envelopes.map(({ contact }) => contact),
      'esign_journey',
    ),
    members: front.sandbox.hubspot.listMembers('Countersign: signed')?.length,
  };
}

const SOMEONE = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });
const EFFECTS_EACH = 4;
const hundred = <T>(of: T): T[] => Array.from({ length: EVENTS }, () => of);

function expectOnce(seen: Awaited<ReturnType<typeof tellEightTimes>>): void {
  expect(seen.answers).toEqual(Array.from({ length: COPIES }, () => ({ '200': EVENTS })));
  expect(seen.notices).toBe(EVENTS);
  expect(seen.deliveries).toBe(EVENTS);
  expect(seen.moves).toEqual(hundred(1));
  expect(seen.effects).toBe(EVENTS * EFFECTS_EACH);
  expect(seen.unsettled).toEqual([]);
  expect(seen.receipts).toEqual(Array.from({ length: EVENTS * EFFECTS_EACH }, () => ['done']));
  expect(seen.deals).toEqual(hundred(['completed']));
  expect(seen.contacts).toEqual(hundred(['signed']));
  expect(seen.members).toBe(EVENTS);
}

it('eight simultaneous copies of 100 events have 100 effects', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-copies-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  expectOnce(await tellEightTimes(join(folder, 'test.db'), 1));
}, 120_000);

it('so they have where two servers share a database', async () => {
  const database = await openTestDatabase('PostgreSQL', { empty: true });
  closing.push(() => database.close());
  expectOnce(await tellEightTimes(database.address, 2));
}, 120_000);
