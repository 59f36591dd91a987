import { Hono } from 'hono';
import { eventsJsonSchema } from '#core/events';

/** `/events.schema.json`: what endpoints are told, for tools that check what they get. Public, as it is in the docs. */
export function eventCatalogue(): Hono {
  const app = new Hono();
  const schema = eventsJsonSchema();
  app.get('/events.schema.json', (c) => c.json(schema, 200, { 'cache-control': 'public, max-age=3600' }));
  return app;
}
