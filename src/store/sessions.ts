import { sha256 } from '#lib/hmac';
import { newToken } from '#lib/ids';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { claimSetting, findSetting } from '#store/settings';

export const SESSION_MS = 12 * 3_600_000;

/** Whom a session stands for: one tenant, or (null) an operator, who sees every tenant. */
export interface Session {
  tenant: TenantId | null;
  expiresAt: number;
}

/** Makes a link for one sign-in; only its hash is kept. The page is `/enter/<token>`. */
export async function issueLink(db: Db, link: { tenant: TenantId | null; ttlMs: number; now: number }): Promise<string> {
  const token = newToken();
  await db
    .insertInto('links')
    .values({ token_hash: sha256(token), tenant: link.tenant, expires_at: link.now + link.ttlMs, used_at: null })
    .execute();
  return token;
}

/** Whether a link would still open a session. Looking does not use it up. */
export async function isLinkGood(db: Db, token: string, now: number): Promise<boolean> {
  const link = await db
    .selectFrom('links')
    .select('token_hash')
    .where('token_hash', '=', sha256(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return link !== undefined;
}

/** Uses a link up: of any number of simultaneous calls, one gets the session's cookie, the others null. */
export async function consumeLink(db: Db, token: string, now: number): Promise<{ cookie: string } | null> {
  const link = await db
    .updateTable('links')
    .set({ used_at: now })
    .where('token_hash', '=', sha256(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('tenant')
    .executeTakeFirst();
  return link ? openSession(db, link.tenant, now) : null;
}

/** Opens a session of 12 hours. `cookie` is the value of the session cookie: 256 random bits, kept here as a hash alone. */
export async function openSession(db: Db, tenant: TenantId | null, now: number): Promise<{ cookie: string }> {
  const cookie = newToken();
  await db
    .insertInto('sessions')
    .values({ token_hash: sha256(cookie), tenant, created_at: now, expires_at: now + SESSION_MS })
    .execute();
  await claimSetting(db, 'entered', 'yes');
  return { cookie };
}

/** Whether any session was ever opened, ended ones too. */
export async function wasEntered(db: Db): Promise<boolean> {
  return (await findSetting(db, 'entered')) !== undefined;
}

export async function findSession(db: Db, cookie: string, now: number): Promise<Session | undefined> {
  const row = await db.selectFrom('sessions').select(['tenant', 'expires_at']).where('token_hash', '=', sha256(cookie)).where('expires_at', '>', now).executeTakeFirst();
  return row && { tenant: row.tenant, expiresAt: row.expires_at };
}

export async function closeSession(db: Db, cookie: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', sha256(cookie)).execute();
}

/** Forgets what has expired. For the schedule; nothing depends on it. */
export async function sweepSessions(db: Db, now: number): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
  await db.deleteFrom('links').where('expires_at', '<=', now).execute();
}
