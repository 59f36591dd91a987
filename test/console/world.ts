import { projectFile } from '#lib/root';
import { createConsole, consoleRoutes, type ConsoleOptions } from '#http/console';
import type { ConsoleEnv } from '#http/console/context';
import type { Hono } from 'hono';
import { manualClock, type Clock } from '#lib/clock';
import { newId } from '#lib/ids';
import { createLog } from '#lib/log';
import { createSealer } from '#lib/seal';
import { sha256 } from '#lib/hmac';
import type { EffectData, EffectKind } from '#core/effect';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { FactData, FactType } from '#core/fact';
import type { Correlation, EnvelopeId, InstallId, MappingId, TenantId } from '#core/ids';
import { migrate, openDatabase, type Db } from '#store/database';
import { append, type Entry } from '#store/ledger';
import { sealPersonal } from '#store/people';
import type { OutboxTable } from '#store/schema';
import { openSession } from '#store/sessions';
import { fakeDesk, type FakeDesk } from './desk.ts';

export const ORIGIN = 'https://console.example.com';
const MINUTE = 60_000;

export interface World {
  db: Db;
  clock: Clock & { advance?(ms: number): void };
  desk: FakeDesk;
  options: ConsoleOptions;
  app: Hono<ConsoleEnv>;
  routes: { method: string; path: string }[];
  /** Asks the console; a session's cookie goes along, and what a browser adds to a form of our own page. A header given as '' is left out. */
  ask(path: string, init?: { cookie?: string; method?: string; form?: Record<string, string>; headers?: Record<string, string> }): Promise<Response>;
  /** A session's cookie: of a tenant, or (null) of an operator. */
  signIn(tenant: TenantId | null): Promise<string>;
  close(): Promise<void>;
}

export async function openWorld(over: { clock?: Clock; publicUrl?: () => string } = {}): Promise<World> {
  const db = openDatabase(':memory:');
  await migrate(db);
  const clock = over.clock ?? manualClock();
  const desk = fakeDesk();
  const options: ConsoleOptions = {
    db,
    desk,
    clock,
    publicUrl: over.publicUrl ?? (() => ORIGIN),
    sandbox: true,
    vendors: [
      { id: 'hubspot', name: 'HubSpot', connectable: true, capabilities: ['inbound', 'crm', 'journey'], webhook: 'app' },
      { id: 'docusign', name: 'DocuSign', connectable: true, capabilities: ['inbound', 'sign'], webhook: 'install' },
    ],
    sealer: createSealer(Buffer.alloc(32, 7)),
    log: createLog('silent'),
    sandboxLinks: [
      { label: 'HubSpot deal board', href: '/sandbox/hubspot/' },
      { label: 'Mailbox', href: '/sandbox/mailbox/' },
    ],
  };
  const app = createConsole(options);
  return {
    db,
    clock,
    desk,
    options,
    app,
    routes: consoleRoutes(app),
    async ask(path, { cookie, method, form, headers } = {}) {
      const own = form || (method !== undefined && method !== 'GET') ? { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' } : {};
      const sent = Object.entries({ ...own, ...(cookie ? { cookie: `countersign_session=${cookie}` } : {}), ...headers }).filter(([, value]) => value !== '');
      const init = {
        method: method ?? (form ? 'POST' : 'GET'),
        headers: Object.fromEntries(sent),
        ...(form ? { body: new URLSearchParams(form).toString() } : {}),
      };
      return app.request(new URL(path, ORIGIN).href, init);
    },
    signIn: async (tenant) => (await openSession(db, tenant, clock.now())).cookie,
    close: () => db.destroy(),
  };
}

export interface Seeded {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  envelopes: EnvelopeId[];
  correlation: Correlation;
  blocked: Correlation;
  /** Ids by the names that routes give them. */
  ids: Record<string, string>;
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
  if (!told) throw new Error('No envelope was seeded.');
  const { correlation } = await db.selectFrom('envelopes').select('correlation').where('id', '=', told).executeTakeFirstOrThrow();
  const effects = await seedStory(world, { tenant, crm, sign, envelope: told, correlation, mapping: mappings.writeback });
  const blocked = await seedBlocked(world, tenant, crm);
  const notice = await seedInbox(world, tenant, crm, correlation);
  const delivery = newId('dlv', now);
  const fault = 'Expected an array of events and found an object.';
  await db
    .insertInto('deliveries')
    .values({ id: delivery, vendor: 'hubspot', received_at: now - 12 * MINUTE, headers: '{"content-type":"application/json"}', body: Buffer.from('{"oops":true}'), fault })
    .execute();
  await seedAudit(db, tenant, told, now);
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
    envelopes,
    correlation,
    blocked,
    ids: { tenant, install: crm, envelope: told, correlation, notice, delivery, effect: effects.parked, kind: 'send', version: '1' },
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
    created_at: now - 40 * 24 * 60 * MINUTE,
    updated_at: now,
    last_ok_at: now - 2 * MINUTE,
  };
  await db.insertInto('installs').values(row).execute();
  const cursor = {
    tenant,
    install: id,
    cursor: 'null',
    next_at: now + 3 * MINUTE,
    started_at: now - 3 * MINUTE,
    last_ok_at: now - 2 * MINUTE,
    error: null,
    seen: 148,
    gaps: 1,
    gaps_total: 6,
  };
  await db
    .insertInto('cursors')
    .values({ ...cursor, name: vendor === 'hubspot' ? 'deals' : 'envelopes' })
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
    const row = { tenant, kind, created_at: now - 30 * MINUTE, frozen_at: null };
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

interface EnvelopeSeed {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  mappings: Record<'send' | 'writeback' | 'journey', MappingId>;
  deal: string;
  status: EnvelopeStatus;
  recipients: RecipientStatus[];
  at: number;
}

export async function seedEnvelope({ db, options }: World, of: EnvelopeSeed): Promise<EnvelopeId> {
  const id = newId('env', of.at);
  const deal = String(9_000_000_000 + (of.at % 1_000_000));
  const out = of.status !== 'requested';
  const document = {
    subject: `Contract for ${of.deal}`,
    message: 'Please read and sign. If anything is unclear, answer to this message.',
    fields: [
      { role: 'Customer', label: 'Amount', value: 'EUR 48,000' },
      { role: 'Customer', label: 'Company', value: of.deal },
    ],
    policies: { reminders: { afterDays: 3, everyDays: 3 }, expiresAfterDays: 30, backward: 'ask', retries: 1 },
  };
  await db
    .insertInto('envelopes')
    .values({
      tenant: of.tenant,
      id,
      intent: `stage|${id}`,
      deal,
      deal_name: of.deal,
      crm: of.crm,
      sign: of.sign,
      remote: out ? `7d4c${id.slice(-20)}` : null,
      rule: 'contract-sent',
      template: 'tpl-1',
      template_name: 'Order form',
      status: of.status,
      document: JSON.stringify(document),
      attribution: JSON.stringify({ first_source: 'ORGANIC_SEARCH', first_campaign: 'spring webinar', last_source: 'EMAIL_MARKETING' }),
      send_mapping: of.mappings.send,
      writeback_mapping: of.mappings.writeback,
      journey_mapping: of.mappings.journey,
      pipeline: 'default',
      stage: 'contractsent',
      attempt: 0,
      void_by: null,
      reason: of.status === 'declined' ? 'The payment terms are not what we agreed.' : null,
      correlation: newId('cor', of.at),
      requested_at: of.at,
      sent_at: out ? of.at + 2100 : null,
      viewed_at: ['viewed', 'partially_signed', 'completed'].includes(of.status) ? of.at + 9 * MINUTE : null,
      completed_at: of.status === 'completed' ? of.at + 64 * MINUTE : null,
      closed_at: ['completed', 'declined', 'expired'].includes(of.status) ? of.at + 64 * MINUTE : null,
      expires_at: null,
      updated_at: of.at,
      polled_at: null,
    })
    .execute();
  const people = [
    { role: 'Customer', name: 'Amara Okafor', email: 'amara.okafor@example.com' },
    { role: 'Legal', name: 'Jonas Lindqvist', email: 'legal@example.com' },
  ];
  for (const [index, { role, ...data }] of people.entries()) {
    const sealed = await db.transaction().execute((tx) => sealPersonal(tx, options.sealer, of.tenant, data));
    const status = of.recipients[index] ?? 'waiting';
    const times = { viewed_at: null, signed_at: status === 'signed' ? of.at + (30 + index) * MINUTE : null };
    await db
      .insertInto('recipients')
      .values({ tenant: of.tenant, id: newId('sgn', of.at), envelope: id, role, position: index + 1, status, contact: String(501 + index), ...sealed, remote: null, ...times })
      .execute();
  }
  return id;
}

interface StorySeed {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  envelope: EnvelopeId;
  correlation: Correlation;
  mapping: MappingId;
}

async function seedStory(world: World, of: StorySeed): Promise<{ parked: string }> {
  const { db, clock } = world;
  const start = clock.now() - 42 * MINUTE;
  const fact = <Type extends FactType>(type: Type, afterMs: number, data: FactData[Type], why: string, outcome: 'moved' | 'noted' = 'moved'): Entry<'facts'> => ({
    id: newId('fct', start + afterMs),
    type,
    at: start + afterMs - 400,
    recorded_at: start + afterMs,
    notice: null,
    envelope: of.envelope,
    deal: '9000000042',
    correlation: of.correlation,
    data: JSON.stringify(data),
    outcome,
    why,
  });
  const ordinal = { next: 1000 };
  const effect = async <Kind extends EffectKind>(kind: Kind, install: InstallId, afterMs: number, data: EffectData[Kind], why: string, over: Partial<OutboxTable> = {}) => {
    const id = newId('eff', start + afterMs);
    const row = {
      tenant: of.tenant,
      id,
      key: `${kind}|${id}`,
      ordinal: ordinal.next++,
      install,
      kind,
      data: JSON.stringify(data),
      record: kind === 'record.write' ? 'deal:9000000042' : null,
      priority: 5,
      state: 'done' as const,
      run_at: start + afterMs,
      attempts: 1,
      epoch: 1,
      envelope: of.envelope,
      correlation: of.correlation,
      why,
      error: null,
      created_at: start + afterMs,
      updated_at: start + afterMs,
    };
    await db
      .insertInto('outbox')
      .values({ ...row, ...over })
      .execute();
    return id;
  };
  const receipt = (kind: EffectKind, id: string, afterMs: number, outcome: Entry<'receipts'>['outcome'], detail: object, remote: string | null = null): Entry<'receipts'> => ({
    id: newId('rcp', start + afterMs),
    effect: id as Entry<'receipts'>['effect'],
    kind,
    at: start + afterMs,
    outcome,
    envelope: of.envelope,
    correlation: of.correlation,
    remote,
    mapping: kind === 'record.write' ? of.mapping : null,
    request_hash: sha256(id),
    detail: JSON.stringify(detail),
  });
  const read = await effect(
    'deal.read',
    of.crm,
    40,
    { deal: '9000000042', purpose: { kind: 'stage', seenBy: 'webhook' } },
    'The webhook is only a hint: the deal is read again before anything is decided.',
  );
  const create = await effect('envelope.create', of.sign, 900, { envelope: of.envelope }, 'Rule contract-sent: the deal reached “Contract sent” and its amount is above 0.');
  const sent = await effect(
    'record.write',
    of.crm,
    3100,
    { record: { type: 'deal', id: '9000000042' }, set: { countersign_status: 'sent', countersign_waiting_for: 'Customer' } },
    'Write-back rule status: the deal says so.',
  );
  const parked = await effect(
    'record.write',
    of.crm,
    31 * MINUTE,
    { record: { type: 'deal', id: '9000000042' }, set: { countersign_signed_on: '2026-31-11', amount: 48000, countersign_done: false }, once: [] },
    'Write-back rule signed: the Customer signed.',
    {
      state: 'parked',
      attempts: 3,
      error: JSON.stringify({
        code: 'vendor.rejected',
        say: 'HubSpot refused the date of countersign_signed_on.',
        facts: { field: 'countersign_signed_on', category: 'VALIDATION_ERROR', message: '2026-31-11 was not a valid date.' },
      }),
    },
  );
  await effect('envelope.remind', of.sign, 40 * MINUTE, { envelope: of.envelope }, 'The owner pressed Remind.', { state: 'held', attempts: 0 });
  await effect('journey.emit', of.crm, 41 * MINUTE, { contact: '501', list: 'Signed customers' }, 'Journey rule signed: the Customer joins the list.', {
    state: 'ready',
    attempts: 0,
  });
  const remote = 'd81f3b0c-1c4e-4a37-9a55-0f6a2d9d2c11';
  const status = (now: EnvelopeStatus, recipients: RecipientStatus[], seenBy: 'webhook' | 'reconcile' | 'call'): FactData['envelope.status'] => ({
    remote,
    envelope: of.envelope,
    status: now,
    seenBy,
    recipients: recipients.map((state, index) => ({ role: index === 0 ? 'Customer' : 'Legal', remote: String(index + 1), status: state, at: null })),
  });
  await db.transaction().execute(async (tx) => {
    await append(tx, of.tenant, 'facts', [
      fact('deal.stage-changed', 0, { deal: '9000000042', stage: 'contractsent', source: 'person', seenBy: 'webhook' }, 'Contract sent is a stage that the mapping watches.'),
      fact(
        'deal.read',
        880,
        { deal: '9000000042', stage: 'contractsent', pipeline: 'default', enteredAt: start, purpose: { kind: 'stage', seenBy: 'webhook' }, effect: read as never },
        'The deal fits rule contract-sent: Order form goes to Customer, then Legal.',
      ),
      fact('envelope.status', 2600, status('sent', ['sent', 'waiting'], 'call'), 'The envelope is out; the Customer is asked first.'),
      fact('envelope.status', 9 * MINUTE, status('viewed', ['viewed', 'waiting'], 'webhook'), 'The Customer looked at it.'),
      fact('envelope.status', 9 * MINUTE + 700, status('viewed', ['viewed', 'waiting'], 'webhook'), 'The same was told before.', 'noted'),
      fact('envelope.status', 31 * MINUTE - 90, status('partially_signed', ['signed', 'sent'], 'reconcile'), 'The Customer signed; Legal is asked next. No webhook had told it.'),
    ]);
    await append(tx, of.tenant, 'receipts', [
      receipt('deal.read', read, 860, 'done', { found: true }),
      receipt('envelope.create', create, 1700, 'retry', { code: 'vendor.lost-reply', say: 'The answer got lost on the way.' }),
      receipt('envelope.create', create, 2600, 'done', { found: 'by correlation key', status: 'sent' }, remote),
      receipt('record.write', sent, 3900, 'done', { written: ['countersign_status', 'countersign_waiting_for'] }, '9000000042'),
      receipt('record.write', parked, 31 * MINUTE + 800, 'parked', { code: 'vendor.rejected', field: 'countersign_signed_on' }, '9000000042'),
    ]);
  });
  return { parked };
}

/** A send that was refused: a story without an envelope. */
async function seedBlocked({ db, clock }: World, tenant: TenantId, crm: InstallId): Promise<Correlation> {
  const now = clock.now() - 20 * MINUTE;
  const correlation = newId('cor', now);
  const data: FactData['deal.stage-changed'] = { deal: '9000000077', stage: 'contractsent', source: 'automation', seenBy: 'webhook' };
  const fact = { id: newId('fct', now), at: now, recorded_at: now, notice: null, envelope: null, deal: data.deal, correlation, outcome: 'moved' as const };
  await db
    .transaction()
    .execute((tx) =>
      append(tx, tenant, 'facts', [{ ...fact, type: 'deal.stage-changed', data: JSON.stringify(data), why: 'Not sent: the contact with the label Signer has no e-mail address.' }]),
    );
  const effect = { tenant, id: newId('eff', now), key: `blocked|${correlation}`, ordinal: 90, install: crm, kind: 'record.write' as const, record: 'deal:9000000077', priority: 5 };
  const write: EffectData['record.write'] = {
    record: { type: 'deal', id: '9000000077' },
    set: { countersign_status: 'blocked', countersign_reason: 'The signer has no e-mail address.' },
  };
  await db
    .insertInto('outbox')
    .values({
      ...effect,
      data: JSON.stringify(write),
      state: 'done',
      run_at: now,
      attempts: 1,
      epoch: 1,
      envelope: null,
      correlation,
      why: 'The reason is written on the deal.',
      error: null,
      created_at: now,
      updated_at: now,
    })
    .execute();
  return correlation;
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
    ['install.connected', 'account admin', 'hubspot', '{"scopes":4}'],
    ['mapping.saved', 'operator', 'send', '{"version":2}'],
    ['envelope.reminded', 'operator', envelope, '{}'],
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
