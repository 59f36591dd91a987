import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyIdOf } from '#lib/seal';
import { rewrap } from '#flow/rewrap';
import { countSealed, findSealed } from '#store/sealed';
import { plantDeal } from './deals.ts';
import { openWorld, type OpenOptions } from './world.ts';

const [FIRST, SECOND] = [Buffer.alloc(32, 11), Buffer.alloc(32, 12)];
const DEALS = 3;
const PATIENCE_MS = 90_000;

test(
  'a root key is rotated while webhooks come and tokens are refreshed: nothing is refused, nobody is doubled, and then the old key can go',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
    const open = (current: Buffer, others: Buffer[] = [], more: OpenOptions = {}) => {
      const variables = { COUNTERSIGN_KEY: current.toString('base64'), COUNTERSIGN_OLD_KEYS: others.map((key) => key.toString('base64')).join(',') };
      return openWorld({ folder, variables, ...more });
    };

    const before = await open(FIRST);
    const person = { email: 'ada.rotates@example.com' };
    const first = plantDeal(before, { person });
    first.move('contractsent');
    await first.sent();
    await before.settled();
    const [ada] = await before.db.selectFrom('persons').select(['id', 'email_hash']).execute();
    await before.stop(true);

    // The same server again: at its address, later.
    const during = await open(SECOND, [FIRST], { clock: before.clock, config: { port: Number(new URL(before.address).port) } });
    expect((await countSealed(during.db)).some(({ key }) => key === keyIdOf(FIRST))).toBe(true);
    // Every token has just ended, so each account is refreshed in the midst of it.
    const later = plantDeal(during, { person });
    const others = Array.from({ length: DEALS }, () => plantDeal(during));
    await during.db.updateTable('installs').set({ expires_at: 0 }).execute();
    for (const deal of [later, ...others]) deal.move('contractsent');
    const working = rewrap(during.world.flow, { batch: 1 });
    await Promise.all([later, ...others].map((deal) => deal.sent()));
    expect((await working).closed).toBe(0);
    await during.settled();
    await rewrap(during.world.flow);
    expect(await findSealed(during.db, keyIdOf(FIRST))).toBeUndefined();
    const metrics = await during.world.flow.metrics.registry.metrics();
    expect(metrics).toMatch(/countersign_deliveries_total\{vendor="hubspot",outcome="accepted"\} [1-9]/);
    expect(metrics).not.toMatch(/outcome="(refused-\w+|failed|malformed)"/);
    const same = await during.db
      .selectFrom('persons')
      .select('id')
      .where('email_hash', '=', ada?.email_hash ?? '')
      .execute();
    expect(same).toEqual([{ id: ada?.id }]);
    const signers = await during.db
      .selectFrom('recipients')
      .innerJoin('envelopes', 'envelopes.id', 'recipients.envelope')
      .select(['envelopes.deal', 'recipients.person'])
      .execute();
    for (const deal of [first, later]) expect(signers).toContainEqual({ deal: deal.id, person: ada?.id });
    await during.stop();
  },
  PATIENCE_MS,
);
