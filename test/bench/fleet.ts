import type { IncomingMessage, ServerResponse } from 'node:http';
import { putGround } from '#store/grounds';
import type { Scene } from './scene.ts';
import { completed, docusignRequest, freshRemote } from './events.ts';
import { seedEnvelopes, seedTenant, type Seeded } from './seed.ts';

/** The key with which the sandbox's DocuSign signs. */
const SANDBOX_KEY = 'sandbox-connect-key-1';
const DEAL_WRITE = /deals\/batch\/update/;

/** HubSpot accounts of many tenants, as far as a completed envelope asks of them: each keeps nothing but when a deal was written. */
export interface Fleet {
  /** A tenant with accounts of its own. */
  tenant(name: string): Promise<Seeded>;
  /** Sent envelopes of a tenant, each with a deal of its own. Returns the requests that tell of their completion. */
  sent(seeded: Seeded, count: number): Promise<{ deal: string; request: string }[]>;
  /** When a deal was written, by `performance.now()`. */
  writtenAt: Map<string, number>;
}

export function openFleet({ front, db, seeded }: Scene): Fleet {
  const writtenAt = new Map<string, number>();
  let deals = 1_000_000;
  front.play((incoming, outgoing) => void answer(incoming, outgoing, writtenAt));
  return {
    writtenAt,
    async tenant(name) {
      const made = await seedTenant(db, name, { crmUrl: `${front.address}/fleet` });
      const grounds = await db.selectFrom('grounds').select(['kind', 'data']).where('tenant', '=', seeded.tenant).execute();
      for (const { kind, data } of grounds)
        await putGround(db, made.tenant, kind === 'templates' ? made.sign.id : made.crm.id, kind as 'schema', JSON.parse(data) as never, Date.now());
      return made;
    },
    async sent(of, count) {
      const envelopes = Array.from({ length: count }, () => ({ deal: String(deals++), contact: null, remote: freshRemote(), status: 'sent' as const }));
      const ids = await seedEnvelopes(db, of, envelopes);
      return envelopes.map(({ deal, remote }, place) => {
        const body = completed({ account: of.sign.account, remote, envelope: ids[place] ?? null });
        return { deal, request: docusignRequest(`/webhooks/docusign/${of.sign.hook}`, body, SANDBOX_KEY) };
      });
    },
  };
}

/** Every batch is taken as it comes; what was asked for by id has no properties yet. */
async function answer(incoming: IncomingMessage, outgoing: ServerResponse, writtenAt: Map<string, number>): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { inputs = [] } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { inputs?: { id: string; properties?: Record<string, string> }[] };
  const at = new Date().toISOString();
  if (DEAL_WRITE.test(incoming.url ?? '')) for (const { id } of inputs) if (!writtenAt.has(id)) writtenAt.set(id, performance.now());
  const results = inputs.map(({ id, properties = {} }) => ({ id, properties, createdAt: at, updatedAt: at, archived: false }));
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'COMPLETE', results, startedAt: at, completedAt: at }));
}
