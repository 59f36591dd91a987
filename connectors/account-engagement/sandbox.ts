import { Hono } from 'hono';
import type { Json } from '#lib/json';
import { seededRandom } from '#lib/random';
import { NO_FAULTS, type Faults, type Sandbox, type SandboxOptions } from '#ports/sandbox';
import { placeOf } from '#shared/sandbox/account.tsx';
import { misbehave } from '#shared/sandbox/misbehave';
import { servePages } from '#shared/sandbox/page.tsx';
import { createApi } from './sandbox/api.ts';
import { refuse } from './sandbox/gate.ts';
import { createOauth } from './sandbox/oauth.ts';
import { createOrg, type OrgView } from './sandbox/org.ts';
import { routePages } from './sandbox/routes.ts';
import { restoreState, type BusinessUnit, type List, type Prospect } from './sandbox/state.ts';

export { HOME_UNIT, ORG } from './sandbox/state.ts';

/** What tests and the tour look at, and do in place of a person. */
export interface AccountEngagementHandles {
  /** Addresses of a list's members, oldest first; those of every list of that name. */
  members(list: string): string[];
  lists(): readonly List[];
  prospects(): readonly Prospect[];
  deleteList(name: string): void;
  /** The prospect wants no mail any more. @throws Error where nobody has that address */
  optOut(email: string): void;
  addUnit(unit: BusinessUnit): void;
  /** Whether the user may see the org's business units. */
  showUnits(shown: boolean): void;
  /** No call of the day is left, or all of them are. */
  useUpDay(used: boolean): void;
  /** Every access token is over; refresh tokens live on. */
  expireTokens(): void;
  /** Ends every token, as an admin does under Connected Apps OAuth Usage. */
  revokeGrant(): void;
}

/** Account Engagement's side of the wire and Salesforce's login, all below one address. It sends no webhooks. */
export function createAccountEngagementSandbox(options: SandboxOptions): Sandbox & AccountEngagementHandles {
  const { clock, baseUrl } = options;
  const state = restoreState(options.state);
  const faults: Faults = { ...NO_FAULTS };
  const calls: Record<string, number> = {};
  const view: OrgView = { listsUnits: true };
  const faulty = misbehave(faults, seededRandom(options.seed), calls, {
    // The vendor names no time to wait: five at once are too many, and one of them ends soon.
    rateLimited: (c) => refuse(c, 429, 66, 'You have exceeded your concurrent request limit. Please wait, before trying again'),
    unavailable: (c) => refuse(c, 503, 0, 'Service Unavailable'),
  });

  const app = new Hono();
  servePages(app);
  const place = () => placeOf(options, { vendor: 'Account Engagement', accent: 'violet', home: 'Lists' });
  app.route(
    '/',
    createOauth({
      state,
      clock,
      baseUrl,
      app: options.app,
      place,
    }),
  );
  app.route('/', createOrg({ state, clock, view }));
  app.route('/api/v5/objects', createApi({ state, clock, faulty }));
  routePages(app, { state, faults, place });

  return {
    app,
    faults,
    state: () => JSON.parse(JSON.stringify(state)) as Json,
    quiet: () => Promise.resolve(),
    calls: () => ({ ...calls }),
    close: () => undefined,
    members(name) {
      const ids = state.lists.filter((list) => list.name === name).map(({ id }) => id);
      return state.memberships.filter(({ listId }) => ids.includes(listId)).map(({ prospectId }) => state.prospects.find(({ id }) => id === prospectId)?.email ?? '');
    },
    lists: () => state.lists,
    prospects: () => state.prospects,
    deleteList(name) {
      const gone = state.lists.filter((list) => list.name === name).map(({ id }) => id);
      state.lists = state.lists.filter(({ id }) => !gone.includes(id));
      state.memberships = state.memberships.filter(({ listId }) => !gone.includes(listId));
    },
    optOut(email) {
      const prospect = state.prospects.find((one) => one.email === email);
      if (!prospect) throw new Error('The sandbox has no prospect of that address.');
      prospect.optedOut = true;
    },
    addUnit: (unit) => void state.units.push(unit),
    showUnits: (shown) => void (view.listsUnits = shown),
    useUpDay(used) {
      state.usage = { ...state.usage, day: Math.floor(clock.now() / 86_400_000), used: used ? state.usage.limit : 0 };
    },
    expireTokens() {
      for (const token of Object.values(state.accessTokens)) token.expiresAt = 0;
    },
    revokeGrant() {
      Object.assign(state, { codes: {}, accessTokens: {}, refreshTokens: {} });
    },
  };
}
