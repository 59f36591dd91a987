import type { Insertable, Selectable, Updateable } from 'kysely';
import { ENVELOPE_STATUSES, isFinal } from '#core/envelope';
import type { EnvelopeId, InstallId, RecipientId, TenantId } from '#core/ids';
import type { PlannedField, Policies } from '#core/plan';
import { Problem } from '#core/problem';
import type { Db, Tx } from '#store/database';
import type { EnvelopesTable, RecipientsTable } from '#store/schema';

export type Envelope = Selectable<EnvelopesTable>;
export type Recipient = Selectable<RecipientsTable>;
/** An envelope with its recipients, in routing order. */
export interface EnvelopeWithRecipients {
  envelope: Envelope;
  recipients: Recipient[];
}
/** The content of `envelopes.document`. */
export interface EnvelopeDocument {
  subject: string;
  message: string;
  fields: PlannedField[];
  policies: Policies;
  /** The CRM's id of the deal's owner. */
  owner: string | null;
}

const OPEN = ENVELOPE_STATUSES.filter((status) => !isFinal(status));

async function withRecipients(db: Db, tenant: TenantId, envelopes: Envelope[]): Promise<EnvelopeWithRecipients[]> {
  if (envelopes.length === 0) return [];
  const ids = envelopes.map((envelope) => envelope.id);
  const recipients = await db.selectFrom('recipients').selectAll().where('tenant', '=', tenant).where('envelope', 'in', ids).orderBy('position').orderBy('role').execute();
  return envelopes.map((envelope) => ({ envelope, recipients: recipients.filter((recipient) => recipient.envelope === envelope.id) }));
}

export async function findEnvelope(db: Db, tenant: TenantId, id: EnvelopeId): Promise<EnvelopeWithRecipients | undefined> {
  const row = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  return row ? (await withRecipients(db, tenant, [row]))[0] : undefined;
}

/** @throws Problem `request.not-found` */
export async function getEnvelope(db: Db, tenant: TenantId, id: EnvelopeId): Promise<EnvelopeWithRecipients> {
  const found = await findEnvelope(db, tenant, id);
  if (!found) throw new Problem('request.not-found', { say: 'There is no envelope of that id.' });
  return found;
}

export async function findEnvelopeByRemote(db: Db, tenant: TenantId, sign: InstallId, remote: string): Promise<EnvelopeWithRecipients | undefined> {
  const row = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('sign', '=', sign).where('remote', '=', remote).executeTakeFirst();
  return row ? (await withRecipients(db, tenant, [row]))[0] : undefined;
}

export async function findEnvelopeByIntent(db: Db, tenant: TenantId, intent: string): Promise<EnvelopeWithRecipients | undefined> {
  const row = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('intent', '=', intent).executeTakeFirst();
  return row ? (await withRecipients(db, tenant, [row]))[0] : undefined;
}

/** Newest first. */
export async function listEnvelopesOfDeal(db: Db, tenant: TenantId, deal: string): Promise<EnvelopeWithRecipients[]> {
  const rows = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('deal', '=', deal).orderBy('id', 'desc').limit(50).execute();
  return withRecipients(db, tenant, rows);
}

export async function listOpenEnvelopesOfDeal(db: Db, tenant: TenantId, deal: string): Promise<EnvelopeWithRecipients[]> {
  const rows = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('deal', '=', deal).where('status', 'in', OPEN).orderBy('id', 'desc').execute();
  return withRecipients(db, tenant, rows);
}

export async function insertEnvelope(tx: Tx, envelope: Insertable<EnvelopesTable>, recipients: Insertable<RecipientsTable>[]): Promise<void> {
  await tx.insertInto('envelopes').values(envelope).execute();
  if (recipients.length > 0) await tx.insertInto('recipients').values(recipients).execute();
}

export async function updateEnvelope(tx: Db, tenant: TenantId, id: EnvelopeId, set: Updateable<EnvelopesTable>): Promise<void> {
  await tx.updateTable('envelopes').set(set).where('tenant', '=', tenant).where('id', '=', id).execute();
}

export async function updateRecipient(tx: Db, tenant: TenantId, id: RecipientId, set: Updateable<RecipientsTable>): Promise<void> {
  await tx.updateTable('recipients').set(set).where('tenant', '=', tenant).where('id', '=', id).execute();
}
