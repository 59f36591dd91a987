import { CompiledQuery, type Insertable } from 'kysely';
import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import { createSealer } from '#lib/seal';
import type { ConsentGiven } from '#core/fact';
import type { Effect } from '#core/effect';
import type { FrozenAttribution } from '#core/frozen-attribution';
import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import { freezeAttribution, type AttributionRow, type Point } from '#store/attributions';
import { isPostgres, type Db, type Tx } from '#store/database';
import { insertEnvelope, type EnvelopeDocument } from '#store/envelopes';
import type { Arrival } from '#store/arrivals';
import { createTenant, putInstall, type Install, type NewInstall } from '#store/installs';
import type { Entry } from '#store/ledger';
import { putMapping } from '#store/mappings';
import { putEffects } from '#store/outbox';
import { sealPersonal } from '#store/people';
import type { EnvelopesTable, InboxTable } from '#store/schema';

export const NOW = 1_760_000_000_000;
export const sealer = createSealer(Buffer.alloc(32, 7));

/** A tenant with a CRM account and an e-sign account, and a mapping of each kind. */
export interface Account {
  tenant: TenantId;
  crm: Install;
  sign: Install;
}

export function install(over: Partial<NewInstall> = {}): NewInstall {
  return {
    vendor: 'a-crm',
    account: newId('cor'),
    name: 'Example Ltd',
    environment: 'live',
    baseUrl: 'https://api.example.com',
    details: '{}',
    scopes: ['write'],
    expiresAt: NOW + 3_600_000,
    ...over,
  };
}

export async function putAccount(db: Db, name = 'Example Ltd'): Promise<Account> {
  const tenant = await createTenant(db, name, NOW);
  return db.transaction().execute(async (tx) => {
    const crm = await putInstall(tx, tenant, install({ vendor: 'a-crm' }), () => 'sealed', NOW);
    const sign = await putInstall(tx, tenant, install({ vendor: 'a-signer' }), () => 'sealed', NOW);
    for (const kind of ['send', 'writeback', 'journey'] as const)
      await putMapping(tx, tenant, crm.vendor, kind, `${kind}: of ${name}`, { origin: 'shipped', note: '', createdBy: 'test' }, NOW);
    return { tenant, crm, sign };
  });
}

export function notice(to: Install, key: string, over: Partial<Insertable<InboxTable>> = {}): Insertable<InboxTable> {
  const id = newId('ntc', NOW);
  return {
    id,
    tenant: to.tenant,
    install: to.id,
    vendor: to.vendor,
    delivery: null,
    position: 0,
    key,
    kind: 'something.happened',
    at: NOW,
    payload: null,
    state: 'ready',
    attempts: 0,
    run_at: NOW,
    error: null,
    correlation: `cor_${id.slice(4)}`,
    received_at: NOW,
    ...over,
  };
}

/** One delivery with a notice for each key. */
export function arrival(to: Install, ...keys: string[]): Arrival & { delivery: { id: `dlv_${string}` } } {
  const id = newId('dlv', NOW);
  const delivery = { id, vendor: to.vendor, received_at: NOW, headers: '{}', body: Buffer.from(JSON.stringify(keys)), fault: null };
  return { delivery, notices: keys.map((key, position) => notice(to, key, { delivery: id, position })) };
}

/** A write to a record's field, which waits for nothing. */
export function write(to: Install, record: string, over: Partial<Extract<Effect, { kind: 'record.write' }>> = {}): Effect {
  const data = { record: { type: 'deal' as const, id: record }, set: { status: 'sent' } };
  return { kind: 'record.write', key: newId('cor'), install: to.id, data, priority: 5, notBefore: NOW, envelope: null, why: 'A test.', ...over };
}

/** Puts effects as one fact would, the facts being numbered by `ordinal`. */
export async function put(db: Db, account: Account, ordinal: number, ...effects: Effect[]): Promise<number> {
  return db.transaction().execute((tx) => putEffects(tx, account.tenant, effects, { ordinal, correlation: 'cor_test' }, NOW));
}

export interface Signer {
  role: string;
  name: string;
  email: string;
  contact: string | null;
}
export const ADA: Signer = { role: 'Buyer', name: 'Ada Example', email: 'ada@example.com', contact: 'contact-ada' };
export const BEN: Signer = { role: 'Seller', name: 'Ben Example', email: 'ben@example.com', contact: 'contact-ben' };

export async function putEnvelope(db: Db, { tenant, crm, sign }: Account, signers: Signer[] = [], over: Partial<Insertable<EnvelopesTable>> = {}): Promise<EnvelopeId> {
  const id = newId('env', NOW);
  const versions = await db.selectFrom('mappings').select(['kind', 'id']).where('tenant', '=', tenant).where('active', '=', 1).execute();
  const versionOf = (kind: string) => versions.find((version) => version.kind === kind)?.id ?? 'map_none';
  const document: EnvelopeDocument = {
    subject: 'Please sign',
    message: `Dear ${signers[0]?.name ?? 'all'}`,
    fields: [],
    policies: { reminders: null, expiresAfterDays: null, backward: 'keep', retries: 0 },
    owner: null,
    company: null,
    leads: {},
  };
  const row: Insertable<EnvelopesTable> = {
    tenant,
    id,
    intent: `stage|${id}`,
    deal: 'deal-1',
    deal_name: 'A deal',
    crm: crm.id,
    sign: sign.id,
    remote: null,
    rule: 'contract',
    template: 'template-1',
    template_name: 'Contract',
    status: 'requested',
    document: JSON.stringify(document),
    attribution: '{"first_source":"newsletter"}',
    send_mapping: versionOf('send'),
    writeback_mapping: versionOf('writeback'),
    journey_mapping: versionOf('journey'),
    pipeline: 'sales',
    stage: 'contract',
    attempt: 0,
    void_by: null,
    reason: null,
    correlation: 'cor_test',
    requested_at: NOW,
    sent_at: null,
    viewed_at: null,
    completed_at: null,
    closed_at: null,
    expires_at: null,
    updated_at: NOW,
    ...over,
  };
  await db.transaction().execute(async (tx) => {
    const recipients = [];
    for (const [position, { role, name, email, contact }] of signers.entries()) {
      const sealed = await sealPersonal(tx, sealer, tenant, { name, email });
      recipients.push({
        tenant,
        id: newId('sgn', NOW),
        envelope: id,
        role,
        position,
        status: 'waiting' as const,
        contact,
        ...sealed,
        remote: null,
        viewed_at: null,
        signed_at: null,
      });
    }
    await insertEnvelope(tx, row, recipients);
  });
  return id;
}

export function fact(over: Partial<Entry<'facts'>> = {}): Entry<'facts'> {
  return {
    id: newId('fct', NOW),
    type: 'envelope.status',
    at: NOW,
    recorded_at: NOW,
    notice: null,
    envelope: null,
    deal: null,
    correlation: 'cor_test',
    data: '{}',
    outcome: 'moved',
    why: 'A test.',
    ...over,
  };
}

export function receipt(effect: `eff_${string}`, over: Partial<Entry<'receipts'>> = {}): Entry<'receipts'> {
  const base = { id: newId('rcp', NOW), effect, kind: 'record.write' as const, at: NOW, outcome: 'done' as const, envelope: null, correlation: 'cor_test' as Correlation };
  return { ...base, remote: null, mapping: null, request_hash: sha256(''), detail: '{}', ...over };
}

export function auditEntry(over: Partial<Entry<'audit'>> = {}): Entry<'audit'> {
  return { id: newId('cor', NOW), at: NOW, actor: 'console', action: 'mapping.saved', subject: 'send', detail: '{}', ...over };
}

export function consentEntry(over: Partial<Entry<'consents'>> = {}): Entry<'consents'> {
  const topic = { type: 'marketing' as const, purpose: 'newsletter', channel: 'email' as const, status: 'granted' as const };
  const text = { text: null, text_name: null, text_version: null, text_hash: null, locale: null, jurisdiction: null };
  const rest = { expires_at: null, envelope: null, document_hash: null, evidence: '{}', evidence_uri: null, personal_hash: null, correlation: 'cor_test' as Correlation };
  return { id: newId('cns', NOW), person: 'per_test', ...topic, ...text, basis: 'consent', captured_at: NOW, recorded_at: NOW, how: 'api', source: 'test', ...rest, ...over };
}

export function consentGiven(over: Partial<ConsentGiven> = {}): ConsentGiven {
  const topic = { type: 'marketing' as const, purpose: 'newsletter', channel: 'email' as const };
  const rest = { text: null, locale: null, jurisdiction: null, basis: 'consent' as const, expiresAt: null, envelope: null, documentHash: null, evidence: {}, evidenceUri: null };
  return { ...topic, status: 'granted', capturedAt: NOW, how: 'api', source: 'test', ...rest, ...over };
}

export function touchEntry(over: Partial<Entry<'touches'>> = {}): Entry<'touches'> {
  return { id: newId('tch', NOW), key: newId('cor', NOW), person: 'per_test', at: NOW, recorded_at: NOW, via: 'api', data: '{}', ...over };
}

export function attributionEntry(over: Partial<Entry<'attributions'>> = {}): Entry<'attributions'> {
  return { id: newId('atr', NOW), envelope: newId('env', NOW), point: 'sent', at: NOW, data: '{}', corrects: null, by: 'countersign', why: 'A test.', ...over };
}

const TABLES = [
  'tenants',
  'installs',
  'oauth_states',
  'deliveries',
  'inbox',
  'facts',
  'receipts',
  'audit',
  'consents',
  'touches',
  'attributions',
  'consent_texts',
  'consent_personal',
  'person_records',
  'ledger_heads',
  'signed_heads',
  'head_timestamps',
  'envelopes',
  'recipients',
  'persons',
  'outbox',
  'endpoints',
  'messages',
  'lanes',
  'cursors',
  'mappings',
  'grounds',
  'sessions',
  'links',
  'alarms',
] as const;

/** Everything that a database holds, as lines in a fixed order, so that two moments can be compared. */
export async function dump(db: Db): Promise<string[]> {
  const lines: string[] = [];
  for (const table of TABLES) {
    const rows: object[] = await db.selectFrom(table).selectAll().execute();
    lines.push(
      ...rows.map((row) => `${table} ${JSON.stringify({ ...row, ...('body' in row && row.body ? { body: Buffer.from(row.body as Uint8Array).toString('base64') } : {}) })}`),
    );
  }
  return lines.sort();
}

/** Lets go of the guards of a ledger, as somebody with the database's password could. */
export async function dropGuards(db: Db, ledger: 'facts' | 'receipts' | 'audit'): Promise<void> {
  const of = isPostgres(db) ? ` on ${ledger}` : '';
  for (const on of ['update', 'delete']) await db.executeQuery(CompiledQuery.raw(`drop trigger ${ledger}_no_${on}${of}`));
}

/** Freezes one point of an envelope. Returns what stands there. */
export async function freezePoint(
  tx: Tx,
  tenant: TenantId,
  { envelope, data, ...rest }: { envelope: EnvelopeId; point: Point; at: number; why: string; data: FrozenAttribution },
  now: number,
): Promise<AttributionRow> {
  const row = (await freezeAttribution(tx, tenant, envelope, [{ ...rest, data: async () => data }], now)).get(rest.point);
  if (!row) throw new Error('It was frozen.');
  return row;
}
