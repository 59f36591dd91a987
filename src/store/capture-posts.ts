import type { Selectable } from 'kysely';
import type { Answers } from '#core/capture-answers';
import type { CaptureId, Correlation, InstallId, PersonId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Sealer } from '#lib/seal';
import type { CapturePostsTable } from '#store/capture-schema';
import type { Db, Tx } from '#store/database';
import { personSealer } from '#store/people';

export type CapturePost = Selectable<CapturePostsTable>;
export interface NewPost {
  id: CaptureId;
  slug: string;
  version: number;
  locale: string;
  person: { id: PersonId; key: string };
  answers: Answers;
  install: InstallId;
  correlation: Correlation;
}

const placeOf = (tenant: TenantId, post: CaptureId) => `${tenant}|capture_posts|personal|${post}`;

/** Keeps a post, its answers sealed under the person's key. False where it is here already. */
export async function putPost(tx: Tx, sealer: Sealer, tenant: TenantId, { person, answers, ...post }: NewPost, now: number): Promise<boolean> {
  const personal = personSealer(sealer, tenant, person.id, person.key).seal(JSON.stringify(answers), placeOf(tenant, post.id));
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('capture_posts')
    .values({ ...post, tenant, person: person.id, personal, posted_at: now, contact: null, deal: null, created: null, done_at: null })
    .onConflict((conflict) => conflict.columns(['tenant', 'id']).doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function findPost(db: Db, tenant: TenantId, id: CaptureId): Promise<CapturePost | undefined> {
  return db.selectFrom('capture_posts').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
}

/** What was answered; null once the person was erased. @throws Problem `request.not-found` */
export async function openPost(db: Db, sealer: Sealer, tenant: TenantId, id: CaptureId): Promise<{ post: CapturePost; answers: Answers | null }> {
  const post = await findPost(db, tenant, id);
  if (!post) throw new Problem('request.not-found', { say: 'There is no such post.' });
  const person = await db.selectFrom('persons').select('key').where('tenant', '=', tenant).where('id', '=', post.person).executeTakeFirst();
  if (!person?.key) return { post, answers: null };
  return { post, answers: JSON.parse(personSealer(sealer, tenant, post.person, person.key).open(post.personal, placeOf(tenant, id))) as Answers };
}

/** Notes what the CRM made of a post. */
export async function settlePost(tx: Tx, tenant: TenantId, id: CaptureId, done: { contact: string; deal: string | null; created: boolean }, now: number): Promise<void> {
  const created = done.created ? (1 as const) : (0 as const);
  await tx.updateTable('capture_posts').set({ contact: done.contact, deal: done.deal, created, done_at: now }).where('tenant', '=', tenant).where('id', '=', id).execute();
}
