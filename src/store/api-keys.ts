import type { Selectable } from 'kysely';
import { sha256 } from '#lib/hmac';
import { newId, newToken } from '#lib/ids';
import type { ApiKeyId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { ApiCallsTable, ApiKeysTable } from '#store/capture-schema';
import type { Db, Tx } from '#store/database';

export const API_SCOPES = ['consents:write', 'consents:read', 'touchpoints:write'] as const;
export type ApiScope = (typeof API_SCOPES)[number];
export type ApiKey = Omit<Selectable<ApiKeysTable>, 'hash' | 'scopes'> & { scopes: ApiScope[] };
export type ApiCall = Selectable<ApiCallsTable>;

/** Begins every key, so that scanners of leaked secrets know it. */
const PREFIX = 'csk_';
const KEY_BYTES = 32;
const HINT_CHARS = 4;
/** How exactly the last use is known: a write for each request would be one too many. */
const USE_NOTED_MS = 60_000;
/** An answer is remembered for so long. */
export const CALL_KEPT_MS = 24 * 3_600_000;

/** Makes a key. It is given back this once; the database holds its hash. */
export async function makeApiKey(
  tx: Tx,
  tenant: TenantId,
  { name, scopes, by }: { name: string; scopes: readonly ApiScope[]; by: string },
  now: number,
): Promise<{ id: ApiKeyId; key: string }> {
  const key = PREFIX + newToken(KEY_BYTES);
  const id = newId('key', now);
  const row = {
    tenant,
    id,
    name,
    hash: sha256(key),
    hint: key.slice(-HINT_CHARS),
    scopes: JSON.stringify(scopes),
    created_by: by,
    created_at: now,
    used_at: null,
    revoked_at: null,
  };
  await tx.insertInto('api_keys').values(row).execute();
  return { id, key };
}

/** Newest first; those that were withdrawn are among them. */
export async function listApiKeys(db: Db, tenant: TenantId): Promise<ApiKey[]> {
  const rows = await db.selectFrom('api_keys').selectAll().where('tenant', '=', tenant).orderBy('id', 'desc').execute();
  return rows.map(shown);
}

/** @throws Problem `request.not-found` */
export async function revokeApiKey(tx: Tx, tenant: TenantId, id: ApiKeyId, now: number): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no such key, or it is withdrawn already.' });
}

/** The key that a request carries, and whose it is: this is how the API finds its tenant. Undefined for a wrong or withdrawn one. */
export async function findApiKey(db: Db, key: string, now: number): Promise<ApiKey | undefined> {
  if (!key.startsWith(PREFIX)) return undefined;
  const row = await db.selectFrom('api_keys').selectAll().where('hash', '=', sha256(key)).where('revoked_at', 'is', null).executeTakeFirst();
  if (!row) return undefined;
  if (row.used_at === null || row.used_at < now - USE_NOTED_MS)
    await db.updateTable('api_keys').set({ used_at: now }).where('tenant', '=', row.tenant).where('id', '=', row.id).execute();
  return shown(row);
}

/** What an earlier request with this `Idempotency-Key` was answered. */
export async function findApiCall(db: Db, tenant: TenantId, apiKey: ApiKeyId, key: string): Promise<ApiCall | undefined> {
  return db.selectFrom('api_calls').selectAll().where('tenant', '=', tenant).where('api_key', '=', apiKey).where('key', '=', key).executeTakeFirst();
}

/** Remembers an answer; whoever was first stays. */
export async function keepApiCall(db: Db, call: ApiCall): Promise<void> {
  await db
    .insertInto('api_calls')
    .values(call)
    .onConflict((conflict) => conflict.columns(['tenant', 'api_key', 'key']).doNothing())
    .execute();
}

/** Forgets the answers of all tenants that are older than they are kept. Returns how many. */
export async function sweepApiCalls(db: Db, now: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('api_calls')
    .where('at', '<', now - CALL_KEPT_MS)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function shown({ hash, scopes, ...rest }: Selectable<ApiKeysTable>): ApiKey {
  void hash;
  return { ...rest, scopes: JSON.parse(scopes) as ApiScope[] };
}
