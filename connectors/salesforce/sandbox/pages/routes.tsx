import { Hono } from 'hono';
import { documentOf, servePages } from '#shared/sandbox/page.tsx';
import type { Desk } from '../desk.ts';
import type { SalesforceHandles } from '../handles.ts';
import { id18Of } from '../org/ids.ts';
import type { Row } from '../org/state.ts';
import { Home } from './home.tsx';
import { opportunityRoutes } from './opportunity-routes.tsx';
import { Campaigns, ContactPage } from './people.tsx';
import { setupRoutes } from './setup-routes.tsx';

/** Pages of objects that have one. */
const PLACES: Record<string, string> = { Opportunity: '/opportunities/', Contact: '/contacts/' };

/** What people see of the org. */
export function pageRoutes(desk: Desk, handles: SalesforceHandles, consent: Hono): Hono {
  const pages = new Hono();
  servePages(pages);
  const to = (path: string) => desk.options.baseUrl() + path;
  const find = (type: string, id: string): Row | undefined => {
    const row = desk.org.store.find(type, id18Of(id) ?? '');
    return row?.deleted ? undefined : row;
  };

  // Mounted under a path, the root is reached with and without a slash at its end; a route matches one of them only.
  pages.get('/*', (c, next) => (c.req.path.replace(/\/$/, '') === new URL(to('')).pathname.replace(/\/$/, '') ? c.html(documentOf(<Home desk={desk} />)) : next()));
  pages.route('/', consent);
  pages.route('/', opportunityRoutes(desk));
  pages.route('/', setupRoutes(desk, handles));
  pages.get('/campaigns', (c) => c.html(documentOf(<Campaigns desk={desk} />)));
  pages.get('/contacts/:id', (c) => {
    const contact = find('Contact', c.req.param('id'));
    return contact ? c.html(documentOf(<ContactPage desk={desk} contact={contact} />)) : c.notFound();
  });
  pages.post('/contacts/:id/delete', (c) => {
    if (!find('Contact', c.req.param('id'))) return c.notFound();
    handles.remove(c.req.param('id'));
    return c.redirect(to('/opportunities'), 303);
  });
  pages.get('/files/:id', (c) => {
    const file = find('ContentVersion', c.req.param('id'))?.values;
    if (!file) return c.notFound();
    const name = String(file.PathOnClient).replace(/[^\w. -]/g, '_');
    // Whatever was uploaded is handed out as a file, never as a page of ours.
    return c.body(Buffer.from(String(file.VersionData), 'base64'), 200, { 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${name}"` });
  });
  // Where a link to a record leads at the real Salesforce, from the instance too.
  for (const instance of ['', '/moved']) {
    pages.get(`${instance}/lightning/r/:object/:id/view`, (c) => c.redirect(to(`${PLACES[c.req.param('object')] ?? '/?'}${c.req.param('id')}`), 302));
    pages.get(`${instance}/:id{[A-Za-z0-9]{15}([A-Za-z0-9]{3})?}`, (c) =>
      c.redirect(to(`${PLACES[desk.org.store.typeOf(c.req.param('id')) ?? ''] ?? '/?'}${c.req.param('id')}`), 302),
    );
  }
  return pages;
}
