import { newId } from '#lib/ids';
import { projectFile } from '#lib/root';
import { createSealer } from '#lib/seal';
import type { TenantId } from '#core/ids';
import { migrate, openDatabase, type Db } from '#store/database';
import { insertEnvelope, type EnvelopeDocument } from '#store/envelopes';
import { createTenant, listInstalls, putInstall, type Install } from '#store/installs';
import { activeMappings, MAPPING_KINDS, putMapping, type MappingKind } from '#store/mappings';
import { sealPersonal } from '#store/people';
import type { EnvelopesTable } from '#store/schema';
import type { EnvelopeStatus } from '#core/envelope';
import type { MappingId } from '#core/ids';

export const KEY = Buffer.alloc(32, 7);
export const CONNECT_KEY = 'bench-connect-key';
export const HUBSPOT_SECRET = 'bench-hubspot-secret';
export const PUBLIC_URL = 'https://countersign.example.com';
/** A live server that has its accounts already and never calls them: nobody asks it to. */
export const liveEnvironment = (database: string): Record<string, string> => ({
  COUNTERSIGN_MODE: 'live',
  PUBLIC_URL,
  COUNTERSIGN_DATABASE: database,
  COUNTERSIGN_KEY: KEY.toString('base64'),
  HUBSPOT_CLIENT_ID: 'bench',
  HUBSPOT_CLIENT_SECRET: HUBSPOT_SECRET,
  HUBSPOT_APP_ID: '1160452',
  DOCUSIGN_CLIENT_ID: 'bench',
  DOCUSIGN_CLIENT_SECRET: 'bench-docusign-secret',
  DOCUSIGN_CONNECT_KEYS: CONNECT_KEY,
  // One account sends as much as the machine can take.
  COUNTERSIGN_WEBHOOKS_PER_SECOND: '0',
});

export interface Seeded {
  tenant: TenantId;
  crm: Install;
  sign: Install;
}

/** A tenant with both accounts and the shipped mappings, as installing by OAuth leaves it, without the schedule that would call the vendors. */
export async function seedTenant(db: Db, name = 'Example Ltd', { now = Date.now(), crmUrl = 'https://api.hubapi.com' } = {}): Promise<Seeded> {
  const tenant = await createTenant(db, name, now);
  const sealer = createSealer(KEY);
  const tokens = JSON.stringify({ accessToken: 'bench', refreshToken: 'bench', expiresAt: now + 86_400_000, scopes: [] });
  const base = { environment: 'live' as const, details: '{}', scopes: [], expiresAt: now + 86_400_000 };
  return db.transaction().execute(async (tx) => {
    const seal = (id: string) => sealer.seal(tokens, `${tenant}|installs|tokens|${id}`);
    const crm = await putInstall(tx, tenant, { ...base, vendor: 'hubspot', account: String(portals++), name, baseUrl: crmUrl }, seal, now);
    const sign = await putInstall(tx, tenant, { ...base, vendor: 'docusign', account: newId('acc'), name, baseUrl: 'https://demo.docusign.net/restapi' }, seal, now);
    for (const kind of MAPPING_KINDS)
      await putMapping(tx, tenant, crm.vendor, kind, projectFile(`mappings/hubspot/${kind}.yaml`), { origin: 'shipped', note: '', createdBy: 'bench' }, now);
    return { tenant, crm, sign };
  });
}
let portals = 7_000_001;

/** A database with that tenant, closed again for the server that will open it. */
export async function seedDatabase(path: string): Promise<Seeded> {
  const db = openDatabase(path);
  await migrate(db);
  const seeded = await seedTenant(db);
  await db.destroy();
  return seeded;
}

export interface EnvelopeSeed {
  deal: string;
  contact: string | null;
  remote: string;
  status: EnvelopeStatus;
}
const A_TRANSACTION = 1000;

/** Envelopes of a tenant that went out some time ago. Returns their ids, in the order given. */
export async function seedEnvelopes(db: Db, { tenant, crm, sign }: Seeded, envelopes: readonly EnvelopeSeed[], key = KEY): Promise<string[]> {
  const now = Date.now();
  const sealer = createSealer(key);
  const active = await activeMappings(db, tenant, crm.vendor);
  const idOf = (kind: MappingKind): MappingId => active.get(kind)?.id ?? 'map_none';
  const document: EnvelopeDocument = {
    subject: 'Please sign',
    message: '',
    fields: [],
    policies: { reminders: null, expiresAfterDays: 30, backward: 'void', retries: 1 },
    owner: null,
    company: null,
    leads: {},
  };
  const person = await db.transaction().execute((tx) => sealPersonal(tx, sealer, tenant, { name: 'Customer Example', email: 'customer@example.com' }));
  const ids: string[] = [];
  for (let from = 0; from < envelopes.length; from += A_TRANSACTION) {
    await db.transaction().execute(async (tx) => {
      for (const { deal, contact, remote, status } of envelopes.slice(from, from + A_TRANSACTION)) {
        const id = newId('env', now);
        ids.push(id);
        const closed = status === 'sent' ? null : now;
        const row: EnvelopesTable = {
          tenant,
          id,
          intent: `stage|${deal}|${id}`,
          deal,
          deal_name: `Deal ${deal}`,
          crm: crm.id,
          sign: sign.id,
          remote,
          rule: 'contract-sent',
          template: 'order-form',
          template_name: 'Order form',
          status,
          document: JSON.stringify(document),
          attribution: '{"first_source":"newsletter","last_source":"search"}',
          send_mapping: idOf('send'),
          writeback_mapping: idOf('writeback'),
          journey_mapping: idOf('journey'),
          pipeline: 'default',
          stage: 'contractsent',
          attempt: 0,
          void_by: null,
          reason: null,
          correlation: newId('cor', now),
          requested_at: now,
          sent_at: now,
          viewed_at: null,
          completed_at: closed,
          closed_at: closed,
          expires_at: null,
          updated_at: now,
        };
        const base = { tenant, envelope: id, ...person, viewed_at: null, signed_at: null, status: 'sent' as const };
        await insertEnvelope(tx, row, [
          { ...base, id: newId('sgn', now), role: 'Customer', position: 1, contact, remote: '1' },
          { ...base, id: newId('sgn', now), role: 'Countersigner', position: 2, contact: null, remote: '2' },
        ]);
      }
    });
  }
  return ids;
}

/** The tenant that an install by OAuth has made. @throws Error where there is not exactly one CRM and one e-sign account */
export async function findSeeded(db: Db, tenant: TenantId): Promise<Seeded> {
  const installs = await listInstalls(db, tenant);
  const crm = installs.find((install) => install.vendor === 'hubspot');
  const sign = installs.find((install) => install.vendor === 'docusign');
  if (!crm || !sign) throw new Error('The accounts are not connected.');
  return { tenant, crm, sign };
}
