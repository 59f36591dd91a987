import { Hono, type Context, type MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { isObject } from '#lib/json';
import { createGate, refuse, type Env } from './gate.ts';
import { answerPage, picked } from './paging.ts';
import type { List, SandboxState } from './state.ts';

const MOST_NAME = 255;

/** API version 5, the calls that put people on lists. Mounted at `/api/v5/objects`. */
export function createApi({ state, clock, faulty }: { state: SandboxState; clock: Clock; faulty: MiddlewareHandler }): Hono<Env> {
  const api = new Hono<Env>();
  api.use(faulty);
  api.use(createGate({ state, clock }));
  const listsOf = (c: Context<Env>): List[] => state.lists.filter(({ unit }) => unit === c.get('unit'));
  const prospectsOf = (c: Context<Env>) => state.prospects.filter(({ unit }) => unit === c.get('unit'));

  const wanted = (c: Context) => c.req.query('fields') ?? 'id';

  api.get('/lists', (c) => answerPage(c, ({ name }) => listsOf(c).filter((list) => name === undefined || list.name === name)));
  api.post('/lists', async (c) => {
    const { name } = await bodyOf(c);
    if (typeof name !== 'string' || name.trim() === '' || name.length > MOST_NAME) return refuse(c, 400, 71, 'Input needs to be valid: name is required.');
    // Names need not be unique.
    const list: List = { id: state.nextId++, unit: c.get('unit'), name, isDynamic: false };
    state.lists.push(list);
    return c.json(picked(wanted(c), list), 201);
  });

  api.post('/prospects/do/upsertLatestByEmail', async (c) => {
    const { matchEmail, prospect, fields } = await bodyOf(c);
    if (typeof matchEmail !== 'string' || !isObject(prospect)) return refuse(c, 400, 71, 'Input needs to be valid: matchEmail and prospect are required.');
    const email = typeof prospect['email'] === 'string' ? prospect['email'] : matchEmail;
    // Quotes the address, as the vendor may.
    if (!/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email)) return refuse(c, 400, 4, `Invalid prospect email address: ${email}`);
    const same = prospectsOf(c).filter((one) => one.email === matchEmail.toLowerCase());
    const [latest] = same.sort((a, b) => b.lastActivityAt - a.lastActivityAt);
    const kept = latest ?? { id: state.nextId++, unit: c.get('unit'), email: email.toLowerCase(), optedOut: false, lastActivityAt: clock.now() };
    if (!latest) state.prospects.push(kept);
    return c.json(picked(Array.isArray(fields) ? fields.join(',') : 'id', kept), latest ? 200 : 201);
  });

  api.get('/list-memberships', (c) => {
    const ids = new Set(listsOf(c).map(({ id }) => id));
    const own = state.memberships.filter(({ listId }) => ids.has(listId));
    return answerPage(c, ({ listId, prospectId }) => own.filter((one) => (!listId || one.listId === Number(listId)) && (!prospectId || one.prospectId === Number(prospectId))));
  });
  api.post('/list-memberships', async (c) => {
    const { listId, prospectId } = await bodyOf(c);
    const list = listsOf(c).find(({ id }) => id === listId);
    const prospect = prospectsOf(c).find(({ id }) => id === prospectId);
    if (!prospect) return refuse(c, 400, 3, 'Invalid prospect ID');
    if (!list) return refuse(c, 404, 109, 'The requested list does not exist.');
    if (list.isDynamic) return refuse(c, 400, 110, 'Prospects can only be added to static lists.');
    // The number of this refusal is not documented; the client has to see by itself that the member is there.
    if (state.memberships.some((one) => one.listId === list.id && one.prospectId === prospect.id)) return refuse(c, 400, 111, 'The prospect is a member of the list.');
    const membership = { id: state.nextId++, listId: list.id, prospectId: prospect.id, optedOut: prospect.optedOut, at: clock.now() };
    state.memberships.push(membership);
    return c.json(picked(wanted(c), membership), 201);
  });
  api.all('*', (c) => refuse(c, 404, 198, 'The sandbox does not have this call.'));
  return api;
}

async function bodyOf(c: Context): Promise<Record<string, unknown>> {
  const body: unknown = await c.req.json().catch(() => null);
  return isObject(body) ? body : {};
}
