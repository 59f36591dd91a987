import { Hono } from 'hono';
import { projectFile } from '#lib/root';
import { documentOf, servePages } from '#shared/sandbox/page.tsx';
import { Board } from './board.tsx';
import { consentRoutes } from './consent-routes.tsx';
import { me, type Desk } from './desk.ts';
import { FAULT_NAMES, FaultPage } from './fault-page.tsx';
import { Home } from './home.tsx';
import { uninstall } from './oauth.ts';
import { ContactPage, Lists } from './people.tsx';
import { setLeft } from './preferences.ts';
import { signingRoutes } from './signing-routes.tsx';

const script = projectFile('connectors/hubspot/sandbox/board.js');

/** What people see of the account. */
export function pageRoutes(desk: Desk): Hono {
  const pages = new Hono();
  servePages(pages);
  const to = (path: string) => desk.options.baseUrl() + path;
  const stageLabel = (id: string) => desk.world().pipeline.stages.find((stage) => stage.id === id)?.label ?? id;

  pages.get('/assets/board.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' }));
  // Mounted under a path, the root is reached with and without a slash at its end; a route matches one of them only.
  pages.get('/*', (c, next) => (c.req.path.replace(/\/$/, '') === new URL(to('')).pathname.replace(/\/$/, '') ? c.html(documentOf(<Home desk={desk} />)) : next()));
  pages.post('/apps/countersign/uninstall', (c) => {
    uninstall(desk.world());
    return c.redirect(to('/'), 303);
  });
  pages.route('/', consentRoutes(desk));

  pages.get('/deals', (c) => {
    const deal = desk.account.find('deals', c.req.query('moved') ?? '');
    const moved = deal ? `${deal.properties.dealname ?? 'The deal'} is now in ${stageLabel(deal.properties.dealstage ?? '')}.` : null;
    return c.html(documentOf(<Board desk={desk} moved={moved} />));
  });
  pages.post('/deals/:id/move', async (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    const stage = String((await c.req.parseBody()).stage);
    if (!deal || desk.account.invalid('deals', { dealstage: stage }).length > 0) return c.notFound();
    desk.account.update(deal, 'deals', { dealstage: stage }, me(desk).actor);
    return c.redirect(to(`/deals?moved=${deal.id}`), 303);
  });
  pages.post('/deals/:id/delete', (c) => {
    desk.account.remove(c.req.param('id'), me(desk).actor);
    return c.redirect(to('/deals'), 303);
  });
  pages.route('/', signingRoutes(desk));
  // Where a link to a record leads at the real HubSpot.
  pages.get('/contacts/:portal/record/0-3/:id', (c) => c.redirect(to(`/deals/${c.req.param('id')}`), 302));
  pages.get('/contacts/:portal/record/0-1/:id', (c) => c.redirect(to(`/contacts/${c.req.param('id')}`), 302));

  pages.get('/contacts/:id', (c) => {
    const contact = desk.account.find('contacts', c.req.param('id'));
    return contact ? c.html(documentOf(<ContactPage desk={desk} contact={contact} />)) : c.notFound();
  });
  pages.post('/contacts/:id/erase', (c) => {
    desk.account.erase(c.req.param('id'), me(desk).actor);
    return c.redirect(to('/deals'), 303);
  });
  pages.post('/contacts/:id/leave', (c) => {
    const contact = desk.account.find('contacts', c.req.param('id'));
    if (!contact?.properties.email) return c.notFound();
    setLeft(desk.world(), desk.account, contact.properties.email, desk.clock.now(), me(desk).actor);
    return c.redirect(to(`/contacts/${contact.id}`), 303);
  });
  pages.get('/lists', (c) => c.html(documentOf(<Lists desk={desk} />)));

  pages.get('/faults', (c) => c.html(documentOf(<FaultPage desk={desk} said={c.req.query('said') === 'set' ? 'Applied.' : null} />)));
  pages.post('/faults', async (c) => {
    const form = await c.req.parseBody();
    const off = form.all === 'off';
    for (const name of FAULT_NAMES) desk.faults[name] = off ? 0 : within(form[name], 100) / 100;
    desk.faults.maxPauseMs = within(form.maxPauseMs, 60_000);
    desk.searchLag.ms = off ? 0 : within(form.searchLagMs, 600_000);
    return c.redirect(to('/faults?said=set'), 303);
  });
  return pages;
}

function within(value: unknown, most: number): number {
  const number = Number(value);
  return Number.isFinite(number) ? Math.min(Math.max(number, 0), most) : 0;
}
