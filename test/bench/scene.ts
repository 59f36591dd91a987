import { join } from 'node:path';
import { chunk } from '#lib/group';
import { PRIORITY, type Effect } from '#core/effect';
import { person } from '#connectors/hubspot/sandbox/account';
import { openDatabase, type Db } from '#store/database';
import { putEffects } from '#store/outbox';
import { completed, docusignRequest, freshRemote } from './events.ts';
import { openFront, type Front } from './front.ts';
import { findSeeded, KEY, seedEnvelopes, type Seeded } from './seed.ts';
import { inFolder, startServer, type Server } from './servers.ts';

/** The key with which the sandbox's DocuSign signs. */
const SANDBOX_KEY = 'sandbox-connect-key-1';
const PATIENCE_MS = 90_000;
const LOOK_MS = 50;
const A_TRANSACTION = 1000;
const someone = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });

/** The product, connected to vendors in this process, with its database in reach. */
export interface Scene {
  front: Front;
  server: Server;
  db: Db;
  seeded: Seeded;
  /** Sent envelopes, each with a deal and a contact of its own in the sandbox's CRM. Returns the requests that tell of their completion. */
  sent(count: number): Promise<{ deal: string; request: string }[]>;
  until(what: string, look: () => Promise<boolean> | boolean): Promise<void>;
  /** Waits until nothing is left to do. */
  settled(): Promise<void>;
}

export async function inScene<T>(program: string[], environment: Record<string, string>, play: (scene: Scene) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const front = await openFront();
    const database = environment['DATABASE_URL'] ?? join(folder, 'bench.db');
    const server = await startServer(program, {
      COUNTERSIGN_MODE: 'sandbox',
      PUBLIC_URL: front.address,
      COUNTERSIGN_KEY: KEY.toString('base64'),
      ...(environment['DATABASE_URL'] === undefined ? { COUNTERSIGN_DATABASE: database } : {}),
      ...environment,
    });
    front.behind(server.port);
    const db = openDatabase(database);
    try {
      const seeded = await findSeeded(db, await front.connect());
      const scene = setScene(front, server, db, seeded);
      await scene.until('the properties', () => 'esign_status' in front.sandbox.hubspot.world().properties.deals);
      await scene.until('schema and templates', async () => (await db.selectFrom('grounds').select('kind').execute()).length === 2);
      return await play(scene);
    } finally {
      await server.stop();
      await db.destroy();
      await front.close();
    }
  });
}

function setScene(front: Front, server: Server, db: Db, seeded: Seeded): Scene {
  async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await look())) {
      if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
  return {
    front,
    server,
    db,
    seeded,
    until,
    async sent(count) {
      const { account } = front.sandbox.hubspot;
      const envelopes = Array.from({ length: count }, (_, place) => {
        const deal = account.create('deals', { dealname: `Bench ${place}`, dealstage: 'contractsent', pipeline: 'default' }, someone).id;
        const contact = account.create('contacts', { email: `signer-${place}@example.com` }, someone).id;
        return { deal, contact, remote: freshRemote(), status: 'sent' as const };
      });
      const ids = await seedEnvelopes(db, seeded, envelopes);
      await tellSent(
        db,
        seeded,
        envelopes.map(({ deal }) => deal),
      );
      const { sign } = seeded;
      return envelopes.map(({ deal, remote }, place) => {
        const body = completed({ account: sign.account, remote, envelope: ids[place] ?? null });
        return { deal, request: docusignRequest(`/webhooks/docusign/${sign.hook}`, body, SANDBOX_KEY) };
      });
    },
    settled: () =>
      until('everything to be settled', async () => {
        const inbox = await db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute();
        const outbox = await db.selectFrom('outbox').select('id').where('state', 'in', ['ready', 'leased']).limit(1).execute();
        return inbox.length + outbox.length === 0;
      }),
  };
}

/** As every envelope does that is out, it has put its attribution on the deal already. */
async function tellSent(db: Db, { tenant, crm }: Seeded, deals: readonly string[]): Promise<void> {
  const now = Date.now();
  for (const some of chunk(deals, A_TRANSACTION)) {
    const effects = some.map((deal): Effect => {
      const data = { record: { type: 'deal' as const, id: deal }, set: { esign_status: 'sent' }, once: ['esign_first_touch_source', 'esign_last_touch_source'] };
      return { kind: 'record.write', key: `sent|${deal}`, install: crm.id, data, priority: PRIORITY.event, notBefore: now, envelope: null, why: 'It went out.' };
    });
    await db.transaction().execute(async (tx) => {
      await putEffects(tx, tenant, effects, { ordinal: 0, correlation: 'cor_bench' }, now);
      await tx.updateTable('outbox').set({ state: 'done' }).where('tenant', '=', tenant).where('correlation', '=', 'cor_bench').execute();
    });
  }
}
