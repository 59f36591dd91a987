import { Hono } from 'hono';
import { seededRandom } from '#lib/random';
import { NO_FAULTS, type Sandbox, type SandboxOptions } from '#ports/sandbox';
import { createCardClient } from '#shared/sandbox/card';
import { createChangeEvents } from './sandbox/change-events.ts';
import type { Desk } from './sandbox/desk.ts';
import { createHandles, type SalesforceHandles } from './sandbox/handles.ts';
import { consentRoutes } from './sandbox/oauth/consent-routes.tsx';
import { tokenRoutes } from './sandbox/oauth/tokens.ts';
import { createOrg, type Org } from './sandbox/org/org.ts';
import { asJson, fromJson } from './sandbox/org/state.ts';
import { createOutbound } from './sandbox/outbound.ts';
import { cardManners } from './sandbox/pages/card-manners.ts';
import { pageRoutes } from './sandbox/pages/routes.tsx';
import { restRoutes } from './sandbox/rest/serve.ts';
import { seedOrg, type Edition } from './sandbox/seed/seed.ts';

export type { ChangeEvent, ChangeEventLog, RetainedEvent } from './sandbox/change-events.ts';
export type { SalesforceHandles } from './sandbox/handles.ts';

export interface SalesforceSandboxOptions extends SandboxOptions {
  /** Whether `Organization.IsSandbox`; an install of a sandbox is a test install. */
  orgType?: 'production' | 'sandbox';
  /** Decides on the daily number of API calls. */
  edition?: Edition;
  orgId?: string;
  /** Whether records have a `CurrencyIsoCode`. */
  multiCurrency?: boolean;
}

/** Salesforce's side of the wire, for one org. `app` is served at `options.baseUrl()`, which is login host, instance and pages in one. */
export function createSalesforceSandbox(options: SalesforceSandboxOptions): Sandbox & SalesforceHandles {
  const { clock, orgType = 'production', edition = 'enterprise', orgId, multiCurrency = false } = options;
  const faults = { ...NO_FAULTS };
  const random = seededRandom(options.seed);
  const calls: Record<string, number> = {};
  const state = options.state == null ? seedOrg(clock, { orgType, edition, multiCurrency, ...(orgId !== undefined && { orgId }) }) : fromJson(options.state);
  const events = createChangeEvents(clock, state.events);
  const moods = { requestLimitExceeded: false, always401: false, always403: false, lostTokenReplies: 0, blocked: false };
  const outbound = createOutbound({ org: () => org, baseUrl: options.baseUrl, clock, faults, random });
  const org: Org = createOrg({ state, clock, random, events, committed: (changes) => outbound.happened(changes) });
  const card = createCardClient(cardManners(options, () => ({ key: state.cardKey, orgId: state.orgId, userId: org.person().userId })));
  const desk: Desk = { org, clock, faults, moods, options, card, calls: () => calls, answers: () => outbound.answers() };

  const rest = restRoutes({ org, faults, random, moods, calls, baseUrl: options.baseUrl });
  const app = new Hono();
  const tokens = tokenRoutes({ org, app: options.app, baseUrl: options.baseUrl, calls, moods });
  // An org that was moved answers at another address, which here is another path.
  for (const instance of ['', '/moved']) app.route(`${instance}/services/data`, rest).route(instance === '' ? '/' : instance, tokens);
  const handles = createHandles(desk, { events, moods, outboundAnswers: () => outbound.answers() });
  app.route('/', pageRoutes(desk, handles, consentRoutes(desk, moods)));

  return {
    app,
    faults,
    state: () => {
      state.events = events.saved();
      return asJson(state);
    },
    quiet: () => outbound.quiet(),
    calls: () => ({ ...calls }),
    close: () => outbound.close(),
    ...handles,
  };
}
