import { Hono } from 'hono';
import type { Json } from '#lib/json';
import { seededRandom } from '#lib/random';
import { NO_FAULTS, type Faults, type Sandbox, type SandboxOptions } from '#ports/sandbox';
import { placeOf } from '#shared/sandbox/account.tsx';
import { misbehave } from '#shared/sandbox/misbehave';
import { servePages } from '#shared/sandbox/page.tsx';
import { createApi } from './sandbox/api.ts';
import { createOauth } from './sandbox/oauth.ts';
import { refuse } from './sandbox/refuse.ts';
import { definitionFault, routePages } from './sandbox/routes.ts';
import { HOME_MID, restoreState, type Definition, type Entry } from './sandbox/state.ts';

export { ACCOUNT, HOME_MID } from './sandbox/state.ts';
export type { Definition, Entry } from './sandbox/state.ts';

/** What tests and the tour look at, and do in place of a person. */
export interface MarketingCloudHandles {
  /** Who entered a journey, oldest first; of one event where a key is given. */
  entries(key?: string): readonly Entry[];
  definitions(): readonly Definition[];
  /** Adds an active event to the home business unit. @throws Error where the key is taken or holds a period */
  define(definition: Pick<Definition, 'key' | 'journey' | 'fields'>): void;
  /** @throws Error where there is no such event */
  deactivate(key: string): void;
  activate(key: string): void;
  /** This contact may enter nothing any more. */
  deactivateContact(contactKey: string): void;
  /** Every access token is over; refresh tokens live on. */
  expireTokens(): void;
  /** Ends every token, as the package's admin does in Installed Packages. */
  revokeGrant(): void;
}

/** Marketing Cloud Engagement's side of the wire: the authentication host at its root, REST below `/rest`. It sends no webhooks. */
export function createMarketingCloudSandbox(options: SandboxOptions): Sandbox & MarketingCloudHandles {
  const { clock, baseUrl } = options;
  const state = restoreState(options.state);
  const faults: Faults = { ...NO_FAULTS };
  const calls: Record<string, number> = {};
  const faulty = misbehave(faults, seededRandom(options.seed), calls, {
    rateLimited(c, seconds) {
      c.header('Retry-After', String(seconds));
      return refuse(c, 429, 50_200, 'Your requests are temporarily blocked. Reduce the number of API requests.');
    },
    unavailable: (c) => refuse(c, 503, 0, 'Service Unavailable'),
  });

  const app = new Hono();
  servePages(app);
  const place = () => placeOf(options, { vendor: 'Marketing Cloud', accent: 'slate', home: 'Journeys' });
  app.route(
    '/',
    createOauth({
      state,
      clock,
      restUrl: () => `${baseUrl()}/rest`,
      app: options.app,
      place,
    }),
  );
  app.route('/rest', createApi({ state, clock, faulty }));
  routePages(app, { state, faults, place });

  function definitionOf(key: string): Definition {
    const definition = state.definitions.find((one) => one.key === key);
    if (!definition) throw new Error(`The sandbox has no event ${key}.`);
    return definition;
  }

  return {
    app,
    faults,
    state: () => JSON.parse(JSON.stringify(state)) as Json,
    quiet: () => Promise.resolve(),
    calls: () => ({ ...calls }),
    close: () => undefined,
    entries: (key) => (key === undefined ? state.entries : state.entries.filter((entry) => entry.key === key)),
    definitions: () => state.definitions,
    define(definition) {
      const made: Definition = { ...definition, mid: HOME_MID, active: true };
      const fault = definitionFault(state, made);
      if (fault) throw new Error(fault);
      state.definitions.push(made);
    },
    deactivate: (key) => void (definitionOf(key).active = false),
    activate: (key) => void (definitionOf(key).active = true),
    deactivateContact: (contactKey) => void state.inactive.push(contactKey),
    expireTokens() {
      for (const token of Object.values(state.accessTokens)) token.expiresAt = 0;
    },
    revokeGrant() {
      Object.assign(state, { codes: {}, accessTokens: {}, refreshTokens: {} });
    },
  };
}
