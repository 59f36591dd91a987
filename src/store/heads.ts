import type { Selectable } from 'kysely';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { hashContent } from '#store/ledger';
import type { ChainLink } from '#core/proof';
import type { LedgerName } from '#store/ledger-schema';
import type { HeadTimestampsTable, SignedHeadsTable, SigningKeysTable } from '#store/proof-schema';

export type SignedHead = Selectable<SignedHeadsTable>;
export type SigningKey = Selectable<SigningKeysTable>;
export type HeadTimestamp = Selectable<HeadTimestampsTable>;

const PAGE = 1000;

/** The key in use; none before the first start. */
export async function findSigningKey(db: Db): Promise<SigningKey | undefined> {
  return db.selectFrom('signing_keys').selectAll().where('retired_at', 'is', null).executeTakeFirst();
}

/** Every key, the newest first: old ones verify what they signed. */
export async function listSigningKeys(db: Db): Promise<Omit<SigningKey, 'private_key'>[]> {
  return db.selectFrom('signing_keys').select(['id', 'public_key', 'made_at', 'retired_at']).orderBy('made_at', 'desc').orderBy('id').execute();
}

/** Makes a key the one in use, unless another process was first. */
export async function offerSigningKey(db: Db, key: Omit<SigningKey, 'retired_at'>): Promise<void> {
  await db
    .insertInto('signing_keys')
    .values({ ...key, retired_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function retireSigningKey(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('signing_keys').set({ retired_at: now }).where('id', '=', id).where('retired_at', 'is', null).execute();
}

/** Heads that moved since they were last signed, and were not signed since `before`. The longest unsigned come first. */
export async function headsToSign(db: Db, before: number, limit: number): Promise<{ tenant: TenantId; ledger: LedgerName }[]> {
  return db
    .selectFrom('ledger_heads')
    .select(['ledger_heads.tenant', 'ledger_heads.ledger'])
    .where('ledger_heads.seq', '>', 0)
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom('signed_heads')
            .select('signed_heads.seq')
            .where('signed_heads.tenant', '=', ref('ledger_heads.tenant'))
            .where('signed_heads.ledger', '=', ref('ledger_heads.ledger'))
            .where((signed) => signed.or([signed('signed_heads.seq', '=', ref('ledger_heads.seq')), signed('signed_heads.at', '>', before)])),
        ),
      ),
    )
    .orderBy('ledger_heads.tenant')
    .limit(limit)
    .execute();
}

/** Where a ledger ends now; undefined while it is empty. */
export async function findHead(db: Db, tenant: TenantId, ledger: LedgerName): Promise<{ seq: number; hash: string } | undefined> {
  return db.selectFrom('ledger_heads').select(['seq', 'hash']).where('tenant', '=', tenant).where('ledger', '=', ledger).where('seq', '>', 0).executeTakeFirst();
}

/** Keeps a signed head; a place that was signed with the same key before keeps that signature. Returns the one that is kept. */
export async function putSignedHead(db: Db, tenant: TenantId, head: Omit<SignedHead, 'tenant'>): Promise<SignedHead> {
  await db
    .insertInto('signed_heads')
    .values({ ...head, tenant })
    .onConflict((conflict) => conflict.columns(['tenant', 'ledger', 'seq', 'key']).doNothing())
    .execute();
  return db
    .selectFrom('signed_heads')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('ledger', '=', head.ledger)
    .where('seq', '=', head.seq)
    .where('key', '=', head.key)
    .executeTakeFirstOrThrow();
}

/** The newest signed heads of a ledger, the newest first. */
export async function listSignedHeads(db: Db, tenant: TenantId, ledger: LedgerName, limit: number): Promise<SignedHead[]> {
  return db.selectFrom('signed_heads').selectAll().where('tenant', '=', tenant).where('ledger', '=', ledger).orderBy('seq', 'desc').limit(limit).execute();
}

/** A head that stands at a place or after it and was signed with `key`: one with a time stamp before one without, then the nearest. */
export async function findSignedHead(db: Db, tenant: TenantId, ledger: LedgerName, from: number, key: string): Promise<SignedHead | undefined> {
  const heads = db
    .selectFrom('signed_heads')
    .selectAll('signed_heads')
    .where('signed_heads.tenant', '=', tenant)
    .where('signed_heads.ledger', '=', ledger)
    .where('signed_heads.seq', '>=', from)
    .where('signed_heads.key', '=', key)
    .orderBy('signed_heads.seq')
    .limit(1);
  const stamped = heads.innerJoin('head_timestamps', (join) =>
    join
      .onRef('head_timestamps.tenant', '=', 'signed_heads.tenant')
      .onRef('head_timestamps.ledger', '=', 'signed_heads.ledger')
      .onRef('head_timestamps.seq', '=', 'signed_heads.seq')
      .onRef('head_timestamps.key', '=', 'signed_heads.key'),
  );
  return (await stamped.executeTakeFirst()) ?? (await heads.executeTakeFirst());
}

/** Signed heads that are the newest of their ledger and have no time stamp yet: a stamp of a later head covers the earlier ones. */
export async function headsToStamp(db: Db, limit: number): Promise<SignedHead[]> {
  return db
    .selectFrom('signed_heads')
    .selectAll('signed_heads')
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom('signed_heads as later')
            .select('later.seq')
            .where('later.tenant', '=', ref('signed_heads.tenant'))
            .where('later.ledger', '=', ref('signed_heads.ledger'))
            .whereRef('later.seq', '>', 'signed_heads.seq'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom('head_timestamps')
            .select('head_timestamps.seq')
            .where('head_timestamps.tenant', '=', ref('signed_heads.tenant'))
            .where('head_timestamps.ledger', '=', ref('signed_heads.ledger'))
            .where('head_timestamps.seq', '=', ref('signed_heads.seq'))
            .where('head_timestamps.key', '=', ref('signed_heads.key')),
        ),
      ),
    )
    .orderBy('signed_heads.at')
    .limit(limit)
    .execute();
}

export async function putTimestamp(db: Db, tenant: TenantId, stamp: Omit<HeadTimestamp, 'tenant'>): Promise<void> {
  await db
    .insertInto('head_timestamps')
    .values({ ...stamp, tenant })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** What the authority said of a signed head. */
export async function findTimestamp(db: Db, tenant: TenantId, { ledger, seq, key }: Pick<SignedHead, 'ledger' | 'seq' | 'key'>): Promise<HeadTimestamp | undefined> {
  return db.selectFrom('head_timestamps').selectAll().where('tenant', '=', tenant).where('ledger', '=', ledger).where('seq', '=', seq).where('key', '=', key).executeTakeFirst();
}

/** The links of the consent chain between two places, both included: hashes alone, so they say nothing about anybody. */
export async function consentChain(db: Db, tenant: TenantId, from: number, to: number): Promise<ChainLink[]> {
  const links: ChainLink[] = [];
  for (let seq = from - 1; seq < to;) {
    const page = await db.selectFrom('consents').selectAll().where('tenant', '=', tenant).where('seq', '>', seq).where('seq', '<=', to).orderBy('seq').limit(PAGE).execute();
    for (const row of page) links.push({ seq: row.seq, prev: row.prev, content: hashContent(row), hash: row.hash });
    const last = page.at(-1);
    if (!last) break;
    seq = last.seq;
  }
  return links;
}
