import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Gate } from '#http/gate';
import { sameOriginOnly, sessionOf } from '#http/sessions';
import { asServer, bindTenant } from '#store/scope';
import { brakesNow, countFaulty, countWaiting, findTenant } from '#store/view';
import { serveAssets } from './console/assets.ts';
import { attributionPages } from './console/attribution.tsx';
import { consentPersonPage } from './console/consent-person.tsx';
import { consentRecordPage } from './console/consent-record.tsx';
import { consentTextPages } from './console/consent-texts.tsx';
import { consentPages } from './console/consents.tsx';
import { capturePagesOfConsole } from './console/capture.tsx';
import type { ConsoleContext, ConsoleEnv, ConsoleOptions } from './console/context.ts';
import { chooseCrm } from './console/crm-choice.tsx';
import { dryRunPage } from './console/dry-run.tsx';
import { askToSignIn, enterPages } from './console/enter.tsx';
import { endpointPages } from './console/endpoints.tsx';
import { envelopePage } from './console/envelope.tsx';
import { envelopePages } from './console/envelopes.tsx';
import { answerError, answerNotFound } from './console/errors.tsx';
import { faultyPages } from './console/faulty.tsx';
import { consoleHeaders } from './console/headers.ts';
import { heldPages } from './console/held.tsx';
import { homePage } from './console/home.tsx';
import { inboxPages } from './console/inbox.tsx';
import { installPages } from './console/installs.tsx';
import { ledgerPage } from './console/ledger.tsx';
import { mappingEditor } from './console/mapping-editor.tsx';
import { mappingVersionPages } from './console/mapping-versions.tsx';
import { mappingsPage } from './console/mappings.tsx';
import { outboxPages } from './console/outbox.tsx';
import { overviewPage } from './console/overview.tsx';
import { reportPages } from './console/reports.tsx';
import { stopPages } from './console/stops.tsx';
import { storyPages } from './console/story.tsx';

export type { ConsoleOptions, Vendor } from './console/context.ts';
export { answerError, answerNotFound } from './console/errors.tsx';
export { consoleHeaders } from './console/headers.ts';

const BODY_BYTES = 1_000_000;
/** The console's own addresses. Its rules hold for these alone, so that it can be mounted at `/` beside webhooks, which come from elsewhere. */
const OWN = ['/', '/t/*', '/enter/*', '/leave', '/assets/*'];
/** `/t/*` in the order in which they are tried: fixed names before those with a parameter in their place. */
const TENANT_PAGES = [
  overviewPage,
  heldPages,
  stopPages,
  installPages,
  envelopePages,
  envelopePage,
  consentPages,
  consentTextPages,
  consentPersonPage,
  consentRecordPage,
  storyPages,
  inboxPages,
  faultyPages,
  outboxPages,
  mappingsPage,
  dryRunPage,
  mappingVersionPages,
  mappingEditor,
  endpointPages,
  capturePagesOfConsole,
  ledgerPage,
  reportPages,
  attributionPages,
];

/** The console, to be mounted at `/`. Its pages are views of what the line wrote; what a person does goes through the desk. */
export function createConsole(options: ConsoleOptions, gate?: Gate): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  for (const path of OWN) {
    app.use(path, consoleHeaders());
    app.use(path, async (c, next) => {
      c.set('options', options);
      await next();
    });
    app.use(path, sameOriginOnly(options.publicUrl));
    app.use(path, bodyLimit({ maxSize: BODY_BYTES, onError: refuseLargeBody }));
  }
  app.route('/', serveAssets());
  for (const path of ['/', '/t/*', '/enter/*']) {
    app.use(path, async (c, next) => {
      c.set('session', await sessionOf(c, options));
      c.header('cache-control', 'no-store');
      await next();
    });
  }
  app.route('/', homePage());
  if (gate) app.use('/enter/*', gate.limit('enter'));
  app.route('/', enterPages());
  app.use('/t/:tenant/*', admit);
  for (const path of ['/t/:tenant/mappings', '/t/:tenant/mappings/*']) app.use(path, chooseCrm);
  for (const pages of TENANT_PAGES) app.route('/t/:tenant', pages());
  for (const path of OWN.slice(1)) app.all(path, (c) => answerNotFound(c, options));
  app.onError((error, c) => answerError(error, c, options));
  app.notFound((c) => answerNotFound(c, options));
  return app;
}

/** Every address that the console answers, for tests that go through all of them. */
export function consoleRoutes(app: Hono<ConsoleEnv>): { method: string; path: string }[] {
  return app.routes.filter((route) => route.method !== 'ALL').map(({ method, path }) => ({ method, path }));
}

/** Lets a session into its own tenant, an operator into any. Another's tenant looks exactly like one that does not exist. */
async function admit(c: ConsoleContext, next: () => Promise<void>): Promise<Response | void> {
  const { session, options } = c.var;
  if (!session) return askToSignIn(c);
  const id = c.req.param('tenant') as TenantId;
  if (session.tenant !== null && session.tenant !== id) throw new Problem('request.not-found');
  // From here on the database itself shows this request one tenant's rows, whatever a page asks for.
  bindTenant(id);
  const tenant = await findTenant(options.db, id);
  if (!tenant) throw new Problem('request.not-found');
  c.set('tenant', tenant);
  c.set('waiting', await countWaiting(options.db, id));
  c.set('brakes', await brakesNow(options.db, id));
  if (session.tenant === null) c.set('faulty', await asServer(() => countFaulty(options.db)));
  await next();
}

function refuseLargeBody(): never {
  throw new Problem('request.too-large');
}
