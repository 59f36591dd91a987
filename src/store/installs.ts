import type { Insertable, Selectable, Updateable } from 'kysely';
import { newId, newToken } from '#lib/ids';
import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { InstallId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import { endOf, readWhen, type When } from '#store/leases';
import type { InstallsTable, OauthStatesTable } from '#store/schema';

export type Install = Selectable<InstallsTable>;
/** How long one process may take for a refresh before another tries. */
export const REFRESH_LEASE_MS = 30_000;
/** Sign-ins at vendors that may be under way at a time, over all tenants. */
export const MOST_SIGN_INS = 10_000;

export async function createTenant(db: Db, name: string, now: number): Promise<TenantId> {
  const id = newId('ten', now);
  await db.insertInto('tenants').values({ id, name, created_at: now }).execute();
  return id;
}

export async function listTenants(db: Db): Promise<{ id: TenantId; name: string }[]> {
  return db.selectFrom('tenants').select(['id', 'name']).orderBy('name').execute();
}

/** The install of an account, whichever tenant's it is: how a webhook finds its tenant. */
export async function findInstallByAccount(db: Db, vendor: string, account: string): Promise<Install | undefined> {
  return db.selectFrom('installs').selectAll().where('vendor', '=', vendor).where('account', '=', account).executeTakeFirst();
}

/** The install with this webhook address. */
export async function findInstallByHook(db: Db, vendor: string, hook: string): Promise<Install | undefined> {
  return db.selectFrom('installs').selectAll().where('vendor', '=', vendor).where('hook', '=', hook).executeTakeFirst();
}

export async function listInstalls(db: Db, tenant: TenantId): Promise<Install[]> {
  return db.selectFrom('installs').selectAll().where('tenant', '=', tenant).orderBy('created_at').execute();
}

/** @throws Problem `install.absent` */
export async function getInstall(db: Db, tenant: TenantId, id: InstallId): Promise<Install> {
  const install = await db.selectFrom('installs').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!install) throw new Problem('install.absent');
  return install;
}

/** Others work with the account too. */
const DAY_SHARE_PERCENT = 25;

export interface NewInstall {
  vendor: string;
  account: string;
  name: string;
  environment: 'live' | 'test';
  baseUrl: string;
  details: string;
  scopes: string[];
  expiresAt: number;
}

/** A first install, or a re-install of the same account, which keeps its id, its history and its webhook address. */
export async function putInstall(tx: Tx, tenant: TenantId, install: NewInstall, seal: (id: InstallId) => string, now: number): Promise<Install> {
  const known = await findInstallByAccount(tx, install.vendor, install.account);
  if (known && known.tenant !== tenant) throw new Problem('request.forbidden', { say: 'That account is already connected for another tenant.' });
  const id = known?.id ?? newId('ins', now);
  const values = {
    name: install.name,
    environment: install.environment,
    base_url: install.baseUrl,
    details: install.details,
    scopes: JSON.stringify(install.scopes),
    state: 'active' as const,
    reason: null,
    tokens: seal(id),
    expires_at: install.expiresAt,
    refresh_until: 0,
    granted_at: now,
    updated_at: now,
    last_ok_at: now,
  };
  if (known) {
    await tx.updateTable('installs').set(values).where('tenant', '=', tenant).where('id', '=', id).execute();
  } else {
    const row: Insertable<InstallsTable> = {
      ...values,
      id,
      tenant,
      vendor: install.vendor,
      account: install.account,
      hook: newToken(24),
      webhook_keys: null,
      send_allowed: 0,
      day_share: DAY_SHARE_PERCENT,
      day_use: null,
      budgets: null,
      listening: 0,
      created_at: now,
    };
    await tx.insertInto('installs').values(row).execute();
    await tx.insertInto('lanes').values({ install: id, tenant, next_at: 0, lease_until: 0, served_at: 0, epoch: 0 }).execute();
  }
  return getInstall(tx, tenant, id);
}

export async function updateInstall(db: Db, tenant: TenantId, id: InstallId, set: Updateable<InstallsTable>): Promise<void> {
  await db.updateTable('installs').set(set).where('tenant', '=', tenant).where('id', '=', id).execute();
}

/** Changes an install in one of these states as long as its grant is the one that was seen: what is known of an old grant says nothing of a new one. False otherwise. */
export async function updateGranted(
  db: Db,
  tenant: TenantId,
  seen: Pick<Install, 'id' | 'granted_at'>,
  set: Updateable<InstallsTable>,
  states: readonly Install['state'][] = ['active'],
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('installs')
    .set(set)
    .where('tenant', '=', tenant)
    .where('id', '=', seen.id)
    .where('granted_at', '=', seen.granted_at)
    .where('state', 'in', states)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Claims the right to refresh an install's tokens as they were seen, across processes. False while another has it, and where another has refreshed
 * them since: a refresh token that is used twice is withdrawn by some vendors.
 */
export async function claimRefresh(db: Db, tenant: TenantId, seen: Pick<Install, 'id' | 'tokens'>, when: When): Promise<boolean> {
  const { lease } = readWhen(when);
  const { numUpdatedRows } = await db
    .updateTable('installs')
    .set({ refresh_until: endOf(lease, REFRESH_LEASE_MS) })
    .where('tenant', '=', tenant)
    .where('id', '=', seen.id)
    .where('tokens', '=', seen.tokens)
    .where('refresh_until', '<', lease)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Keeps a sign-in that begins. Whoever asks may begin one, so that only so many are kept at a time. @throws Problem `store.busy` */
export async function putOauthState(db: Db, state: string, row: Omit<OauthStatesTable, 'state_hash'>, now: number): Promise<void> {
  await db.deleteFrom('oauth_states').where('expires_at', '<', now).execute();
  const { waiting } = await db
    .selectFrom('oauth_states')
    .select(({ fn }) => fn.countAll<number>().as('waiting'))
    .executeTakeFirstOrThrow();
  if (waiting >= MOST_SIGN_INS) throw new Problem('store.busy', { say: 'Too many sign-ins are under way on this server. Try again in a quarter of an hour.' });
  await db
    .insertInto('oauth_states')
    .values({ ...row, state_hash: sha256(state) })
    .execute();
}

/** A state is good once. */
export async function takeOauthState(db: Db, state: string): Promise<Selectable<OauthStatesTable> | undefined> {
  return db.deleteFrom('oauth_states').where('state_hash', '=', sha256(state)).returningAll().executeTakeFirst();
}
