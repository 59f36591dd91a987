import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import type { Random } from '#lib/random';
import type { Faults, SandboxOptions } from '#ports/sandbox';
import { misbehave } from '#shared/sandbox/misbehave';
import type { CrmAccount } from './account.ts';
import { rateLimited, unavailable } from './errors.ts';
import { limitRate, requireScope, requireToken } from './guard.ts';
import { listRoutes } from './lists.ts';
import { oauthRoutes, uninstall } from './oauth.ts';
import { eventRoutes } from './journey-events.ts';
import { kindOf, objectRoutes } from './objects.ts';
import { preferenceRoutes } from './preferences.ts';
import { associationRoutes, settingsRoutes } from './settings.ts';
import { workflowRoutes } from './workflow.ts';
import type { World } from './world.ts';

interface Parts {
  world: () => World;
  account: CrmAccount;
  clock: Clock;
  faults: Faults;
  random: Random;
  calls: Record<string, number>;
  app: SandboxOptions['app'];
  /** Host (and path) at which people see the account. */
  uiDomain: () => string;
}

/** Everything that programs call. */
export function apiRoutes({ world, account, clock, faults, random, calls, app, uiDomain }: Parts): Hono {
  const api = new Hono();
  // Token calls stay out of the faults: a person who consented could not simply do it again, and HubSpot counts them apart.
  api.route('/', oauthRoutes(world, clock, app));

  const refusals = { rateLimited: (c: Context, seconds: number) => rateLimited(c, 'TEN_SECONDLY_ROLLING', seconds), unavailable };
  for (const path of ['/crm/*', '/communication-preferences/*', '/events/*', '/automation/*', '/account-info/*', '/appinstalls/*']) {
    api.use(path, misbehave(faults, random, calls, refusals));
    api.use(path, requireToken(world, clock));
    api.use(path, limitRate(clock));
  }
  api.use('/crm/v3/objects/*', requireScope(world, objectScope));
  api.use('/crm/v3/properties/*', requireScope(world, schemaScope));
  api.use(
    '/crm/v3/pipelines/*',
    requireScope(world, () => 'crm.objects.deals.read'),
  );
  api.use(
    '/crm/v3/owners/*',
    requireScope(world, () => 'crm.objects.owners.read'),
  );
  api.use(
    '/crm/v3/lists/*',
    requireScope(world, (c) => (c.req.method === 'GET' ? 'crm.lists.read' : 'crm.lists.write')),
  );
  api.use(
    '/crm/v4/*',
    requireScope(world, () => 'crm.objects.deals.read'),
  );

  api.use(
    '/communication-preferences/*',
    requireScope(world, () => 'communication_preferences.read_write'),
  );

  api.get('/account-info/:version/details', (c) => {
    const { portalId, accountType, timeZone, currency } = world();
    return c.json({
      portalId,
      accountType,
      timeZone,
      companyCurrency: currency,
      additionalCurrencies: ['USD', 'GBP', 'CHF'],
      utcOffset: '+02:00',
      utcOffsetMilliseconds: 7_200_000,
      uiDomain: uiDomain(),
      dataHostingLocation: 'eu1',
    });
  });
  api.delete('/appinstalls/:version/external-install', (c) => {
    uninstall(world());
    return c.body(null, 204);
  });
  api.route('/crm/v3/objects', objectRoutes(account, world, app.appId));
  api.route('/crm', settingsRoutes(world, clock));
  api.route('/crm', associationRoutes(world));
  api.route('/crm/v3/lists', listRoutes(world, clock));
  api.route('/communication-preferences', preferenceRoutes(world, account, clock, app.appId));
  api.route('/events/v3', eventRoutes(world));
  api.route('/automation/v4/actions', workflowRoutes(world));
  return api;
}

/** Tasks count as contacts' activities [mem]; everything has a scope of its own for reading and for writing. */
function objectScope(c: Context): string {
  const [, type, rest = ''] = /\/crm\/v3\/objects\/([^/]+)(.*)$/.exec(c.req.path) ?? [];
  const kind = kindOf(type);
  if (!kind) return '';
  const reads = c.req.method === 'GET' || rest.endsWith('/batch/read') || rest.endsWith('/search');
  return `crm.objects.${kind === 'tasks' ? 'contacts' : kind}.${reads ? 'read' : 'write'}`;
}

function schemaScope(c: Context): string {
  const kind = kindOf(/\/crm\/v3\/properties\/([^/]+)/.exec(c.req.path)?.[1]);
  return kind ? `crm.schemas.${kind === 'tasks' ? 'contacts' : kind}.${c.req.method === 'GET' ? 'read' : 'write'}` : '';
}
