import { inSizes } from '#lib/group';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import type { TenantId } from '#core/ids';
import { isPostgres, type Db, type Tx } from '#store/database';
import type { LedgerName, LedgerRows as Rows } from '#store/ledger-schema';

/** A ledger row before it has its place in the chain. */
export type Entry<Name extends LedgerName> = Omit<Rows[Name], 'tenant' | 'seq' | 'prev' | 'hash'>;

export const GENESIS = '0'.repeat(64);
const PAGE = 1000;
/** SQLite takes at most 32,766 parameters in one statement; an entry has up to 28. Few sizes, since a statement is kept for each. */
const ROWS_A_STATEMENT = [500, 64, 16, 4, 2, 1];

/** SHA-256 of what a row says: its canonical JSON, every column but the two hashes that chain it. */
export function hashContent(row: object): string {
  return sha256(canonicalJson({ ...row, prev: undefined, hash: undefined }));
}

/** The hash of a row: SHA-256 of the two hashes behind it, as text. So a proof shows the rows of one person, and of the rows between only what they hash to. */
export function hashEntry(row: { prev: string }): string {
  return sha256(row.prev + hashContent(row));
}

/** Takes the tenant's place in line: whoever holds it is alone in appending to this ledger until the transaction ends. */
export async function lockLedger(tx: Tx, tenant: TenantId, ledger: LedgerName): Promise<{ seq: number; hash: string }> {
  const head = tx.selectFrom('ledger_heads').select(['seq', 'hash']).where('tenant', '=', tenant).where('ledger', '=', ledger);
  const held = isPostgres(tx) ? head.forUpdate() : head;
  const found = await held.executeTakeFirst();
  if (found) return found;
  await tx
    .insertInto('ledger_heads')
    .values({ tenant, ledger, seq: 0, hash: GENESIS })
    .onConflict((conflict) => conflict.columns(['tenant', 'ledger']).doNothing())
    .execute();
  return held.executeTakeFirstOrThrow();
}

/** A ledger whose line is ours until the transaction ends. */
export interface OpenLedger<Name extends LedgerName> {
  /** Gives an entry its place in the chain. It is there once it is written. */
  add(entry: Entry<Name>): Rows[Name];
  /** Writes what was added since it was last called. */
  write(): Promise<void>;
}

/** Takes the line of a tenant's ledger. What is added is written together: a statement for each entry and two for the head were a fifth of those that settled a notice. */
export async function openLedger<Name extends LedgerName>(tx: Tx, tenant: TenantId, ledger: Name): Promise<OpenLedger<Name>> {
  const { seq, hash } = await lockLedger(tx, tenant, ledger);
  const head = { seq, hash };
  let added: Rows[Name][] = [];
  return {
    add(entry) {
      const row = { ...entry, tenant, seq: head.seq + 1, prev: head.hash, hash: '' };
      row.hash = hashEntry(row);
      head.seq = row.seq;
      head.hash = row.hash;
      const placed = row as unknown as Rows[Name];
      added.push(placed);
      return placed;
    },
    async write() {
      if (added.length === 0) return;
      const [rows, name]: [Rows[Name][], LedgerName] = [added, ledger];
      added = [];
      for (const some of inSizes(rows, ROWS_A_STATEMENT)) await tx.insertInto(name).values(some).execute();
      await tx.updateTable('ledger_heads').set(head).where('tenant', '=', tenant).where('ledger', '=', ledger).execute();
    },
  };
}

/** Appends rows to a tenant's ledger, chained by hash, in their order. Returns them with their places. */
export async function append<Name extends LedgerName>(tx: Tx, tenant: TenantId, ledger: Name, entries: readonly Entry<Name>[]): Promise<Rows[Name][]> {
  if (entries.length === 0) return [];
  const open = await openLedger(tx, tenant, ledger);
  const rows = entries.map((entry) => open.add(entry));
  await open.write();
  return rows;
}

export type LedgerCheck = { ok: true; entries: number; head: string } | { ok: false; seq: number; say: string };

/** Recomputes every hash of a tenant's ledger and compares it with its head. `progress` is called with each page's last place. */
export async function verifyLedger(db: Db, tenant: TenantId, ledger: LedgerName, progress: (seq: number) => void = () => undefined): Promise<LedgerCheck> {
  let prev = GENESIS;
  let seq = 0;
  let named = -1;
  for (;;) {
    const page = await db.selectFrom(ledger).selectAll().where('tenant', '=', tenant).where('seq', '>', seq).orderBy('seq').limit(PAGE).execute();
    for (const row of page) {
      const fault = faultOf(row, { seq: seq + 1, prev });
      if (fault !== null) return { ok: false, seq: Math.min(row.seq, seq + 1), say: fault };
      seq = row.seq;
      prev = row.hash;
    }
    if (page.length === PAGE) {
      progress(seq);
      continue;
    }
    const head = await db.selectFrom('ledger_heads').select(['seq', 'hash']).where('tenant', '=', tenant).where('ledger', '=', ledger).executeTakeFirst();
    const { seq: last, hash } = head ?? { seq: 0, hash: GENESIS };
    if (last === seq && hash === prev) return { ok: true, entries: seq, head: prev };
    // A head that is further on was moved while we read, so that there are entries by now; the same head twice names what is not there.
    if (last <= seq || last === named) return { ok: false, seq: seq + 1, say: `The ledger ends at entry ${seq}, its head names entry ${last}.` };
    named = last;
  }
}

function faultOf(row: { seq: number; prev: string; hash: string }, expected: { seq: number; prev: string }): string | null {
  if (row.seq !== expected.seq) return `Entry ${expected.seq} is missing.`;
  if (row.prev !== expected.prev) return `Entry ${row.seq} does not follow from the one before it.`;
  return row.hash === hashEntry(row) ? null : `Entry ${row.seq} was changed after it was written.`;
}
