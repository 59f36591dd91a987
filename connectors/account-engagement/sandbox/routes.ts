import type { Context, Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { absent, routeRest, type Place } from '#shared/sandbox/account.tsx';
import { API_FAULTS, routeFaults } from '#shared/sandbox/faults.tsx';
import { documentOf } from '#shared/sandbox/page.tsx';
import { HomePage } from './pages.tsx';
import type { SandboxState } from './state.ts';

const MOST_LISTS = 5000;

/** The pages that people need: the lists with their members, and the faults. */
export function routePages(app: Hono, { state, faults, place }: { state: SandboxState; faults: Faults; place: () => Place }): void {
  const home = (c: Context, fault?: string) => c.html(documentOf(HomePage({ place: place(), state, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  const back = (c: Context) => c.redirect(`${place().base}/`, 303);
  app.get('/', (c) => home(c));

  app.post('/lists/new', async (c) => {
    const form = await c.req.parseBody();
    const name = String(form['name'] ?? '')
      .trim()
      .slice(0, 255);
    const unit = state.units.find(({ id }) => id === form['unit']);
    if (!unit) return absent(c, place(), 'There is no such business unit.');
    if (name === '' || state.lists.length >= MOST_LISTS) return home(c, name === '' ? 'Name the list.' : 'There are enough lists in this sandbox.');
    state.lists.push({ id: state.nextId++, unit: unit.id, name, isDynamic: form['dynamic'] === 'yes' });
    return back(c);
  });
  app.post('/prospects/:id/opt-out', (c) => {
    const prospect = state.prospects.find(({ id }) => String(id) === c.req.param('id'));
    if (!prospect) return absent(c, place(), 'There is no such prospect.');
    prospect.optedOut = true;
    for (const membership of state.memberships.filter(({ prospectId }) => prospectId === prospect.id)) membership.optedOut = true;
    return back(c);
  });

  routeFaults(app, { place, faults, words: API_FAULTS, note: 'It sends no webhooks.' });
  routeRest(app, place, home);
}
