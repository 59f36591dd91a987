import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import type { Sealer } from '#lib/seal';
import type { ActStatus, ConsentAct } from '#core/consent';
import type { ConsentGiven, ConsentIdentity } from '#core/fact';
import type { ConsentId, Correlation, InstallId, PersonId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import { append } from '#store/ledger';
import type { ConsentsTable } from '#store/ledger-schema';
import { personSealer } from '#store/people';

export type Consent = Selectable<ConsentsTable>;
/** An act of the ledger, as the present state rests on it. */
export type KnownAct = ConsentAct & {
  id: ConsentId;
  person: PersonId;
  source: string;
  textHash: string | null;
  text: { name: string; version: number } | null;
  jurisdiction: string | null;
  evidenceUri: string | null;
};
/** What is sealed beside a row. The salt keeps the hash in the row from giving an address away by trying addresses. */
export type SealedIdentity = ConsentIdentity & { salt: string };

const placeOf = (tenant: TenantId, consent: ConsentId) => `${tenant}|consents|personal|${consent}`;
const SALT_BYTES = 16;

/** Appends acts of one person, and seals beside them who it was. */
export async function appendConsents(
  tx: Tx,
  sealer: Sealer,
  tenant: TenantId,
  { person, acts, identity, correlation }: { person: PersonId; acts: readonly { id: ConsentId; act: ConsentGiven }[]; identity: ConsentIdentity | null; correlation: Correlation },
  now: number,
): Promise<Consent[]> {
  const held = await tx.selectFrom('persons').select('key').where('tenant', '=', tenant).where('id', '=', person).executeTakeFirst();
  const key = held?.key ?? null;
  const sealed = acts.map(({ id, act }) => {
    // Of the erased nothing personal is kept.
    if (!identity || key === null) return { id, act, personal: null, personalHash: null };
    const text = canonicalJson({ ...identity, salt: randomBytes(SALT_BYTES).toString('hex') });
    return { id, act, personal: personSealer(sealer, tenant, person, key).seal(text, placeOf(tenant, id)), personalHash: sha256(text) };
  });
  const rows = sealed.map(({ id, act, personalHash }) => rowOf(id, person, act, personalHash, correlation, now));
  const appended = await append(tx, tenant, 'consents', rows);
  const apart = sealed.flatMap(({ id, personal }) => (personal === null ? [] : [{ tenant, consent: id, person, personal }]));
  if (apart.length > 0) await tx.insertInto('consent_personal').values(apart).execute();
  return appended;
}

function rowOf(
  id: ConsentId,
  person: PersonId,
  act: ConsentGiven,
  personalHash: string | null,
  correlation: Correlation,
  now: number,
): Omit<Consent, 'tenant' | 'seq' | 'prev' | 'hash'> {
  return {
    id,
    person,
    type: act.type,
    purpose: act.purpose,
    channel: act.channel,
    status: act.status,
    text: act.text?.id ?? null,
    text_name: act.text?.name ?? null,
    text_version: act.text?.version ?? null,
    text_hash: act.text?.hash ?? null,
    locale: act.locale,
    jurisdiction: act.jurisdiction,
    basis: act.basis,
    captured_at: act.capturedAt,
    recorded_at: now,
    expires_at: act.expiresAt,
    how: act.how,
    source: act.source,
    envelope: act.envelope,
    document_hash: act.documentHash,
    evidence: canonicalJson(act.evidence),
    evidence_uri: act.evidenceUri,
    personal_hash: personalHash,
    correlation,
  };
}

/** A person's rows, oldest first. */
export async function listConsents(db: Db, tenant: TenantId, person: PersonId): Promise<Consent[]> {
  return db.selectFrom('consents').selectAll().where('tenant', '=', tenant).where('person', '=', person).orderBy('seq').execute();
}

export async function findConsent(db: Db, tenant: TenantId, id: ConsentId): Promise<Consent | undefined> {
  return db.selectFrom('consents').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
}

export function actOf(row: Consent): KnownAct {
  const { id, person, type, purpose, channel, how, seq, source } = row;
  // The ledger holds acts alone: `expired` is what a grant becomes.
  return {
    id,
    person,
    type,
    purpose,
    channel,
    status: row.status as ActStatus,
    how,
    capturedAt: row.captured_at,
    seq,
    expiresAt: row.expires_at,
    source,
    textHash: row.text_hash,
    text: row.text_name === null || row.text_version === null ? null : { name: row.text_name, version: row.text_version },
    jurisdiction: row.jurisdiction,
    evidenceUri: row.evidence_uri,
  };
}

export async function actsOf(db: Db, tenant: TenantId, persons: readonly PersonId[]): Promise<Map<PersonId, KnownAct[]>> {
  const known = new Map<PersonId, KnownAct[]>(persons.map((person) => [person, []]));
  if (persons.length === 0) return known;
  const rows = await db.selectFrom('consents').selectAll().where('tenant', '=', tenant).where('person', 'in', persons).orderBy('seq').execute();
  for (const row of rows) known.get(row.person)?.push(actOf(row));
  return known;
}

/** Who acted, as sealed; null where it was not known or has been erased. */
export async function openIdentity(db: Db, sealer: Sealer, tenant: TenantId, consent: Pick<Consent, 'id' | 'person'>): Promise<SealedIdentity | null> {
  const row = await db
    .selectFrom('consent_personal')
    .innerJoin('persons', (join) => join.onRef('persons.tenant', '=', 'consent_personal.tenant').onRef('persons.id', '=', 'consent_personal.person'))
    .select(['consent_personal.personal', 'persons.key'])
    .where('consent_personal.tenant', '=', tenant)
    .where('consent_personal.consent', '=', consent.id)
    .executeTakeFirst();
  if (!row?.personal || !row.key) return null;
  return JSON.parse(personSealer(sealer, tenant, consent.person, row.key).open(row.personal, placeOf(tenant, consent.id))) as SealedIdentity;
}

/** Ties a contact of an account to a person; a merge in the CRM ties it to another one. */
export async function linkPerson(tx: Tx, tenant: TenantId, link: { install: InstallId; contact: string; person: PersonId }, now: number): Promise<void> {
  await tx
    .insertInto('person_records')
    .values({ tenant, ...link, linked_at: now })
    .onConflict((conflict) => conflict.columns(['tenant', 'install', 'contact']).doUpdateSet({ person: link.person, linked_at: now }))
    .execute();
}

/** Who a contact of an account is: as tied, or as last sent to. */
export async function findPersonOfContact(db: Db, tenant: TenantId, install: InstallId, contact: string): Promise<PersonId | null> {
  const linked = await db
    .selectFrom('person_records')
    .select('person')
    .where('tenant', '=', tenant)
    .where('install', '=', install)
    .where('contact', '=', contact)
    .executeTakeFirst();
  if (linked) return linked.person;
  const sentTo = await db
    .selectFrom('recipients')
    .innerJoin('envelopes', (join) => join.onRef('envelopes.tenant', '=', 'recipients.tenant').onRef('envelopes.id', '=', 'recipients.envelope'))
    .select('recipients.person')
    .where('recipients.tenant', '=', tenant)
    .where('envelopes.crm', '=', install)
    .where('recipients.contact', '=', contact)
    .orderBy('recipients.id', 'desc')
    .executeTakeFirst();
  return sentTo?.person ?? null;
}

/** Every contact that a person is, in every account. */
export async function contactsOf(db: Db, tenant: TenantId, person: PersonId): Promise<{ install: InstallId; contact: string }[]> {
  const linked = db.selectFrom('person_records').select(['install', 'contact']).where('tenant', '=', tenant).where('person', '=', person);
  const sentTo = db
    .selectFrom('recipients')
    .innerJoin('envelopes', (join) => join.onRef('envelopes.tenant', '=', 'recipients.tenant').onRef('envelopes.id', '=', 'recipients.envelope'))
    .select(['envelopes.crm as install', 'recipients.contact'])
    .where('recipients.tenant', '=', tenant)
    .where('recipients.person', '=', person)
    .where('recipients.contact', 'is not', null);
  const rows = await linked.union(sentTo.$castTo<{ install: InstallId; contact: string }>()).execute();
  return rows;
}
