import { randomUUID } from 'node:crypto';
import { Hono, type Context } from 'hono';
import { isObject } from '#lib/json';
import { app as appActor, type CrmAccount } from './account.ts';
import { fail, invalidProperties, notFound } from './errors.ts';
import { matches, type Filter } from './search.ts';
import { KINDS, type Item, type Kind } from './world.ts';

const MOST_INPUTS = 100;
const NAMES: Record<string, Kind> = { '0-1': 'contacts', '0-2': 'companies', '0-3': 'deals', '0-8': 'line_items', '0-27': 'tasks' };
const ALWAYS: Record<Kind, string[]> = {
  deals: ['amount', 'closedate', 'createdate', 'dealname', 'dealstage', 'hs_lastmodifieddate', 'hs_object_id', 'pipeline'],
  contacts: ['createdate', 'email', 'firstname', 'hs_object_id', 'lastmodifieddate', 'lastname'],
  companies: ['createdate', 'domain', 'hs_lastmodifieddate', 'hs_object_id', 'name'],
  line_items: ['createdate', 'hs_lastmodifieddate', 'hs_object_id', 'quantity'],
  tasks: ['createdate', 'hs_lastmodifieddate', 'hs_object_id'],
};
/** What a read carries even where not asked for. */
const BASE: Record<Kind, string[]> = {
  deals: ['createdate', 'hs_lastmodifieddate', 'hs_object_id'],
  contacts: ['createdate', 'hs_object_id', 'lastmodifieddate'],
  companies: ['createdate', 'hs_lastmodifieddate', 'hs_object_id'],
  line_items: ['createdate', 'hs_lastmodifieddate', 'hs_object_id'],
  tasks: ['createdate', 'hs_lastmodifieddate', 'hs_object_id'],
};

export const kindOf = (name: string | undefined): Kind | undefined => NAMES[name ?? ''] ?? KINDS.find((kind) => kind === name);

/** Properties with those that HubSpot keeps itself. */
export function computed(item: { id: string; createdAt: number; updatedAt: number; properties: Item['properties'] }): Record<string, string | null> {
  const updated = new Date(item.updatedAt).toISOString();
  return { ...item.properties, hs_object_id: item.id, createdate: new Date(item.createdAt).toISOString(), hs_lastmodifieddate: updated, lastmodifieddate: updated };
}

function view(kind: Kind, item: Item, asked: string[], histories: string[] = []): Record<string, unknown> {
  const all = computed(item);
  const names = asked.length > 0 ? [...new Set([...asked, ...BASE[kind]])] : ALWAYS[kind];
  return {
    id: item.id,
    properties: Object.fromEntries(names.flatMap((name) => (name in all ? [[name, all[name]]] : [[name, null]]))),
    createdAt: new Date(item.createdAt).toISOString(),
    updatedAt: new Date(item.updatedAt).toISOString(),
    archived: false,
    ...(histories.length > 0 ? { propertiesWithHistory: Object.fromEntries(histories.map((name) => [name, historyOf(item, name)])) } : {}),
  };
}

/** The values that a property has had, newest first. */
function historyOf(item: Item, name: string): Record<string, unknown>[] {
  const changes = item.history.filter((change) => change.property === name).reverse();
  return changes.map(({ to, at, source, sourceId }) => ({
    value: to ?? '',
    timestamp: new Date(at).toISOString(),
    sourceType: source,
    ...(sourceId === undefined ? {} : { sourceId }),
  }));
}

/** `/crm/v3/objects`: single records, batches and search. */
export function objectRoutes(account: CrmAccount, world: () => { properties: Record<Kind, Record<string, unknown>> }, appId: string): Hono {
  const api = new Hono();
  const actor = appActor(appId);
  const known = (kind: Kind, names: unknown): string[] => (Array.isArray(names) ? names.map(String).filter((name) => name in world().properties[kind]) : []);

  api.post('/:type/batch/read', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const body = await bodyOf(c);
    const ids = inputsOf(body).map((input) => String(input.id));
    if (!kind) return unknownType(c);
    if (ids.length > MOST_INPUTS) return tooMany(c);
    const asked = known(kind, body.properties);
    const histories = known(kind, body.propertiesWithHistory);
    const found = ids.flatMap((id) => account.find(kind, id) ?? []);
    const missing = ids.filter((id) => !account.find(kind, id));
    return batch(
      c,
      found.map((item) => view(kind, item, asked, histories)),
      missing.length > 0 ? [missingError(missing)] : [],
    );
  });

  api.post('/:type/batch/update', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const inputs = inputsOf(await bodyOf(c));
    if (!kind) return unknownType(c);
    if (inputs.length > MOST_INPUTS) return tooMany(c);
    const ids = inputs.map((input) => String(input.id));
    if (new Set(ids).size < ids.length) return fail(c, 400, 'VALIDATION_ERROR', 'Duplicate IDs found in batch input');
    // One invalid value refuses the whole batch; a record that is not there only itself.
    const faults = inputs.flatMap((input) => account.invalid(kind, propertiesOf(input)));
    if (faults.length > 0) return invalidProperties(c, faults);
    const results = inputs.flatMap((input) => {
      const item = account.find(kind, String(input.id));
      if (!item) return [];
      account.update(item, kind, stringsOf(input), actor);
      return [view(kind, item, Object.keys(propertiesOf(input)))];
    });
    const missing = ids.filter((id) => !account.find(kind, id));
    return batch(c, results, missing.length > 0 ? [missingError(missing)] : []);
  });

  api.post('/:type/search', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const body = await bodyOf(c);
    if (!kind) return unknownType(c);
    const limit = Number(body.limit ?? 10);
    const after = Number(body.after ?? 0);
    if (limit > 200 || JSON.stringify(body).length > 3000) return fail(c, 400, 'VALIDATION_ERROR', 'The search is larger than allowed.');
    if (after + limit > 10_000) return fail(c, 400, 'VALIDATION_ERROR', 'The maximum number of results is 10000.');
    const groups = (Array.isArray(body.filterGroups) ? body.filterGroups : []).map((group: { filters?: Filter[] }) => group.filters ?? []);
    const seen = account.all(kind).flatMap((item) => {
      const indexed = account.indexed(item);
      return indexed ? [{ ...item, ...indexed }] : [];
    });
    const hits = seen.filter((item) => matches(computed(item), groups, typeof body.query === 'string' ? body.query : ''));
    sortBy(hits, Array.isArray(body.sorts) ? body.sorts[0] : undefined);
    const page = hits.slice(after, after + limit);
    const asked = known(kind, body.properties);
    const paging = after + limit < hits.length ? { paging: { next: { after: String(after + limit) } } } : {};
    return c.json({ total: hits.length, results: page.map((item) => view(kind, item, asked)), ...paging });
  });

  api.get('/:type/:id', (c) => {
    const kind = kindOf(c.req.param('type'));
    const id = c.req.param('id');
    const item = kind && (c.req.query('idProperty') === 'email' ? withEmail(account, kind, id) : account.find(kind, id));
    if (!kind || !item) return notFound(c);
    return c.json(view(kind, item, known(kind, c.req.query('properties')?.split(','))));
  });

  api.patch('/:type/:id', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const item = kind && account.find(kind, c.req.param('id'));
    if (!kind || !item) return notFound(c);
    const body = await bodyOf(c);
    const faults = account.invalid(kind, propertiesOf(body));
    if (faults.length > 0) return invalidProperties(c, faults);
    account.update(item, kind, stringsOf(body), actor);
    return c.json(view(kind, item, Object.keys(propertiesOf(body))));
  });

  api.post('/:type', async (c) => {
    const kind = kindOf(c.req.param('type'));
    if (!kind) return unknownType(c);
    const body = await bodyOf(c);
    const faults = account.invalid(kind, propertiesOf(body));
    if (faults.length > 0) return invalidProperties(c, faults);
    const twin = withEmail(account, kind, stringsOf(body).email ?? '');
    if (twin) return fail(c, 409, 'CONFLICT', `Contact already exists. Existing ID: ${twin.id}`);
    const item = account.create(kind, stringsOf(body), actor);
    associateNew(account, kind, item.id, body.associations);
    return c.json(view(kind, item, Object.keys(propertiesOf(body))), 201);
  });
  return api;
}

/** A deal is tied to contacts, and anything else to deals. */
function associateNew(account: CrmAccount, kind: Kind, id: string, associations: unknown): void {
  for (const association of Array.isArray(associations) ? associations : []) {
    const other = isObject(association) && isObject(association.to) ? String(association.to.id) : '';
    if (kind === 'deals' && account.find('contacts', other)) account.associate(id, 'contacts', other);
    if (kind !== 'deals' && account.find('deals', other)) account.associate(other, kind, id);
  }
}

/** HubSpot keeps an address once among its contacts. */
function withEmail(account: CrmAccount, kind: Kind, email: string): Item | undefined {
  const wanted = email.trim().toLowerCase();
  return kind === 'contacts' && wanted !== '' ? account.all(kind).find(({ properties }) => properties.email?.toLowerCase() === wanted) : undefined;
}

type Body = Record<string, unknown>;
export async function bodyOf(c: Context): Promise<Body> {
  const body: unknown = await c.req.json().catch(() => null);
  return isObject(body) ? body : {};
}
export const inputsOf = (body: Body): Body[] => (Array.isArray(body.inputs) ? body.inputs.filter(isObject) : []);
const propertiesOf = (input: Body): Body => (isObject(input.properties) ? input.properties : {});
const stringsOf = (input: Body): Record<string, string> =>
  Object.fromEntries(Object.entries(propertiesOf(input)).map(([name, value]) => [name, value === null ? '' : String(value)]));

const tooMany = (c: Context) => fail(c, 400, 'VALIDATION_ERROR', `The number of inputs exceeds the limit of ${MOST_INPUTS}`);
const unknownType = (c: Context) => fail(c, 400, 'VALIDATION_ERROR', `Unable to infer object type from: ${c.req.param('type') ?? ''}`);
const missingError = (ids: string[]) => ({
  status: 'error',
  category: 'OBJECT_NOT_FOUND',
  message: 'Could not get some objects, they may be deleted or not exist. Check that ids are valid.',
  context: { ids },
});

/** 200, or 207 where some failed. */
export function batch(c: Context, results: unknown[], errors: unknown[], status: 200 | 201 = 200): Response {
  const now = new Date().toISOString();
  const answer = { status: 'COMPLETE', requestedAt: now, startedAt: now, completedAt: now, results };
  if (errors.length === 0) return c.json(answer, status);
  return c.json({ ...answer, numErrors: errors.length, errors: errors.map((error) => ({ id: randomUUID(), links: {}, errors: [], ...(error as object) })) }, 207);
}

function sortBy(items: Item[], sort: unknown): void {
  const [name, descending] =
    typeof sort === 'string'
      ? [sort.replace(/^-/, ''), sort.startsWith('-')]
      : isObject(sort)
        ? [String(sort.propertyName), sort.direction === 'DESCENDING']
        : ['hs_object_id', false];
  const key = (item: Item) => computed(item)[name] ?? '';
  items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.id.localeCompare(b.id)) * (descending ? -1 : 1));
}
