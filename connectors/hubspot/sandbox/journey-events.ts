import { Hono } from 'hono';
import { isObject } from '#lib/json';
import { fail, notFound } from './errors.ts';
import { bodyOf } from './objects.ts';
import type { World } from './world.ts';

const LONGEST = 256;
/** Granted only where the subscription has custom events, whatever is asked for. */
export const EVENT_SCOPES: readonly string[] = ['analytics.behavioral_events.send', 'behavioral_events.event_definitions.read_write'];

/** `/events/v3`: definitions of custom events, and what is sent to them. */
export function eventRoutes(world: () => World): Hono {
  const api = new Hono();
  const absent = (scope: number) => !world().customEvents || !world().grant?.scopes.includes(EVENT_SCOPES[scope] ?? '');
  const forbidden = (c: Parameters<typeof fail>[0]) => fail(c, 403, 'MISSING_SCOPES', 'This account does not have access to custom events.');

  api.get('/event-definitions/:name', (c) => {
    if (absent(1)) return forbidden(c);
    const name = c.req.param('name');
    const properties = world().customEvents?.definitions[name];
    return properties ? c.json({ fullyQualifiedName: name, name: name.replace(/^pe\d+_/, ''), properties: properties.map((property) => ({ name: property })) }) : notFound(c);
  });
  api.post('/event-definitions', async (c) => {
    const events = world().customEvents;
    if (absent(1) || !events) return forbidden(c);
    const { name, label, propertyDefinitions } = await bodyOf(c);
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]*$/.test(name) || typeof label !== 'string') return fail(c, 400, 'VALIDATION_ERROR', 'name and label are required');
    const full = `pe${world().portalId}_${name}`;
    if (events.definitions[full]) return fail(c, 409, 'CONFLICT', 'An event definition with that name already exists.');
    events.definitions[full] = Array.isArray(propertyDefinitions) ? propertyDefinitions.filter(isObject).map((property) => String(property.name)) : [];
    return c.json({ fullyQualifiedName: full, name, labels: { singular: label } });
  });
  api.post('/send', async (c) => {
    const events = world().customEvents;
    if (absent(0) || !events) return forbidden(c);
    const { eventName, objectId, properties, uuid } = await bodyOf(c);
    const known = typeof eventName === 'string' ? events.definitions[eventName] : undefined;
    if (!known) return notFound(c);
    if (typeof objectId !== 'string') return fail(c, 400, 'VALIDATION_ERROR', 'One of objectId, email and utk is required.');
    const given = Object.entries(isObject(properties) ? properties : {});
    const bad = given.find(([name, value]) => !known.includes(name) || typeof value !== 'string' || value.length > LONGEST);
    if (bad) return fail(c, 400, 'VALIDATION_ERROR', `Property ${bad[0]} is unknown, no text or too long.`);
    // The same event again is one event.
    if (typeof uuid !== 'string' || !events.told.some((one) => one.uuid === uuid))
      events.told.push({ uuid: String(uuid), eventName: String(eventName), objectId, properties: Object.fromEntries(given.map(([name, value]) => [name, String(value)])) });
    return c.body(null, 204);
  });
  return api;
}
