import { newId } from '#lib/ids';
import { sha256 } from '#lib/hmac';
import { projectFile } from '#lib/root';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { Correlation, EnvelopeId, InstallId, MappingId, TenantId } from '#core/ids';
import { ensureCursor } from '#store/cursors';
import type { Db } from '#store/database';
import { append } from '#store/ledger';
import { seedEndpoint } from './seed-endpoint.ts';
import { seedAttribution } from './seed-attribution.ts';
import { seedBrakes } from './seed-brakes.ts';
import { seedCapture } from './seed-capture.ts';
import { seedConsent } from './seed-consent.ts';
import { seedEnvelope } from './seed-envelope.ts';
import { seedBlocked, seedStory } from './seed-story.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;

export interface Seeded {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  envelopes: [EnvelopeId, ...EnvelopeId[]];
  correlation: Correlation;
  blocked: Correlation;
  /** Ids by the names that routes give them. */
  ids: Record<
    | 'tenant'
    | 'install'
    | 'envelope'
    | 'attribution'
    | 'correlation'
    | 'notice'
    | 'delivery'
    | 'effect'
    | 'kind'
    | 'version'
    | 'endpoint'
    | 'message'
    | 'person'
    | 'consent'
    | 'text'
    | 'page'
    | 'key'
    | 'hold',
    string
  >;
}

/** A tenant with something of everything, all of its texts carrying `name`. */
export async function seed(world: World, name: string): Promise<Seeded> {
  const { db, clock } = world;
  const now = clock.now();
  const tenant = newId('ten', now);
  await db.insertInto('tenants').values({ id: tenant, name, created_at: now }).execute();
  const crm = await seedInstall(world, tenant, 'hubspot', name, {});
  const sign = await seedInstall(world, tenant, 'docusign', name, { state: 'reauthorize', reason: 'DocuSign says that the grant was withdrawn by an administrator.' });
  const mappings = await seedMappings(db, tenant, now);
  const stories: [string, EnvelopeStatus, RecipientStatus[], number][] = [
    ['Harbour Lights renewal', 'completed', ['signed', 'signed'], 26 * 60],
    ['Northwind rollout', 'declined', ['declined', 'waiting'], 9 * 60],
    ['Fabrikam pilot', 'expired', ['viewed', 'waiting'], 7 * 60],
    ['Contoso expansion, phase two', 'viewed', ['viewed', 'waiting'], 95],
    ['Lakeside Clinics', 'partially_signed', ['signed', 'sent'], 42],
    ['Tailspin onboarding', 'requested', ['waiting', 'waiting'], 1],
  ];
  const envelopes: EnvelopeId[] = [];
  for (const [deal, status, recipients, minutes] of stories) {
    envelopes.push(await seedEnvelope(world, { tenant, crm, sign, mappings, deal: `${deal} ${name}`, status, recipients, at: now - minutes * MINUTE }));
  }
  const told = envelopes[4] ?? envelopes[0];
  const [first, ...others] = envelopes;
  if (!told || !first) throw new Error('No envelope was seeded.');
  const { correlation } = await db.selectFrom('envelopes').select('correlation').where('id', '=', told).executeTakeFirstOrThrow();
  const effects = await seedStory(world, { tenant, crm, sign, envelope: told, correlation, mapping: mappings.writeback });
  const blocked = await seedBlocked(world, tenant, crm);
  const consent = await seedConsent(world, { tenant, crm, name });
  const attribution = (await seedAttribution(world, tenant, name)).get(told) ?? '';
  const notice = await seedInbox(world, tenant, crm, correlation);
  const delivery = newId('dlv', now);
  const fault = 'Expected an array of events and found an object.';
  await db
    .insertInto('deliveries')
    .values({ id: delivery, vendor: 'hubspot', received_at: now - 12 * MINUTE, headers: '{"content-type":"application/json"}', body: Buffer.from('{"oops":true}'), fault })
    .execute();
  await seedAudit(db, tenant, told, now);
  const endpoint = await seedEndpoint(world, { tenant, envelope: told, correlation, name });
  const alarm = {
    code: 'webhook-signature',
    subject: sign,
    tenant,
    say: 'Three webhooks of DocuSign had a wrong signature. Compare the webhook keys with those in its Connect settings.',
  };
  await db
    .insertInto('alarms')
    .values({ ...alarm, id: `webhook-signature|${sign}`, count: 3, first_at: now - 30 * MINUTE, last_at: now - 4 * MINUTE })
    .execute();
  return {
    tenant,
    crm,
    sign,
    envelopes: [first, ...others],
    correlation,
    blocked,
    ids: {
      tenant,
      install: crm,
      envelope: told,
      attribution,
      correlation,
      notice,
      delivery,
      effect: effects.parked,
      kind: 'send',
      version: '1',
      ...endpoint,
      ...(await seedBrakes(world, { tenant, crm, correlation, name })),
      ...consent,
      ...(await seedCapture(world, tenant, name)),
    },
  };
}

async function seedInstall({ db, clock }: World, tenant: TenantId, vendor: string, name: string, over: { state?: 'reauthorize'; reason?: string }): Promise<InstallId> {
  const now = clock.now();
  const id = newId('ins', now);
  const row = {
    id,
    tenant,
    vendor,
    account: sha256(id).slice(0, 8),
    name: `${name} ${vendor === 'hubspot' ? 'portal' : 'account'}`,
    environment: vendor === 'hubspot' ? ('test' as const) : ('live' as const),
    base_url: 'https://api.example.com',
    details: '{}',
    scopes: JSON.stringify(vendor === 'hubspot' ? ['oauth', 'crm.objects.deals.read', 'crm.objects.contacts.write', 'crm.lists.write'] : ['signature', 'extended']),
    state: over.state ?? ('active' as const),
    reason: over.reason ?? null,
    tokens: 'sealed',
    expires_at: now + 22 * MINUTE,
    refresh_until: 0,
    hook: sha256(`${id}hook`).slice(0, 32),
    webhook_keys: null,
    send_allowed: 0 as const,
    day_share: 25,
    day_use: null,
    listening: 0 as const,
    granted_at: now,
    created_at: now - 40 * 24 * 60 * MINUTE,
    updated_at: now,
    last_ok_at: now - 2 * MINUTE,
  };
  await db.insertInto('installs').values(row).execute();
  const cursor = vendor === 'hubspot' ? 'deals' : 'envelopes';
  await ensureCursor(db, tenant, id, cursor, now + 3 * MINUTE);
  await db
    .updateTable('cursors')
    .set({ started_at: now - 3 * MINUTE, last_ok_at: now - 2 * MINUTE, seen: 148, gaps: 1, gaps_total: 6 })
    .where('tenant', '=', tenant)
    .where('install', '=', id)
    .execute();
  const pipelines = [{ id: 'default', label: 'Sales pipeline', stages: [{ id: 'contractsent', label: 'Contract sent', order: 3, closed: false }] }];
  const ground = vendor === 'hubspot' ? { fields: {}, pipelines, contactLabels: [], readAt: now } : [];
  await db
    .insertInto('grounds')
    .values({ tenant, install: id, kind: vendor === 'hubspot' ? 'schema' : 'templates', data: JSON.stringify(ground), read_at: now - 50 * MINUTE })
    .execute();
  return id;
}

async function seedMappings(db: Db, tenant: TenantId, now: number): Promise<Record<'send' | 'writeback' | 'journey', MappingId>> {
  const ids = { send: newId('map', now), writeback: newId('map', now), journey: newId('map', now) };
  for (const kind of ['send', 'writeback', 'journey'] as const) {
    const text = projectFile(`mappings/hubspot/${kind}.yaml`);
    const row = { tenant, crm: 'hubspot', kind, created_at: now - 30 * MINUTE, frozen_at: null };
    await db
      .insertInto('mappings')
      .values({ ...row, id: newId('map', now), version: 1, text, hash: sha256(text), origin: 'shipped', note: '', created_by: 'countersign', active: 0, frozen_at: now })
      .execute();
    const changed = text.replace('id:', 'id: ').replace(/\n$/, '\n# checked by the legal desk\n');
    await db
      .insertInto('mappings')
      .values({ ...row, id: ids[kind], version: 2, text: changed, hash: sha256(changed), origin: 'tenant', note: 'Legal reads everything', created_by: 'operator', active: 1 })
      .execute();
  }
  return ids;
}

async function seedInbox({ db, clock }: World, tenant: TenantId, install: InstallId, correlation: Correlation): Promise<string> {
  const now = clock.now();
  const row = { tenant, install, vendor: 'hubspot', delivery: null, position: 0, attempts: 1, run_at: now, correlation, payload: '{"portalId":1,"objectId":9000000042}' };
  const dead = newId('ntc', now - 3 * MINUTE);
  const rows = [
    { id: dead, kind: 'deal.propertyChange', state: 'dead' as const, error: 'propertyValue was expected and is absent.', at: now - 3 * MINUTE },
    { id: newId('ntc', now - 42 * MINUTE), kind: 'deal.propertyChange', state: 'done' as const, error: null, at: now - 42 * MINUTE },
    { id: newId('ntc', now - 20 * MINUTE), kind: 'contact.creation', state: 'noted' as const, error: null, at: now - 20 * MINUTE },
    { id: newId('ntc', now), kind: 'deal.propertyChange', state: 'ready' as const, error: null, at: now },
  ];
  await db
    .insertInto('inbox')
    .values(rows.map((one) => ({ ...row, ...one, key: one.id, received_at: one.at })))
    .execute();
  return dead;
}

async function seedAudit(db: Db, tenant: TenantId, envelope: EnvelopeId, now: number): Promise<void> {
  const entries = [
    ['install.granted', 'account admin', 'hubspot', '{"scopes":4}'],
    ['mapping.saved', 'operator', 'send', '{"version":2}'],
    ['envelope.remind-requested', 'operator', envelope, '{}'],
  ] as const;
  await db.transaction().execute((tx) =>
    append(
      tx,
      tenant,
      'audit',
      entries.map(([action, actor, subject, detail], index) => ({ id: newId('fct', now), at: now - (30 - index) * MINUTE, actor, action, subject, detail })),
    ),
  );
}
