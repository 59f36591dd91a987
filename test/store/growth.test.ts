import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { Kysely, type CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '#store/database';
import type { Database } from '#store/schema';
import { sqliteDialect } from '#store/sqlite';
import { COUNTED_TO, countEnvelopes, listEffects, listEnvelopes, listNotices, LOOKED_THROUGH } from '#store/view';
import { looksAt } from '../bench/looks.ts';
import { fillPast } from '../bench/past.ts';
import type { Seeded } from '../bench/seed.ts';

const ENVELOPES = LOOKED_THROUGH + 2_000;
const SOME = { limit: 10 };
/** Tables of which a tenant has more each day. */
const GROWING = /\b(deliveries|inbox|facts|receipts|envelopes|recipients|persons|outbox)\b/;
/** Steps that go through all of a table, or all of a tenant's part of it. */
const ALL = /^SCAN|\((tenant=\? AND id[<>]\?|tenant=\?)\)$/;
/** These go through a tenant's rows in the order of their ids until a page is full, or until they have looked at enough. */
const WALKS = [
  ...['list of envelopes', 'list of notices', 'list of effects', 'closed envelopes, a page', 'a pass of upkeep'],
  ...['search of envelopes, a name', 'search of envelopes, nothing found', 'list of notices, a state of none'],
  ...['list of effects, a state of none', 'list of effects, a kind of none'],
];

let folder: string;
let db: Db;
let seeded: Seeded;
let asked: CompiledQuery[] = [];
let looks: Record<string, () => Promise<unknown>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-growth-'));
  const path = join(folder, 'growth.db');
  seeded = await fillPast(path, ENVELOPES);
  db = new Kysely<Database>({ dialect: sqliteDialect(path), log: ({ query }) => void asked.push(query) });
  looks = await looksAt(db, seeded);
}, 120_000);
afterAll(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** What SQLite would do for each statement that a look asked. */
async function planOf(look: () => Promise<unknown>): Promise<{ sql: string; steps: string[] }[]> {
  asked = [];
  await look();
  const database = new SQLite(join(folder, 'growth.db'), { readonly: true });
  try {
    return asked
      .filter(({ sql }) => /^(select|update|delete)/.test(sql))
      .map(({ sql, parameters }) => ({
        sql,
        steps: database
          .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
          .all(...parameters)
          .map(({ detail }) => detail),
      }));
  } finally {
    database.close();
  }
}

/** Partial indexes hold what waits alone: to go through one of them is to go through what it is for. */
const isWaiting = (step: string) => /USING (COVERING )?INDEX (\w+_(ready|due|line|leased|held|parked|dead|faulty|untold))\b/.test(step);

describe('no look gets slower with what was', () => {
  it('but for lists, which end when a page is full', async () => {
    const through: string[] = [];
    for (const [name, look] of Object.entries(looks)) {
      if (WALKS.includes(name)) continue;
      for (const { sql, steps } of await planOf(look))
        for (const step of steps) if (ALL.test(step) && GROWING.test(step) && !isWaiting(step)) through.push(`${name}: ${step}\n  ${sql}`);
    }
    expect(through).toEqual([]);
  });

  it('and lists sort nothing', async () => {
    for (const name of WALKS) {
      if (name === 'a pass of upkeep') continue;
      const steps = (await planOf(looks[name] ?? (() => Promise.reject(new Error(name))))).filter(({ sql }) => !/recipients/.test(sql)).flatMap((plan) => plan.steps);
      expect(
        steps.filter((step) => /TEMP B-TREE/.test(step)),
        name,
      ).toEqual([]);
    }
  });
});

describe('a look that no index serves', () => {
  it('goes through a bounded part, and its next page goes on from there', async () => {
    const { tenant } = seeded;
    const oldest = await db.selectFrom('envelopes').select(['id', 'deal_name']).where('tenant', '=', tenant).orderBy('id').limit(1).executeTakeFirstOrThrow();
    const first = await listEnvelopes(db, tenant, { text: oldest.deal_name.toUpperCase() }, SOME);
    expect(first.rows.map(({ id }) => id)).not.toContain(oldest.id);
    const second = await listEnvelopes(db, tenant, { text: oldest.deal_name.toUpperCase() }, { ...SOME, after: first.next ?? '' });
    expect(second.rows.map(({ id }) => id)).toContain(oldest.id);
    expect(second.next).toBe(null);
  });

  it('finds each row once, in order', async () => {
    const { tenant } = seeded;
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await listEnvelopes(db, tenant, { status: 'sent', text: 'deal 1' }, { limit: 200, after });
      found.push(...page.rows.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after);
    const all = await db
      .selectFrom('envelopes')
      .select('id')
      .where('tenant', '=', tenant)
      .where('status', '=', 'sent')
      .where('deal_name', 'like', '%Deal 1%')
      .orderBy('id', 'desc')
      .execute();
    expect(found).toEqual(all.map(({ id }) => id));
    expect(found.length).toBeGreaterThan(100);
  });

  it('of notices and effects too', async () => {
    const { tenant } = seeded;
    const notice = await db.selectFrom('inbox').select('id').where('tenant', '=', tenant).orderBy('id').limit(1).executeTakeFirstOrThrow();
    const effect = await db.selectFrom('outbox').select('id').where('tenant', '=', tenant).orderBy('id').limit(1).executeTakeFirstOrThrow();
    await db.updateTable('inbox').set({ state: 'noted' }).where('id', '=', notice.id).execute();
    await db.updateTable('outbox').set({ state: 'cancelled' }).where('id', '=', effect.id).execute();
    const notices = await listNotices(db, tenant, { state: 'noted' }, SOME);
    expect(notices.rows).toEqual([]);
    expect((await listNotices(db, tenant, { state: 'noted' }, { ...SOME, after: notices.next ?? '' })).rows).toMatchObject([{ id: notice.id }]);
    const effects = await listEffects(db, tenant, { state: 'cancelled' }, SOME);
    expect(effects.rows).toEqual([]);
    expect((await listEffects(db, tenant, { state: 'cancelled' }, { ...SOME, after: effects.next ?? '' })).rows).toMatchObject([{ id: effect.id }]);
  });
});

it('an id finds what it names, however old', async () => {
  const { tenant } = seeded;
  const envelope = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).orderBy('id').limit(1).offset(1).executeTakeFirstOrThrow();
  for (const text of [envelope.id, envelope.deal, envelope.remote ?? '', envelope.correlation])
    expect((await listEnvelopes(db, tenant, { text }, SOME)).rows, text).toMatchObject([{ id: envelope.id }]);
  const effect = await db.selectFrom('outbox').selectAll().where('tenant', '=', tenant).where('envelope', '=', envelope.id).executeTakeFirstOrThrow();
  for (const text of [effect.id, envelope.deal, envelope.id, envelope.correlation])
    expect((await listEffects(db, tenant, { text }, SOME)).rows, text).toMatchObject([{ id: effect.id }]);
  const notice = await db.selectFrom('inbox').selectAll().where('tenant', '=', tenant).where('correlation', '=', envelope.correlation).executeTakeFirstOrThrow();
  for (const text of [notice.id, notice.key, envelope.correlation]) expect((await listNotices(db, tenant, { text }, SOME)).rows, text).toMatchObject([{ id: notice.id }]);
});

it('what waits is listed from the newest, page by page', async () => {
  const { tenant } = seeded;
  const newest = await db.selectFrom('outbox').select('id').where('tenant', '=', tenant).orderBy('id', 'desc').limit(15).execute();
  const ids = newest.map(({ id }) => id);
  await db.updateTable('outbox').set({ state: 'held' }).where('id', 'in', ids).execute();
  const first = await listEffects(db, tenant, { state: 'held' }, SOME);
  const second = await listEffects(db, tenant, { state: 'held' }, { ...SOME, after: first.next ?? '' });
  expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual(ids);
  expect(second.next).toBe(null);
});

it('counts stop where they are many', async () => {
  expect((await countEnvelopes(db, seeded.tenant)).completed).toBe(COUNTED_TO + 1);
  expect((await countEnvelopes(db, seeded.tenant)).sent).toBeLessThanOrEqual(COUNTED_TO);
});
