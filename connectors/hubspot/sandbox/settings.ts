import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { fail, notFound } from './errors.ts';
import { batch, bodyOf, inputsOf, kindOf } from './objects.ts';
import { define } from './properties.ts';
import type { Kind, LinkType, PropertyDefinition, World } from './world.ts';

/** What describes the account: properties and their groups, pipelines, owners. */
export function settingsRoutes(world: () => World, clock: Clock): Hono {
  const api = new Hono();

  api.get('/v3/properties/:type', (c) => {
    const kind = kindOf(c.req.param('type'));
    if (!kind) return notFound(c);
    return c.json({ results: Object.values(world().properties[kind]).map(propertyView) });
  });
  api.get('/v3/properties/:type/groups', (c) => {
    const kind = kindOf(c.req.param('type'));
    if (!kind) return notFound(c);
    return c.json({ results: Object.entries(world().groups[kind]).map(([name, label]) => ({ name, label, displayOrder: -1, archived: false })) });
  });
  api.post('/v3/properties/:type/groups', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const { name, label } = await bodyOf(c);
    if (!kind) return notFound(c);
    if (typeof name !== 'string' || typeof label !== 'string') return fail(c, 400, 'VALIDATION_ERROR', 'name and label are required');
    if (name in world().groups[kind]) return fail(c, 409, 'OBJECT_ALREADY_EXISTS', `A property group named '${name}' already exists.`);
    world().groups[kind][name] = label;
    return c.json({ name, label, displayOrder: -1, archived: false }, 201);
  });
  api.post('/v3/properties/:type/batch/create', async (c) => {
    const kind = kindOf(c.req.param('type'));
    const inputs = inputsOf(await bodyOf(c));
    if (!kind) return notFound(c);
    const results = inputs.map((input) => make(kind, input));
    const errors = results.flatMap((result) =>
      'error' in result ? [{ status: 'error', category: result.category, message: result.error, context: { name: [result.name] } }] : [],
    );
    return batch(
      c,
      results.flatMap((result) => ('error' in result ? [] : [propertyView(result)])),
      errors,
      201,
    );
  });
  api.post('/v3/properties/:type', async (c) => {
    const kind = kindOf(c.req.param('type'));
    if (!kind) return notFound(c);
    const result = make(kind, await bodyOf(c));
    return 'error' in result ? fail(c, result.category === 'OBJECT_ALREADY_EXISTS' ? 409 : 400, result.category, result.error) : c.json(propertyView(result), 201);
  });
  api.get('/v3/properties/:type/:name', (c) => {
    const kind = kindOf(c.req.param('type'));
    const property = kind && world().properties[kind][c.req.param('name')];
    return property ? c.json(propertyView(property)) : notFound(c);
  });

  api.get('/v3/pipelines/:type', (c) => (kindOf(c.req.param('type')) === 'deals' ? c.json({ results: [pipelineView(world())] }) : notFound(c)));

  const owners = (c: Context) => {
    const results = world().owners.map((owner) => ({
      ...owner,
      type: 'PERSON',
      archived: false,
      createdAt: '2022-01-01T00:00:00.000Z',
      updatedAt: '2022-01-01T00:00:00.000Z',
      teams: [],
    }));
    const limit = Math.min(Number(c.req.query('limit') ?? 100), 500);
    const start = Number(c.req.query('after') ?? 0);
    return c.json({ results: results.slice(start, start + limit), ...(start + limit < results.length && { paging: { next: { after: String(start + limit) } } }) });
  };
  api.get('/v3/owners', owners);
  api.get('/v3/owners/', owners);
  return api;

  function make(kind: Kind, input: Record<string, unknown>): PropertyDefinition | { error: string; category: string; name: string } {
    const { name, label, groupName, type, fieldType } = input;
    const refuse = (category: string, error: string) => ({ error, category, name: String(name) });
    if (![name, label, groupName, type, fieldType].every((value) => typeof value === 'string' && value !== ''))
      return refuse('VALIDATION_ERROR', 'name, label, groupName, type and fieldType are required');
    if (!/^[a-z][a-z0-9_]{0,99}$/.test(String(name))) return refuse('VALIDATION_ERROR', `'${String(name)}' is not a valid property name.`);
    if (String(name) in world().properties[kind]) return refuse('OBJECT_ALREADY_EXISTS', `A property named '${String(name)}' already exists.`);
    if (!(String(groupName) in world().groups[kind])) return refuse('VALIDATION_ERROR', `Property group '${String(groupName)}' does not exist.`);
    if (type === 'enumeration' && !(Array.isArray(input.options) && input.options.length > 0)) return refuse('VALIDATION_ERROR', 'Enumeration properties need options.');
    const made = define([
      String(name),
      String(label),
      String(type),
      {
        description: String(input.description ?? ''),
        groupName: String(groupName),
        fieldType: String(fieldType),
        options: (input.options ?? []) as PropertyDefinition['options'],
        hubspotDefined: false,
        createdAt: clock.now(),
      },
    ]);
    world().properties[kind][made.name] = made;
    return made;
  }
}

function propertyView(property: PropertyDefinition): Record<string, unknown> {
  const { readOnly, createdAt, ...rest } = property;
  const time = new Date(createdAt).toISOString();
  return {
    ...rest,
    displayOrder: -1,
    hasUniqueValue: false,
    formField: false,
    archived: false,
    createdAt: time,
    updatedAt: time,
    modificationMetadata: { archivable: !property.hubspotDefined, readOnlyDefinition: property.hubspotDefined, readOnlyValue: readOnly },
  };
}

function pipelineView({ pipeline }: World): Record<string, unknown> {
  const dates = { createdAt: '2022-01-01T00:00:00.000Z', updatedAt: '2022-01-01T00:00:00.000Z', archived: false };
  const stages = pipeline.stages.map((stage, displayOrder) => ({
    id: stage.id,
    label: stage.label,
    displayOrder,
    metadata: { isClosed: String(stage.closed), probability: stage.probability },
    ...dates,
  }));
  return { id: pipeline.id, label: pipeline.label, displayOrder: 0, stages, ...dates };
}

/** Associations v4, read from the deal, or from a contact to its deals. */
export function associationRoutes(world: () => World): Hono {
  const api = new Hono();
  const linksOf = (deal: string, kind: Kind) =>
    world()
      .links.filter((link) => link.deal === deal && link.kind === kind)
      .map((link) => ({ toObjectId: link.id, associationTypes: link.types.map(typeView) }));

  const dealsOf = (contact: string) =>
    world()
      .links.filter((link) => link.kind === 'contacts' && link.id === contact)
      .map((link) => ({ toObjectId: link.deal, associationTypes: link.types.map(typeView) }));

  api.get('/v4/objects/:from/:id/associations/:to', (c) => {
    const [from, to] = [kindOf(c.req.param('from')), kindOf(c.req.param('to'))];
    if (from !== 'deals' || !to || !world().objects.deals[c.req.param('id')]) return notFound(c);
    return c.json({ results: linksOf(c.req.param('id'), to) });
  });
  api.post('/v4/associations/:from/:to/batch/read', async (c) => {
    const [from, to] = [kindOf(c.req.param('from')), kindOf(c.req.param('to'))];
    const ids = inputsOf(await bodyOf(c)).map((input) => String(input.id));
    const back = from === 'contacts' && to === 'deals';
    if ((from !== 'deals' && !back) || !to) return notFound(c);
    const linked = (id: string) => (back ? dealsOf(id) : linksOf(id, to));
    if (ids.length > 1000) return fail(c, 400, 'VALIDATION_ERROR', 'Too many inputs');
    const results = ids.flatMap((id) => (linked(id).length > 0 ? [{ from: { id }, to: linked(id) }] : []));
    const without = ids.filter((id) => linked(id).length === 0);
    const error = {
      status: 'error',
      category: 'OBJECT_NOT_FOUND',
      subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
      message: `No ${to} is associated with some of the ${from ?? ''}.`,
      context: { fromObjectId: without },
    };
    return batch(c, results, without.length > 0 ? [error] : []);
  });
  api.get('/v4/associations/:from/:to/labels', (c) => {
    if (kindOf(c.req.param('from')) !== 'deals' || kindOf(c.req.param('to')) !== 'contacts') return c.json({ results: [] });
    return c.json({ results: [{ category: 'HUBSPOT_DEFINED', typeId: 3, label: null }, ...world().labels].map(typeView) });
  });
  return api;
}

const typeView = ({ category, typeId, label }: { category: string; typeId: number; label: LinkType['label'] }) => ({ category, typeId, label });
