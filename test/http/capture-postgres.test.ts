import { expect, test } from 'vitest';
import { openTestDatabase } from '../store/databases.ts';
import { openWorld } from '../flow/world.ts';
import { consentsOf, DEFAULTS, visitorOf } from './capture-stage.ts';

test('on PostgreSQL too many at once are each taken once', async () => {
  const database = await openTestDatabase('PostgreSQL');
  const world = await openWorld({ database: database.address });
  try {
    const visitor = visitorOf(world);
    const forms = await Promise.all([1, 2, 3].map(() => visitor.open('?utm_source=spring')));
    world.clock.skip(60_000);
    // Each form three times, and all three of the same person.
    const answers = await Promise.all(forms.flatMap((form) => [1, 2, 3].map(() => visitor.post(form, { ...DEFAULTS, 'c-newsletter': 'yes' }))));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 303));
    expect(new Set(answers.map(({ location }) => location)).size).toBe(3);
    await world.settled();
    expect(await world.db.selectFrom('capture_posts').select(['created', 'done_at']).execute()).toHaveLength(3);
    expect(await consentsOf(world)).toHaveLength(6);
    expect(world.sandbox.hubspot.account.all('contacts').filter(({ properties }) => properties.email === DEFAULTS.email)).toHaveLength(1);
    const { key } = await world.world.desk.capture.makeKey(world.tenant, 'Shop', ['consents:read'], 'test');
    const read = await fetch(`${world.address}/api/v1/consents?email=${DEFAULTS.email}`, { headers: { authorization: `Bearer ${key}` } });
    expect(await read.json()).toMatchObject({ state: [{ status: 'granted' }, { status: 'granted' }] });
  } finally {
    await world.stop();
    await database.close();
  }
});
