import type { Selectable } from 'kysely';
import { sha256 } from '#lib/hmac';
import type { ConsentTextId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { CapturePagesTable, CaptureRenderingsTable } from '#store/capture-schema';
import type { Db, Tx } from '#store/database';

export type CapturePageVersion = Selectable<CapturePagesTable>;
export type CaptureRendering = Selectable<CaptureRenderingsTable>;
/** A page as the list shows it. */
export interface CapturePageRow {
  slug: string;
  version: number;
  open: boolean;
  changedAt: number;
  /** Posts so far, and those that the CRM has taken. */
  posts: number;
  taken: number;
}

/** Stores a text as the next version and shows it; the shown version's own text changes nothing. */
export async function putCapturePage(
  tx: Tx,
  tenant: TenantId,
  page: { slug: string; text: string; note: string; by: string },
  now: number,
): Promise<{ version: number; fresh: boolean }> {
  const hash = sha256(page.text);
  const [newest] = await listCaptureVersions(tx, tenant, page.slug);
  if (newest?.hash === hash) {
    await showCapturePage(tx, tenant, page.slug, { version: newest.version, open: true }, now);
    return { version: newest.version, fresh: false };
  }
  const version = (newest?.version ?? 0) + 1;
  await tx.insertInto('capture_pages').values({ tenant, slug: page.slug, version, text: page.text, hash, note: page.note, created_by: page.by, created_at: now }).execute();
  await showCapturePage(tx, tenant, page.slug, { version, open: true }, now);
  return { version, fresh: true };
}

/** Which version is shown, and whether the page answers at all. */
export async function showCapturePage(tx: Tx, tenant: TenantId, slug: string, { version, open }: { version: number; open: boolean }, now: number): Promise<void> {
  const state = { version, open: open ? (1 as const) : (0 as const), updated_at: now };
  await tx
    .insertInto('capture_states')
    .values({ tenant, slug, ...state })
    .onConflict((conflict) => conflict.columns(['tenant', 'slug']).doUpdateSet(state))
    .execute();
}

/** Newest first. */
export async function listCaptureVersions(db: Db, tenant: TenantId, slug: string): Promise<CapturePageVersion[]> {
  return db.selectFrom('capture_pages').selectAll().where('tenant', '=', tenant).where('slug', '=', slug).orderBy('version', 'desc').execute();
}

/** A version of a page, whether shown or not. @throws Problem `request.not-found` */
export async function getCaptureVersion(db: Db, tenant: TenantId, slug: string, version: number): Promise<CapturePageVersion> {
  const row = await db.selectFrom('capture_pages').selectAll().where('tenant', '=', tenant).where('slug', '=', slug).where('version', '=', version).executeTakeFirst();
  if (!row) throw new Problem('request.not-found', { say: 'There is no such version of the page.' });
  return row;
}

/** The version that is shown; undefined where there is no such page or it is closed. */
export async function findShownPage(db: Db, tenant: TenantId, slug: string): Promise<CapturePageVersion | undefined> {
  return db
    .selectFrom('capture_states')
    .innerJoin('capture_pages', (join) =>
      join
        .onRef('capture_pages.tenant', '=', 'capture_states.tenant')
        .onRef('capture_pages.slug', '=', 'capture_states.slug')
        .onRef('capture_pages.version', '=', 'capture_states.version'),
    )
    .selectAll('capture_pages')
    .where('capture_states.tenant', '=', tenant)
    .where('capture_states.slug', '=', slug)
    .where('capture_states.open', '=', 1)
    .executeTakeFirst();
}

export async function listCapturePages(db: Db, tenant: TenantId): Promise<CapturePageRow[]> {
  const states = await db.selectFrom('capture_states').selectAll().where('tenant', '=', tenant).orderBy('slug').execute();
  const counts = await db
    .selectFrom('capture_posts')
    .select((one) => ['slug', one.fn.countAll<number>().as('posts'), one.fn.count<number>('done_at').as('taken')])
    .where('tenant', '=', tenant)
    .groupBy('slug')
    .execute();
  const counted = new Map(counts.map((row) => [row.slug, row]));
  return states.map(({ slug, version, open, updated_at }) => {
    const { posts = 0, taken = 0 } = counted.get(slug) ?? {};
    return { slug, version, open: open === 1, changedAt: updated_at, posts: Number(posts), taken: Number(taken) };
  });
}

/** Keeps what visitors are shown, once for each form that it has. */
export async function keepRendering(
  db: Db,
  tenant: TenantId,
  rendering: { hash: string; slug: string; version: number; locale: string; texts: readonly ConsentTextId[]; html: string },
  now: number,
): Promise<void> {
  const row = { ...rendering, tenant, texts: JSON.stringify(rendering.texts), first_shown_at: now };
  await db
    .insertInto('capture_renderings')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant', 'hash']).doNothing())
    .execute();
}

/** The consent part of a page as it was shown, by the SHA-256 of its bytes. */
export async function findRendering(db: Db, tenant: TenantId, hash: string): Promise<CaptureRendering | undefined> {
  return db.selectFrom('capture_renderings').selectAll().where('tenant', '=', tenant).where('hash', '=', hash).executeTakeFirst();
}
