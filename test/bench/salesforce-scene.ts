import { join } from 'node:path';
import { chunk } from '#lib/group';
import { PRIORITY, type Effect } from '#core/effect';
import { openDatabase, type Db } from '#store/database';
import { listInstalls } from '#store/installs';
import { putEffects } from '#store/outbox';
import { completed, docusignRequest, freshRemote } from './events.ts';
import { load } from './load.ts';
import { openOrgFront, type OrgFront } from './salesforce-front.ts';
import { KEY, seedEnvelopes, type EnvelopeSeed, type Seeded } from './seed.ts';
import { inFolder, startServer } from './servers.ts';

/** The key with which the sandbox's DocuSign signs. */
const SANDBOX_KEY = 'sandbox-connect-key-1';
const PATIENCE_MS = 150_000;
const LOOK_MS = 50;
const A_TRANSACTION = 500;
const A_BREATH = 50;
const CONNECTIONS = 16;
const FAR_MS = 3_600_000;
const LONG_AGO_MS = 30 * 86_400_000;
/** So many calls a day that our share of them is never what holds a bench up. */
const DAY = 100_000_000;
/** Correlation of what was written before the bench begins. */
export const SENT_BEFORE = 'cor_bench';
/** Fields that are written once: an envelope that is out has had them written. */
const ONCE = {
  deal: ['Esign_First_Touch_Source__c', 'Esign_Last_Touch_Source__c'],
  envelope: ['First_Touch_Source__c', 'Last_Touch_Source__c'],
} as const;

/** The product, connected to a Salesforce org and to DocuSign in this process, with its database in reach. */
export interface OrgScene {
  front: OrgFront;
  db: Db;
  seeded: Seeded;
  /** Envelopes that are out, each with an opportunity, a contact, an account and the package's own records in the org. */
  sent(count: number): Promise<OutEnvelope[]>;
  /** Tells of their completion while the org's lane is closed, and waits until all that follows waits. Returns how many effects do. */
  completedBehindClosedLane(envelopes: readonly OutEnvelope[]): Promise<number>;
  openLane(): Promise<void>;
  until(what: string, look: () => Promise<boolean> | boolean): Promise<void>;
}
export interface OutEnvelope extends EnvelopeSeed {
  id: string;
  account: string;
}

export async function inOrgScene<T>(program: string[], play: (scene: OrgScene) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const front = await openOrgFront();
    front.sandbox.salesforce.setUsage(0, DAY);
    const database = join(folder, 'bench.db');
    const environment = { COUNTERSIGN_MODE: 'sandbox', PUBLIC_URL: front.address, COUNTERSIGN_DATABASE: database, COUNTERSIGN_KEY: KEY.toString('base64') };
    // Several of these run beside each other, and what counts is calls: each takes the core that is free.
    const server = await startServer(program, { ...environment, LOG_LEVEL: 'silent' }, { pinned: false });
    front.behind(server.port);
    const db = openDatabase(database);
    try {
      const scene = await setScene(front, server.port, db);
      await scene.until('schema and templates', async () => (await db.selectFrom('grounds').select('kind').execute()).length === 2);
      return await play(scene);
    } finally {
      await server.stop();
      await db.destroy();
      await front.close();
    }
  });
}

async function setScene(front: OrgFront, port: number, db: Db): Promise<OrgScene> {
  const tenant = await front.connect();
  const installs = await listInstalls(db, tenant);
  const crm = installs.find(({ vendor }) => vendor === 'salesforce');
  const sign = installs.find(({ vendor }) => vendor === 'docusign');
  if (!crm || !sign) throw new Error('The accounts are not connected.');
  const seeded = { tenant, crm, sign };
  const setLane = (nextAt: number) => db.updateTable('lanes').set({ next_at: nextAt }).where('install', '=', crm.id).execute();

  return {
    front,
    db,
    seeded,
    until,
    async sent(count) {
      // Nothing new to whoever asks the org what has changed.
      front.sandbox.salesforce.commitLag(LONG_AGO_MS);
      const records = await breathing(
        Array.from({ length: count }, (_, place) => place),
        (place) => sell(front, place),
      );
      const envelopes = records.map(({ deal, contact }): EnvelopeSeed => ({ deal, contact, remote: freshRemote(), status: 'sent' }));
      const ids = await seedEnvelopes(db, seeded, envelopes);
      const out = envelopes.map((envelope, place) => ({ ...envelope, id: ids[place] ?? '', account: records[place]?.account ?? '' }));
      await breathing(out, (one) => file(front, one));
      front.sandbox.salesforce.commitLag(0);
      await nameAccounts(db, seeded, out);
      await tellSent(db, seeded, out);
      return out;
    },
    async completedBehindClosedLane(envelopes) {
      await setLane(Date.now() + FAR_MS);
      const requests = envelopes.values();
      const next = () => {
        const one = requests.next().value;
        return one ? docusignRequest(`/webhooks/docusign/${sign.hook}`, completed({ account: sign.account, remote: one.remote, envelope: one.id }), SANDBOX_KEY) : '';
      };
      await load({ port, connections: CONNECTIONS, warmMs: 0, measureMs: PATIENCE_MS, count: envelopes.length, next });
      await until('the notices to be settled', async () => (await db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute()).length === 0);
      const waiting = db.selectFrom('outbox').select(({ fn }) => fn.countAll<number>().as('count'));
      return (await waiting.where('install', '=', crm.id).where('state', '=', 'ready').executeTakeFirstOrThrow()).count;
    },
    openLane: async () => void (await setLane(0)),
  };
}

async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Does it to each, and lets what else runs in this process, such as other scenes, have its turn now and then. */
async function breathing<Each, Result>(all: readonly Each[], act: (one: Each) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const some of chunk(all, A_BREATH)) {
    results.push(...some.map(act));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}

/** What a sale is in an org: no two of them share a record, so that no write of one is spared by another's. */
function sell({ sandbox: { salesforce } }: OrgFront, place: number): { account: string; deal: string; contact: string } {
  const account = salesforce.add('Account', { Name: `Bench ${place}` });
  const deal = salesforce.add('Opportunity', { Name: `Bench ${place}`, AccountId: account, StageName: 'Negotiation/Review', CloseDate: '2027-01-01', Amount: 1000 });
  const contact = salesforce.add('Contact', { LastName: `Signer ${place}`, Email: `signer-${place}@example.com`, AccountId: account });
  return { account, deal, contact };
}

/** What the product wrote when the envelope went out. */
function file({ sandbox: { salesforce } }: OrgFront, { id, deal, account, contact }: OutEnvelope): void {
  const envelope = salesforce.add('Envelope__c', { Envelope_Id__c: id, Opportunity__c: deal, Account__c: account, Status__c: 'sent' });
  const recipient = { Envelope__c: envelope, Status__c: 'sent' };
  salesforce.add('Envelope_Recipient__c', { ...recipient, Recipient_Id__c: `${id}|Customer`, Role__c: 'Customer', Contact__c: contact });
  salesforce.add('Envelope_Recipient__c', { ...recipient, Recipient_Id__c: `${id}|Countersigner`, Role__c: 'Countersigner' });
}

async function nameAccounts(db: Db, { tenant }: Seeded, envelopes: readonly OutEnvelope[]): Promise<void> {
  const { document } = await db.selectFrom('envelopes').select('document').where('tenant', '=', tenant).limit(1).executeTakeFirstOrThrow();
  const known = JSON.parse(document) as object;
  for (const some of chunk(envelopes, A_TRANSACTION))
    await db.transaction().execute(async (tx) => {
      for (const { id, account } of some)
        await tx
          .updateTable('envelopes')
          .set({ document: JSON.stringify({ ...known, company: account }) })
          .where('id', '=', id as `env_${string}`)
          .execute();
    });
}

/** As every envelope does that is out, it has put its attribution on its records already. */
async function tellSent(db: Db, { tenant, crm }: Seeded, envelopes: readonly OutEnvelope[]): Promise<void> {
  const now = Date.now();
  const told = { install: crm.id, priority: PRIORITY.event, notBefore: now, envelope: null, why: 'It went out.' };
  for (const some of chunk(envelopes, A_TRANSACTION)) {
    const effects = some.flatMap(({ id, deal }) =>
      (
        [
          { type: 'deal', id: deal },
          { type: 'envelope', id },
        ] as const
      ).map((record): Effect => {
        const data = { record, set: {}, once: [...ONCE[record.type]] };
        return { kind: 'record.write', key: `sent|${record.type}|${record.id}`, data, ...told };
      }),
    );
    await db.transaction().execute(async (tx) => {
      await putEffects(tx, tenant, effects, { ordinal: 0, correlation: SENT_BEFORE }, now);
      await tx.updateTable('outbox').set({ state: 'done' }).where('tenant', '=', tenant).where('correlation', '=', SENT_BEFORE).execute();
    });
  }
}
