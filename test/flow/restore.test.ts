import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { backUp, restore } from '#src/backup';
import { verifyLedger } from '#store/ledger';
import { hastyClock } from './clock.ts';
import { plantDeal } from './deals.ts';
import { knowInstalls, openWorld, type TestWorld } from './world.ts';

/** Two worlds, one after the other. */
const PATIENCE_MS = 90_000;
const folders: string[] = [];
const worlds: TestWorld[] = [];
afterEach(async () => {
  for (const one of worlds.splice(0)) await one.stop(true);
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

async function open(folder: string, now?: number, port = 0): Promise<TestWorld> {
  // What begins on a restored database is what the server does by itself, its first rounds included.
  const world = await openWorld({ folder, clock: hastyClock(now), connect: now === undefined, config: { port } });
  worlds.push(world);
  return world;
}

test(
  'what happened after a backup comes back, nothing is sent twice, and CRM and provider agree',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-restore-'));
    folders.push(folder);
    const database = join(folder, 'test.db');
    const before = await open(folder);
    const [early, waiting, late] = [plantDeal(before), plantDeal(before), plantDeal(before)];
    early.move('contractsent');
    const { envelopeId } = await early.sent();
    await early.becomes('sent');
    await before.settled();
    // One envelope is asked for and not made yet: its effect waits in the backup.
    await before.db
      .updateTable('lanes')
      .set({ next_at: before.clock.now() + 9_000_000_000 })
      .where('install', '=', before.sign.id)
      .execute();
    waiting.move('contractsent');
    await before.until('the envelope that waits', async () => (await waiting.envelopes()).length === 1);
    const backup = join(folder, 'a.backup');
    const made = await backUp(database, backup, before.clock.now());
    expect(made.inspected.ledgers.every(({ ok }) => ok)).toBe(true);

    // What the backup does not know: the waiting one goes out, the early one is signed by all, and a deal moves that had not moved.
    await before.db.updateTable('lanes').set({ next_at: 0 }).where('install', '=', before.sign.id).execute();
    before.world.flow.wake.outbox();
    await waiting.sent();
    late.move('contractsent');
    const gone = await late.sent();
    await late.becomes('sent');
    for (const role of ['Customer', 'Countersigner']) before.sandbox.docusign.sign(envelopeId, role);
    await early.becomes('completed');
    await before.settled();
    const lost = (await late.envelopes())[0]?.envelope;
    const entries = (await before.db.selectFrom('facts').select('seq').execute()).length;
    // The vendors are where they were: their addresses stand in the database.
    const [tenant, ended, port] = [before.tenant, before.clock.now(), Number(new URL(before.address).port)];
    await before.stop(true);
    worlds.length = 0;

    await expect(restore(backup, database, { force: false, hold: true, now: ended })).rejects.toThrow(/--force/);
    const done = await restore(backup, database, { force: true, hold: true, now: ended + 1000 });
    expect(done).toMatchObject({ kept: expect.stringContaining('.before-') as string, aftermath: { tenants: 1 } });

    expect(done.aftermath.looking).toBeGreaterThan(0);
    const after = await open(folder, ended + 2000, port);
    after.tenant = tenant;
    await knowInstalls(after);
    const found = await after.until(
      'the lost envelope to be ours again',
      async () => (await after.db.selectFrom('envelopes').selectAll().where('deal', '=', late.id).where('remote', 'is not', null).execute())[0],
    );
    await after.settled();
    // Another row, made anew, which took the envelope that had gone out.
    expect(found.id).not.toBe(lost?.id);
    expect(found.remote).toBe(gone.envelopeId);
    const { docusign, hubspot } = after.sandbox;
    const out = docusign.envelopes().filter(({ status }) => status !== 'deleted');
    expect(out.map(({ customFields }) => customFields.find(({ name }) => name === 'deal')?.value).sort()).toEqual([early.id, waiting.id, late.id].sort());
    // Both mailed each signer once.
    expect(out.filter(({ status }) => status === 'completed')).toHaveLength(1);
    const says = (deal: string) => hubspot.deal(deal)?.properties['esign_status'];
    expect([says(early.id), says(waiting.id), says(late.id)]).toEqual(['completed', 'sent', 'sent']);
    const rows = await after.db.selectFrom('envelopes').select(['deal', 'status']).execute();
    expect(Object.fromEntries(rows.map(({ deal, status }) => [deal, status]))).toEqual({ [early.id]: 'completed', [waiting.id]: 'sent', [late.id]: 'sent' });
    for (const role of ['Customer', 'Countersigner']) docusign.sign(gone.envelopeId, role);
    await after.until('the deal to say so', () => says(late.id) === 'completed');
    expect(await verifyLedger(after.db, tenant, 'facts')).toMatchObject({ ok: true });
    expect((await after.db.selectFrom('facts').select('seq').execute()).length).toBeGreaterThan(entries / 2);
    const audit = await after.db.selectFrom('audit').select('action').execute();
    expect(audit.map(({ action }) => action)).toContain('server.restored');
  },
  PATIENCE_MS,
);
