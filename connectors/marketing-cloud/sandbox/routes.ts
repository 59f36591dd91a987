import type { Context, Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { absent, routeRest, type Place } from '#shared/sandbox/account.tsx';
import { API_FAULTS, routeFaults } from '#shared/sandbox/faults.tsx';
import { documentOf } from '#shared/sandbox/page.tsx';
import { HomePage, NEW_FIELDS } from './pages.tsx';
import { FIELD_TYPES, HOME_MID, type Definition, type DefinitionField, type SandboxState } from './state.ts';

const MOST_DEFINITIONS = 200;

/** Why an event cannot be added; null where it can. */
export function definitionFault(state: SandboxState, { key, journey, mid }: Pick<Definition, 'key' | 'journey' | 'mid'>): string | null {
  if (!key || !journey) return 'Name the journey and the key.';
  if (key.includes('.')) return 'An event definition key holds no period.';
  if (state.definitions.some((one) => one.key === key && one.mid === mid)) return 'There is an event with this key already.';
  return state.definitions.length >= MOST_DEFINITIONS ? 'There are enough events in this sandbox.' : null;
}

/** The pages that people need: the account with its journeys, and the faults. */
export function routePages(app: Hono, { state, faults, place }: { state: SandboxState; faults: Faults; place: () => Place }): void {
  const home = (c: Context, fault?: string) => c.html(documentOf(HomePage({ place: place(), state, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  const back = (c: Context) => c.redirect(`${place().base}/`, 303);
  app.get('/', (c) => home(c));

  app.post('/definitions/activity', async (c) => {
    const { key, mid, active } = await c.req.parseBody();
    const definition = state.definitions.find((one) => one.key === key && one.mid === mid);
    if (!definition) return absent(c, place(), 'There is no such event.');
    definition.active = active === 'yes';
    return back(c);
  });
  app.post('/definitions/new', async (c) => {
    const form = await c.req.parseBody();
    const text = (name: string) =>
      String(form[name] ?? '')
        .trim()
        .slice(0, 100);
    const made: Definition = { key: text('key'), journey: text('journey'), mid: HOME_MID, active: true, fields: fieldsOf(text) };
    const fault = definitionFault(state, made);
    if (fault) return home(c, fault);
    state.definitions.push(made);
    return back(c);
  });

  routeFaults(app, { place, faults, words: { ...API_FAULTS, rateLimited: 'API calls answered 429' }, note: 'It sends no webhooks.' });
  routeRest(app, place, home);
}

function fieldsOf(text: (name: string) => string): DefinitionField[] {
  return Array.from({ length: NEW_FIELDS }, (_, index) => ({
    name: text(`field${index}`),
    type: FIELD_TYPES.find((one) => one === text(`type${index}`)) ?? 'Text',
    required: false,
  })).filter(({ name }) => name !== '');
}
