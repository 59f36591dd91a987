import type { Command } from 'commander';
import type { EndpointId, MessageId, TenantId } from '#core/ids';
import { listEndpoints } from '#store/view/endpoints';
import type { World } from '../world.ts';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

interface Common {
  tenant?: string;
  json?: boolean;
}
const BY = 'command line';
/** A command only writes down what shall be sent: who sends is the server. */
const SENT_BY_SERVER = 'The server sends it, at once where it runs. See countersign webhooks list, or Webhooks in the console, for what came of it.';

export function webhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('Endpoints that hear of what happens to envelopes.');
  /** A command about one tenant, which can answer in JSON. */
  const add = (usage: string, description: string) =>
    webhooks
      .command(usage)
      .description(description)
      .option(...TENANT)
      .option(...JSON_OUT);
  const inTenant = <T>(options: Common, work: (world: World, tenant: TenantId) => Promise<T>): Promise<T> =>
    withWorld(async (world) => work(world, await chooseTenant(world, options.tenant)));

  add('list', 'Endpoints and how they fare.').action(async (options: Common) => {
    const endpoints = await inTenant(options, (world, tenant) => listEndpoints(world.db, tenant));
    if (options.json) return printJson(endpoints);
    if (endpoints.length === 0) return print('There is no endpoint yet: countersign webhooks add https://…');
    const rows = endpoints.map((one) => [
      one.id,
      one.state === 'disabled' ? 'disabled' : one.failing_since === null ? 'active' : 'failing',
      String(one.waiting),
      String(one.failed),
      one.last_ok_at === null ? 'never' : new Date(one.last_ok_at).toISOString(),
      one.url,
    ]);
    printTable([['ENDPOINT', 'STATE', 'WAITING', 'FAILED', 'LAST SUCCESS', 'ADDRESS'], ...rows]);
  });

  add('add', 'Tell events to an address. Prints the signing secret, this once.')
    .argument('<url>', 'https, reachable from the internet')
    .option('--events <types>', 'separated by commas; all of them by default', '')
    .option('--description <text>', 'what it is', '')
    .action(async (url: string, options: Common & { events: string; description: string }) => {
      const events = options.events.split(',').flatMap((type) => type.trim() || []);
      const added = await inTenant(options, (world, tenant) => world.desk.endpoints.add(tenant, { url, events, description: options.description }, BY));
      if (options.json) return printJson(added);
      print(`Added ${added.id}. Its signing secret, which is not shown again:\n\n  ${added.secret}\n`);
    });

  add('test', 'Send a test event.')
    .argument('<endpoint>')
    .action(async (endpoint: string, options: Common) => {
      const message = await inTenant(options, (world, tenant) => world.desk.endpoints.test(tenant, endpoint as EndpointId, BY));
      if (options.json) return printJson({ message });
      print(`${message} is on its way. ${SENT_BY_SERVER}`);
    });

  add('rotate', 'Make a new signing secret. The one before signs beside it for 24 hours.')
    .argument('<endpoint>')
    .action(async (endpoint: string, options: Common) => {
      const { secret, oldUntil } = await inTenant(options, (world, tenant) => world.desk.endpoints.rotate(tenant, endpoint as EndpointId, BY));
      const until = new Date(oldUntil).toISOString();
      if (options.json) return printJson({ secret, oldUntil: until });
      print(`The new signing secret, which is not shown again:\n\n  ${secret}\n\nThe one before signs beside it until ${until}.`);
    });

  add('replay', 'Send again what failed, or one message.')
    .argument('<endpoint>')
    .option('--message <id>', 'this one, whether it failed or was told')
    .action(async (endpoint: string, options: Common & { message?: string }) => {
      const id = endpoint as EndpointId;
      const replayed = await inTenant(options, async ({ desk }, tenant) => {
        if (options.message === undefined) return desk.endpoints.replayFailed(tenant, id, BY);
        await desk.endpoints.replay(tenant, id, options.message as MessageId, BY);
        return 1;
      });
      if (options.json) return printJson({ replayed });
      print(replayed === 0 ? 'Nothing has failed.' : `${replayed} on the way again. ${SENT_BY_SERVER}`);
    });
}
