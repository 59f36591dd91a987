import { createHmac, randomBytes } from 'node:crypto';
import { createSealer, type Sealer } from '#lib/seal';
import { newId } from '#lib/ids';
import type { PersonId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import { PLACES } from '#store/sealed';
import { eraseTraces } from '#store/traces';

export interface PersonalData {
  name: string;
  email: string;
}

const placeOfData = (tenant: TenantId, person: PersonId) => `${tenant}|recipients|personal|${person}`;

/** A keyed hash, so that the column does not give an address away by trying addresses. */
function hashEmail(sealer: Sealer, tenant: TenantId, email: string): string {
  return createHmac('sha256', sealer.lookupKey).update(`${tenant}|${email.trim().toLowerCase()}`).digest('base64url');
}

/** Who has this address, made known on first sight. */
export async function ensurePerson(tx: Tx, sealer: Sealer, tenant: TenantId, email: string): Promise<{ id: PersonId; key: string }> {
  const emailHash = hashEmail(sealer, tenant, email);
  const fresh = newId('per');
  await tx
    .insertInto('persons')
    .values({ tenant, id: fresh, email_hash: emailHash, key: sealer.seal(randomBytes(32).toString('base64'), PLACES.personKey(tenant, fresh)), erased_at: null })
    .onConflict((conflict) => conflict.columns(['tenant', 'email_hash']).where('email_hash', 'is not', null).doNothing())
    .execute();
  const { id, key } = await tx.selectFrom('persons').select(['id', 'key']).where('tenant', '=', tenant).where('email_hash', '=', emailHash).executeTakeFirstOrThrow();
  return { id, key: key ?? '' };
}

export async function findPersonByEmail(db: Db, sealer: Sealer, tenant: TenantId, email: string): Promise<PersonId | null> {
  const row = await db
    .selectFrom('persons')
    .select('id')
    .where('tenant', '=', tenant)
    .where('email_hash', '=', hashEmail(sealer, tenant, email))
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Seals a person's data under that person's own key: destroying the key makes every copy unreadable. */
export async function sealPersonal(tx: Tx, sealer: Sealer, tenant: TenantId, data: PersonalData): Promise<{ person: PersonId; personal: string }> {
  const { id, key } = await ensurePerson(tx, sealer, tenant, data.email);
  return { person: id, personal: personSealer(sealer, tenant, id, key).seal(JSON.stringify(data), placeOfData(tenant, id)) };
}

/** What seals under a person's own key. */
export function personSealer(sealer: Sealer, tenant: TenantId, person: PersonId, sealedKey: string): Sealer {
  return createSealer(Buffer.from(sealer.open(sealedKey, PLACES.personKey(tenant, person)), 'base64'));
}

/** What was sealed, in the order of `rows`; null for the erased. */
export async function openPersonal(db: Db, sealer: Sealer, tenant: TenantId, rows: readonly { person: PersonId; personal: string | null }[]): Promise<(PersonalData | null)[]> {
  if (rows.length === 0) return [];
  const persons = await db
    .selectFrom('persons')
    .select(['id', 'key'])
    .where('tenant', '=', tenant)
    .where(
      'id',
      'in',
      rows.map((row) => row.person),
    )
    .execute();
  const keys = new Map(persons.map((person) => [person.id, person.key]));
  return rows.map(({ person, personal }) => {
    const key = keys.get(person);
    if (!key || !personal) return null;
    return JSON.parse(personSealer(sealer, tenant, person, key).open(personal, placeOfData(tenant, person))) as PersonalData;
  });
}

/**
 * Erases the people behind a CRM contact: their keys, their recipients' data, and whatever else names them: documents, raw deliveries, what was
 * written or waits. The ledgers name no person and stay whole. Returns how many people were erased.
 */
export async function erasePeople(tx: Tx, sealer: Sealer, tenant: TenantId, contact: string, now: number): Promise<number> {
  const found = await tx.selectFrom('recipients').select(['person', 'personal']).where('tenant', '=', tenant).where('contact', '=', contact).execute();
  const linked = await tx.selectFrom('person_records').select('person').where('tenant', '=', tenant).where('contact', '=', contact).execute();
  const persons = [...new Set([...found, ...linked].map((row) => row.person))];
  const addresses = (await openPersonal(tx, sealer, tenant, found)).flatMap((person) => person?.email ?? []);
  const envelopes =
    persons.length === 0
      ? []
      : await tx
          .selectFrom('envelopes')
          .select(['id', 'sign', 'remote'])
          .where('tenant', '=', tenant)
          .where('id', 'in', tx.selectFrom('recipients').select('envelope').where('tenant', '=', tenant).where('person', 'in', persons))
          .execute();
  await eraseTraces(tx, tenant, { contact, envelopes, addresses });
  if (persons.length === 0) return 0;
  const ids = envelopes.map(({ id }) => id);
  if (ids.length > 0) await tx.updateTable('envelopes').set({ document: '{}', reason: null, updated_at: now }).where('tenant', '=', tenant).where('id', 'in', ids).execute();
  await tx.updateTable('recipients').set({ personal: null }).where('tenant', '=', tenant).where('person', 'in', persons).execute();
  await tx.updateTable('consent_personal').set({ personal: null }).where('tenant', '=', tenant).where('person', 'in', persons).execute();
  await tx.updateTable('persons').set({ key: null, email_hash: null, erased_at: now }).where('tenant', '=', tenant).where('id', 'in', persons).execute();
  return persons.length;
}
