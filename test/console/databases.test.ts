import { expect, test } from 'vitest';
import { eachDatabase } from '../store/databases.ts';
import { newId } from '#lib/ids';
import { seed } from './seed.ts';
import { openWorld } from './world.ts';

/** What pages read, they read from either database: queries that one of them refuses or answers otherwise would show here. */
eachDatabase((_, open) => {
  test('every page and every list answers, empty and full', async () => {
    const { db } = await open();
    const world = await openWorld({ db });
    const cookie = await world.signIn(null);
    const { ids, tenant } = await seed(world, 'Juniper');
    const bare = newId('ten');
    await db.insertInto('tenants').values({ id: bare, name: 'Empty', created_at: 0 }).execute();
    const paths = world.routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/t/')).map(({ path }) => path);
    for (const path of paths) {
      for (const query of ['?from=1&to=2', '?from=1&to=2&format=json&q=a_b%25&after=9']) {
        const full = path.replace(/:(\w+)/g, (_match, name: string) => (ids as Record<string, string>)[name] ?? '');
        expect([full, (await world.ask(full + query, { cookie })).status]).toEqual([full, 200]);
        const empty = path.replace(':tenant', bare);
        if (!empty.includes(':')) expect([empty, (await world.ask(empty + query, { cookie })).status]).toEqual([empty, 200]);
      }
    }
    const found = await world.ask(`/t/${tenant}/envelopes?format=json&q=LAKESIDE`, { cookie });
    expect(((await found.json()) as { items: unknown[] }).items).toHaveLength(1);
  });
});
