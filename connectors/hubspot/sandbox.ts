import { Hono } from 'hono';
import { seededRandom } from '#lib/random';
import { NO_FAULTS, type Sandbox, type SandboxOptions } from '#ports/sandbox';
import { createCardClient } from '#shared/sandbox/card';
import { createAccount, person, type CrmAccount } from './sandbox/account.ts';
import { apiRoutes } from './sandbox/api.ts';
import { cardManners } from './sandbox/card-manners.ts';
import { me, type Desk } from './sandbox/desk.ts';
import { uninstall } from './sandbox/oauth.ts';
import { pageRoutes } from './sandbox/pages.tsx';
import { preferencesIn, setLeft, setStatus, statusIn } from './sandbox/preferences.ts';
import { seedWorld } from './sandbox/seed.ts';
import { createWebhooks } from './sandbox/webhooks.ts';
import { createWorkflow } from './sandbox/workflow.ts';
import { asJson, fromJson, type Actor, type Item, type PreferenceState, type World } from './sandbox/world.ts';

export interface HubSpotSandboxOptions extends SandboxOptions {
  /** HubSpot's account type; anything but `STANDARD` makes the install a test account. */
  accountType?: 'STANDARD' | 'SANDBOX' | 'DEVELOPER_TEST';
  portalId?: number;
  /** How far search lags behind writes, milliseconds. Also set on the faults page. */
  searchLagMs?: number;
  /** False: the account's subscription has no custom events. */
  customEvents?: boolean;
}

/** What tests and tours do as the people of the account would. */
export interface HubSpotHandles {
  /** Live: changes to it change the account. */
  world(): World;
  account: CrmAccount;
  deal(id: string): Item | undefined;
  contact(id: string): Item | undefined;
  /** The first deal whose name holds the text. @throws Error where there is none */
  dealNamed(text: string): Item;
  contactsOf(deal: string): Item[];
  /** Moves a deal as a person does on the board, or as `by`. */
  moveDeal(id: string, stage: string, by?: Actor): void;
  setDeal(id: string, properties: Record<string, string>, by?: Actor): void;
  deleteDeal(id: string): void;
  eraseContact(id: string): void;
  /** Names of the members of a list, by the list's name; null where there is no such list. */
  listMembers(name: string): string[] | null;
  /** What an address said of a subscription, by its name. */
  subscription(email: string, name: string): PreferenceState['status'];
  /** The person says so, on the page of preferences. */
  saySubscription(email: string, name: string, status: PreferenceState['status']): void;
  /** The person leaves all marketing e-mail, or comes back. */
  leaveMail(email: string, left?: boolean): void;
  /** A workflow comes to the app's step for a deal. */
  startAction: ReturnType<typeof createWorkflow>;
  /** What let a workflow go on; null while it waits, undefined where none was held. */
  completed(callback: string): Record<string, string> | null | undefined;
  /** The account's admin removes the app, without telling it. */
  revokeGrant(): void;
  /** Lets every access token end now. */
  expireTokens(): void;
  /** Deliveries of webhooks so far, by the status that answered them. */
  webhookAnswers(): Record<number, number>;
}

/** HubSpot's side of the wire, for one account. `app` is served at `options.baseUrl()`, which is both its API and its pages. */
export function createHubSpotSandbox(options: HubSpotSandboxOptions): Sandbox & HubSpotHandles {
  const { clock } = options;
  const faults = { ...NO_FAULTS };
  const random = seededRandom(options.seed);
  const calls: Record<string, number> = {};
  const searchLag = { ms: options.searchLagMs ?? 0 };
  const held = options.state == null ? seedWorld(clock.now(), options.portalId ?? 4_242_001, options.accountType ?? 'STANDARD') : fromJson(options.state);
  if (options.state == null) held.customEvents = options.customEvents === false ? null : { definitions: {}, told: [] };
  const world = () => held;
  const webhooks = createWebhooks(world, { app: options.app, clock, faults, random });
  const account = createAccount(held, clock, { searchLagMs: () => searchLag.ms, happened: (event) => webhooks.happened(event) });
  const card = createCardClient(cardManners(options, clock, () => ({ portalId: held.portalId, ...me(desk) })));
  const desk: Desk = { world, account, clock, faults, options, card, calls: () => calls, answers: () => webhooks.answers(), searchLag };

  const app = new Hono();
  app.route('/', apiRoutes({ world, account, clock, faults, random, calls, app: options.app, uiDomain: () => options.baseUrl().replace(/^https?:\/\//, '') }));
  app.route('/', pageRoutes(desk));

  const someone = (): Actor => person(held.owners[0] ?? { userId: 1, firstName: 'Sam', lastName: 'Rivera' });
  const setDeal = (id: string, properties: Record<string, string>, by = someone()) => {
    const deal = account.find('deals', id);
    const [fault] = account.invalid('deals', properties);
    if (!deal || fault) throw new Error(fault?.message ?? `There is no deal ${id}.`);
    account.update(deal, 'deals', properties, by);
  };
  const subscriptionNamed = (name: string): string => {
    const known = preferencesIn(held).definitions.find((one) => one.name === name);
    if (!known) throw new Error(`There is no subscription named ${name}.`);
    return known.id;
  };
  return {
    app,
    faults,
    state: () => asJson(held),
    quiet: () => webhooks.quiet(),
    calls: () => ({ ...calls }),
    close: () => webhooks.close(),
    world,
    account,
    deal: (id) => account.find('deals', id),
    contact: (id) => account.find('contacts', id),
    dealNamed(text) {
      const deal = account.all('deals').find((known) => known.properties.dealname?.includes(text));
      if (!deal) throw new Error(`There is no deal named ${text}.`);
      return deal;
    },
    contactsOf: (deal) => account.linked(deal, 'contacts'),
    moveDeal: (id, stage, by) => setDeal(id, { dealstage: stage }, by),
    setDeal,
    deleteDeal: (id) => account.remove(id, someone()),
    eraseContact: (id) => account.erase(id, someone()),
    listMembers: (name) => {
      const list = Object.values(held.lists).find((known) => known.name === name);
      return list ? Object.keys(list.members) : null;
    },
    subscription: (email, name) => statusIn(held, email, subscriptionNamed(name)),
    saySubscription: (email, name, status) => setStatus(held, email, subscriptionNamed(name), { status, at: clock.now() }),
    leaveMail: (email, left = true) => setLeft(held, account, email, left ? clock.now() : null, someone()),
    startAction: createWorkflow(world, options, clock),
    completed: (callback) => held.waiting?.[callback]?.outputs,
    revokeGrant: () => uninstall(held),
    expireTokens: () => {
      for (const token of Object.keys(held.tokens)) held.tokens[token] = clock.now();
    },
    webhookAnswers: () => webhooks.answers(),
  };
}
