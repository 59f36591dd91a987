import type { Hono } from 'hono';
import { createConsole, consoleRoutes, type ConsoleOptions } from '#http/console';
import type { ConsoleEnv } from '#http/console/context';
import { manualClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { createSealer } from '#lib/seal';
import type { TenantId } from '#core/ids';
import { migrate, openDatabase, type Db } from '#store/database';
import { openSession } from '#store/sessions';
import { fakeDesk, type FakeDesk } from './desk.ts';

export const ORIGIN = 'https://console.example.com';

export interface World {
  db: Db;
  clock: Clock & { advance?(ms: number): void };
  desk: FakeDesk;
  options: ConsoleOptions;
  app: Hono<ConsoleEnv>;
  routes: { method: string; path: string }[];
  /** Asks the console; a session's cookie goes along, and what a browser adds to a form of our own page. A header given as '' is left out. */
  ask(path: string, init?: { cookie?: string; method?: string; form?: Record<string, string>; headers?: Record<string, string> }): Promise<Response>;
  /** A session's cookie: of a tenant, or (null) of an operator. */
  signIn(tenant: TenantId | null): Promise<string>;
  close(): Promise<void>;
}

export async function openWorld(over: { clock?: Clock; publicUrl?: () => string; db?: Db } = {}): Promise<World> {
  const db = over.db ?? openDatabase(':memory:');
  if (!over.db) await migrate(db);
  const clock = over.clock ?? manualClock();
  const desk = fakeDesk();
  const options: ConsoleOptions = {
    db,
    desk,
    clock,
    publicUrl: over.publicUrl ?? (() => ORIGIN),
    sandbox: true,
    vendors: [
      { id: 'hubspot', name: 'HubSpot', connectable: true, capabilities: ['inbound', 'crm', 'journey'], webhook: 'app' },
      { id: 'docusign', name: 'DocuSign', connectable: true, capabilities: ['inbound', 'sign'], webhook: 'install', byKey: true },
    ],
    sealer: createSealer(Buffer.alloc(32, 7)),
    log: createLog('silent'),
    sandboxLinks: [
      { label: 'HubSpot deal board', href: '/sandbox/hubspot/' },
      { label: 'Mailbox', href: '/sandbox/mailbox/' },
    ],
  };
  const app = createConsole(options);
  return {
    db,
    clock,
    desk,
    options,
    app,
    routes: consoleRoutes(app),
    async ask(path, { cookie, method, form, headers } = {}) {
      const own = form || (method !== undefined && method !== 'GET') ? { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' } : {};
      const sent = Object.entries({ ...own, ...(cookie ? { cookie: `__Host-countersign_session=${cookie}` } : {}), ...headers }).filter(([, value]) => value !== '');
      const init = {
        method: method ?? (form ? 'POST' : 'GET'),
        headers: Object.fromEntries(sent),
        ...(form ? { body: new URLSearchParams(form).toString() } : {}),
      };
      return app.request(new URL(path, ORIGIN).href, init);
    },
    signIn: async (tenant) => (await openSession(db, tenant, clock.now())).cookie,
    close: () => db.destroy(),
  };
}
