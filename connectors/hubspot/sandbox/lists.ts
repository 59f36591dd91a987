import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { fail, notFound } from './errors.ts';
import { bodyOf } from './objects.ts';
import type { List, World } from './world.ts';

/** `/crm/v3/lists`, as far as static lists of contacts go. */
export function listRoutes(world: () => World, clock: Clock): Hono {
  const api = new Hono();
  const byName = (name: string): List | undefined => Object.values(world().lists).find((list) => list.name === name);

  const create = async (c: Context) => {
    const { name, objectTypeId, processingType } = await bodyOf(c);
    if (typeof name !== 'string' || name === '' || objectTypeId !== '0-1') return fail(c, 400, 'VALIDATION_ERROR', 'name and objectTypeId are required');
    if (processingType !== 'MANUAL' && processingType !== 'SNAPSHOT' && processingType !== 'DYNAMIC') return fail(c, 400, 'VALIDATION_ERROR', 'unknown processingType');
    if (byName(name)) return fail(c, 400, 'VALIDATION_ERROR', `A list named '${name}' already exists.`, { subCategory: 'ILS.DUPLICATE_LIST_NAMES' });
    const list: List = { id: String(world().nextId++), name, processingType, createdAt: clock.now(), members: {} };
    world().lists[list.id] = list;
    return c.json({ list: view(list) });
  };
  api.post('/', create);
  api.post('', create);

  api.get('/object-type-id/:type/name/:name', (c) => {
    const list = byName(c.req.param('name'));
    return list ? c.json({ list: view(list) }) : notFound(c);
  });
  api.get('/:id', (c) => {
    const list = world().lists[c.req.param('id')];
    return list ? c.json({ list: view(list) }) : notFound(c);
  });
  api.put('/:id/memberships/add', async (c) => {
    const list = world().lists[c.req.param('id')];
    const ids: unknown = await c.req.json().catch(() => null);
    if (!list) return notFound(c);
    if (!Array.isArray(ids)) return fail(c, 400, 'VALIDATION_ERROR', 'The body must be a list of record ids.');
    if (list.processingType === 'DYNAMIC') return fail(c, 400, 'VALIDATION_ERROR', 'Memberships of a DYNAMIC list cannot be changed.');
    const asked = [...new Set(ids.map(String))];
    const missing = asked.filter((id) => !world().objects.contacts[id]);
    const added = asked.filter((id) => !missing.includes(id) && !(id in list.members));
    for (const id of added) list.members[id] = clock.now();
    return c.json({ recordsIdsAdded: added, recordIdsRemoved: [], recordIdsMissing: missing });
  });
  api.put('/:id/memberships/remove', async (c) => {
    const list = world().lists[c.req.param('id')];
    const ids: unknown = await c.req.json().catch(() => null);
    if (!list) return notFound(c);
    if (!Array.isArray(ids)) return fail(c, 400, 'VALIDATION_ERROR', 'The body must be a list of record ids.');
    if (list.processingType === 'DYNAMIC') return fail(c, 400, 'VALIDATION_ERROR', 'Memberships of a DYNAMIC list cannot be changed.');
    const asked = [...new Set(ids.map(String))];
    const removed = asked.filter((id) => id in list.members);
    for (const id of removed) delete list.members[id];
    return c.json({ recordsIdsAdded: [], recordIdsRemoved: removed, recordIdsMissing: asked.filter((id) => !world().objects.contacts[id]) });
  });
  return api;
}

function view(list: List): Record<string, unknown> {
  const time = new Date(list.createdAt).toISOString();
  return {
    listId: list.id,
    listVersion: 1,
    name: list.name,
    objectTypeId: '0-1',
    processingType: list.processingType,
    processingStatus: 'COMPLETE',
    size: Object.keys(list.members).length,
    createdAt: time,
    updatedAt: time,
    filtersUpdatedAt: time,
  };
}
