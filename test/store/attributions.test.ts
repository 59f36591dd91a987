import { CompiledQuery } from 'kysely';
import { expect, it } from 'vitest';
import { chainUntil, corrected, type FrozenAttribution } from '#core/frozen-attribution';
import type { EnvelopeId, TenantId } from '#core/ids';
import { appendCorrection, getAttribution, listAttributions, listFrozen, type Point } from '#store/attributions';
import type { Db } from '#store/database';
import { append, verifyLedger } from '#store/ledger';
import { eachDatabase } from './databases.ts';
import { attributionEntry, freezePoint, NOW } from './fixtures.ts';

const TENANT: TenantId = 'ten_a';
const ENVELOPE: EnvelopeId = 'env_a';
const content = (source: string): FrozenAttribution => ({
  ...chainUntil([{ id: 'tch_1', place: 1, via: 'capture', at: NOW - 5, source }], NOW),
  names: { first_source: source },
  value: { minor: 4_800_000, currency: 'EUR' },
  deal: '9',
  rule: 'contract',
  template: 'Contract',
  owner: null,
  recipients: 1,
});
const freeze = (db: Db, point: Point, source: string) =>
  db.transaction().execute((tx) => freezePoint(tx, TENANT, { envelope: ENVELOPE, point, at: NOW, data: content(source), why: 'A test.' }, NOW));

eachDatabase((_name, open) => {
  it('each point is frozen once, whoever asks how often', async () => {
    const database = await open();
    const { db } = database;
    const rows = await Promise.all(database.peers(4).map((peer, index) => freeze(peer, 'sent', `source ${index}`)));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    await freeze(db, 'signed', 'mail');
    await freeze(db, 'signed', 'another');
    expect((await listAttributions(db, TENANT, ENVELOPE)).map(({ point, data }) => [point, data.names.first_source])).toEqual([
      ['sent', rows[0]?.data.names.first_source],
      ['signed', 'mail'],
    ]);
    const again = db.transaction().execute((tx) => append(tx, TENANT, 'attributions', [attributionEntry({ envelope: ENVELOPE, point: 'signed' })]));
    await expect(again).rejects.toThrow(/unique/i);
  });

  it('a correction is a row more, and the row that it corrects is what it was', async () => {
    const { db } = await open();
    const row = await freeze(db, 'sent', 'mail');
    const before = await db.selectFrom('attributions').selectAll().execute();
    const data = corrected(row.data, { first: { at: NOW - 9, source: 'fair' } });
    const made = await db.transaction().execute((tx) => appendCorrection(tx, TENANT, row, data, { by: 'operator', why: 'The badge was scanned at the fair.' }, NOW));
    expect(made).toMatchObject({ corrects: row.id, envelope: ENVELOPE, point: 'sent', by: 'operator', data: { first: { source: 'fair', via: 'correction', id: null } } });
    expect(await getAttribution(db, TENANT, row.id)).toEqual(row);
    expect([...(await listFrozen(db, TENANT, ENVELOPE))]).toEqual([['sent', row]]);
    expect((await db.selectFrom('attributions').selectAll().orderBy('seq').execute()).slice(0, 1)).toEqual(before);
    expect(await verifyLedger(db, TENANT, 'attributions')).toMatchObject({ ok: true, entries: 2 });
  });

  it.each(["update attributions set data = '{}'", 'delete from attributions', "update touches set data = '{}'", 'delete from touches'])(
    'the database refuses: %s',
    async (statement) => {
      const { db } = await open();
      await freeze(db, 'sent', 'mail');
      await db.transaction().execute((tx) => append(tx, TENANT, 'touches', [{ id: 'tch_1', key: 'k', person: 'per_a', at: NOW, recorded_at: NOW, via: 'api', data: '{}' }]));
      await expect(db.executeQuery(CompiledQuery.raw(statement))).rejects.toThrow(/append-only/);
    },
  );
});
