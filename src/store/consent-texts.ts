import type { Selectable } from 'kysely';
import { newId } from '#lib/ids';
import { hashWording, normalizeWording } from '#core/consent-text';
import type { ConsentChannel, ConsentType } from '#core/consent';
import type { ConsentTextId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Db, Tx } from '#store/database';
import type { ConsentTextsTable } from '#store/consent-schema';

export type ConsentText = Selectable<ConsentTextsTable>;
/** A wording before it is published. */
export interface NewText {
  name: string;
  type: ConsentType;
  purpose: string | null;
  channel: ConsentChannel | null;
  locale: string;
  jurisdiction: string | null;
  title: string;
  wording: string;
  /** From when it may be shown, milliseconds since the epoch. */
  validFrom: number;
}

/**
 * Publishes a wording as the next version of its name and locale; the newest version's own words change nothing and give that version back.
 * @throws Problem `request.malformed` where a version would change what its name is about
 */
export async function publishText(tx: Tx, tenant: TenantId, text: NewText, by: string, now: number): Promise<ConsentText> {
  const versions = await tx.selectFrom('consent_texts').selectAll().where('tenant', '=', tenant).where('name', '=', text.name).orderBy('version', 'desc').execute();
  const newest = versions.find(({ locale }) => locale === text.locale);
  const other = versions.find((one) => one.type !== text.type || one.purpose !== text.purpose || one.channel !== text.channel);
  if (other)
    throw new Problem('request.malformed', {
      say: `"${text.name}" is about ${[other.type, other.purpose, other.channel].filter(Boolean).join(', ')} already. Give a text about something else another name.`,
    });
  const hash = hashWording(text.wording);
  const { validFrom, ...rest } = text;
  if (newest?.hash === hash && newest.title === text.title && newest.jurisdiction === text.jurisdiction) return newest;
  const row = {
    ...rest,
    tenant,
    id: newId('ctx', now),
    version: (newest?.version ?? 0) + 1,
    wording: normalizeWording(text.wording),
    hash,
    valid_from: validFrom,
    published_at: now,
    published_by: by,
  };
  await tx.insertInto('consent_texts').values(row).execute();
  return row;
}

/** Every version, by name, locale and version. */
export async function listTexts(db: Db, tenant: TenantId): Promise<ConsentText[]> {
  return db.selectFrom('consent_texts').selectAll().where('tenant', '=', tenant).orderBy('name').orderBy('locale').orderBy('version').execute();
}

export async function findText(db: Db, tenant: TenantId, id: ConsentTextId): Promise<ConsentText | undefined> {
  return db.selectFrom('consent_texts').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
}

/** The version that may be shown now: the newest that is valid, in the locale asked for, else in its language alone, else in the first locale that was published. */
export async function currentText(db: Db, tenant: TenantId, name: string, locale: string, now: number): Promise<ConsentText | undefined> {
  const valid = await db
    .selectFrom('consent_texts')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('name', '=', name)
    .where('valid_from', '<=', now)
    .orderBy('version', 'desc')
    .execute();
  const [language] = locale.split('-');
  const first = [...valid].sort((a, b) => a.published_at - b.published_at || (a.id < b.id ? -1 : 1))[0]?.locale;
  return [locale, language, first].map((wanted) => valid.find((text) => text.locale === wanted)).find((text) => text !== undefined);
}
