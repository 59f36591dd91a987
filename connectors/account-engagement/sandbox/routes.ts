import type { Context, Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { documentOf } from '#shared/sandbox/page.tsx';
import { ConsentPage, WordsPage, type Place } from './frame.tsx';
import type { ConsentAsk } from './oauth.ts';
import { FAULT_NAMES, FaultsPage, HomePage } from './pages.tsx';
import type { SandboxState } from './state.ts';

export const consentPage = (place: Place, ask: ConsentAsk) => documentOf(ConsentPage({ place, ask }));
export const wordsPage = (place: Place, title: string, words: string) => documentOf(WordsPage({ place, title, words }));

const MOST_LISTS = 5000;

/** The pages that people need: the lists with their members, and the faults. */
export function routePages(app: Hono, { state, faults, place }: { state: SandboxState; faults: Faults; place: () => Place }): void {
  const home = (c: Context, fault?: string) => c.html(documentOf(HomePage({ place: place(), state, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  const back = (c: Context) => c.redirect(`${place().base}/`, 303);
  const absent = (c: Context, words: string) => c.html(wordsPage(place(), 'Nothing here', words), 404);
  app.get('/', (c) => home(c));

  app.post('/lists/new', async (c) => {
    const form = await c.req.parseBody();
    const name = String(form['name'] ?? '')
      .trim()
      .slice(0, 255);
    const unit = state.units.find(({ id }) => id === form['unit']);
    if (!unit) return absent(c, 'There is no such business unit.');
    if (name === '' || state.lists.length >= MOST_LISTS) return home(c, name === '' ? 'Name the list.' : 'There are enough lists in this sandbox.');
    state.lists.push({ id: state.nextId++, unit: unit.id, name, isDynamic: form['dynamic'] === 'yes' });
    return back(c);
  });
  app.post('/prospects/:id/opt-out', (c) => {
    const prospect = state.prospects.find(({ id }) => String(id) === c.req.param('id'));
    if (!prospect) return absent(c, 'There is no such prospect.');
    prospect.optedOut = true;
    for (const membership of state.memberships.filter(({ prospectId }) => prospectId === prospect.id)) membership.optedOut = true;
    return back(c);
  });

  app.get('/faults', (c) => c.html(documentOf(FaultsPage({ place: place(), faults, saved: c.req.query('saved') === 'yes' }))));
  app.post('/faults', async (c) => {
    const form = await c.req.parseBody();
    for (const name of FAULT_NAMES) {
      const value = Number(form[name]);
      if (Number.isFinite(value) && value >= 0) faults[name] = name === 'maxPauseMs' ? Math.min(value, 60_000) : Math.min(value, 1);
    }
    return c.redirect(`${place().base}/faults?saved=yes`, 303);
  });

  // Mounted under a path, the slash at its end is an address of its own to the router.
  app.get('/*', (c) => (c.req.path === `${new URL(place().base).pathname}/` ? home(c) : absent(c, 'The sandbox has no page at this address.')));
}
