import type { Insertable, Selectable, Updateable } from 'kysely';
import { ENVELOPE_STATUSES, isClosed } from '#core/envelope';
import type { EnvelopeId, InstallId, RecipientId, TenantId } from '#core/ids';
import type { PinnedConsent } from '#core/pinned-consent';
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
  /** The CRM's ids of the deal's owner and company, and of open leads by role. */
  owner: string | null;
  company: string | null;
  leads: Record<string, string>;
  /** Roles that sign at our side of the wire and are mailed nothing; absent where all are mailed. */
  embedded?: string[];
  /** Absent where the envelope asks for no consent. */
  consents?: PinnedConsent[];
}

const OPEN = ENVELOPE_STATUSES.filter((status) => !isClosed(status));

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

/** Those of an account that its provider knows by these ids. */
export async function listEnvelopesByRemote(db: Db, tenant: TenantId, sign: InstallId, remotes: readonly string[]): Promise<EnvelopeWithRecipients[]> {
  if (remotes.length === 0) return [];
  return withRecipients(db, tenant, await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('sign', '=', sign).where('remote', 'in', remotes).execute());
}

export async function findEnvelopeByIntent(db: Db, tenant: TenantId, crm: InstallId, intent: string): Promise<EnvelopeWithRecipients | undefined> {
  const row = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('intent', '=', intent).executeTakeFirst();
  return row ? (await withRecipients(db, tenant, [row]))[0] : undefined;
}

/** Newest first. */
export async function listEnvelopesOfDeal(db: Db, tenant: TenantId, crm: InstallId, deal: string): Promise<EnvelopeWithRecipients[]> {
  const rows = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('deal', '=', deal).orderBy('id', 'desc').limit(50).execute();
  return withRecipients(db, tenant, rows);
}

export async function listOpenEnvelopesOfDeal(db: Db, tenant: TenantId, crm: InstallId, deal: string): Promise<EnvelopeWithRecipients[]> {
  const rows = await db
    .selectFrom('envelopes')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('deal', '=', deal)
    .where('status', 'in', OPEN)
    .orderBy('id', 'desc')
    .execute();
  return withRecipients(db, tenant, rows);
}

/** What has come to its end, oldest first, a page after `after`. */
export async function listClosedEnvelopes(
  db: Db,
  tenant: TenantId,
  crm: InstallId,
  ask: { after: EnvelopeId | null; since: number; limit: number },
): Promise<EnvelopeWithRecipients[]> {
  let query = db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('closed_at', 'is not', null).where('requested_at', '>=', ask.since);
  if (ask.after) query = query.where('id', '>', ask.after);
  return withRecipients(db, tenant, await query.orderBy('id').limit(ask.limit).execute());
}

export async function insertEnvelope(tx: Tx, envelope: Insertable<EnvelopesTable>, recipients: Insertable<RecipientsTable>[]): Promise<void> {
  await tx.insertInto('envelopes').values(envelope).execute();
  if (recipients.length > 0) await tx.insertInto('recipients').values(recipients).execute();
}

/**
 * Takes a provider's envelope as ours, once: false where another one was taken, or where nobody wants it any more. Only what was taken may be
 * sent, which holds even when two processes believe that the lane is theirs.
 */
export async function adoptRemote(db: Db, tenant: TenantId, id: EnvelopeId, remote: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('envelopes')
    .set({ remote })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('status', '=', 'requested')
    .where('void_by', 'is', null)
    .where(({ or, eb }) => or([eb('remote', 'is', null), eb('remote', '=', remote)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Whether a later envelope of the deal is out or completed. */
export async function isOvertaken(db: Db, tenant: TenantId, { crm, deal, id }: Pick<Envelope, 'crm' | 'deal' | 'id'>): Promise<boolean> {
  const row = await db
    .selectFrom('envelopes')
    .select('id')
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('deal', '=', deal)
    .where('id', '>', id)
    .where('status', 'in', [...OPEN, 'completed'])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function updateEnvelope(tx: Db, tenant: TenantId, id: EnvelopeId, set: Updateable<EnvelopesTable>): Promise<void> {
  await tx.updateTable('envelopes').set(set).where('tenant', '=', tenant).where('id', '=', id).execute();
}

export async function updateRecipient(tx: Db, tenant: TenantId, id: RecipientId, set: Updateable<RecipientsTable>): Promise<void> {
  await tx.updateTable('recipients').set(set).where('tenant', '=', tenant).where('id', '=', id).execute();
}
