import type { Command } from 'commander';
import { sayHold } from '#core/brakes';
import type { HeldSendId, HoldId, InstallId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Stoppable } from '#flow/desk/brakes';
import { asTenant } from '#store/scope';
import { brakesNow, listHeld, listHolds, type HoldView } from '#store/view/brakes';
import type { World } from '../world.ts';
import { JSON_OUT, TENANT, chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

const BY = 'command line';
/** What one command lists. */
const SHOWN = 200;

interface Common {
  tenant?: string;
  json?: boolean;
}

const inTenant = <T>(options: Common, work: (world: World, tenant: TenantId) => Promise<T>): Promise<T> =>
  withWorld(async (world) => {
    const tenant = await chooseTenant(world, options.tenant);
    return asTenant(tenant, () => work(world, tenant));
  });

export function brakeCommands(program: Command): void {
  heldCommands(program);
  stopCommands(program);
}

const sentenceOf = ({ rule, cause, waiting, sent, first_at: firstAt, last_at: lastAt }: HoldView): string => sayHold({ rule, cause, waiting, sent, firstAt, lastAt });

function heldCommands(program: Command): void {
  const held = program.command('held').description('Sends that wait for a person.');
  const add = (usage: string, description: string) =>
    held
      .command(usage)
      .description(description)
      .option(...TENANT)
      .option(...JSON_OUT);

  add('list', 'What is held; with an id, the deals of that hold.')
    .argument('[hold]')
    .action(async (hold: string | undefined, options: Common) => {
      if (hold !== undefined) return listSends(hold as HoldId, options);
      const { rows } = await inTenant(options, (world, tenant) => listHolds(world.db, tenant, { limit: SHOWN }));
      const open = rows.filter(({ closed_at }) => closed_at === null);
      if (options.json) return printJson(open);
      if (open.length === 0) return print('Nothing is held.');
      for (const one of open) print(`${one.id}  since ${new Date(one.opened_at).toISOString()}\n  ${sentenceOf(one)}`);
      print('\nSend them: countersign held release <hold>. Never send them: countersign held discard <hold>.');
    });

  for (const [verb, description, done] of [
    ['release', 'Send what is held, from each deal as it is now.', 'The server reads each deal and sends, at once where it runs.'],
    ['discard', 'Never send what is held, and say so on the deals.', 'The server says so on the deals, at once where it runs.'],
  ] as const)
    add(verb, description)
      .argument('<hold>')
      .option('--send <ids>', 'these alone, separated by commas; all by default')
      .action(async (hold: string, options: Common & { send?: string }) => {
        const only = options.send === undefined ? null : (options.send.split(',').flatMap((id) => id.trim() || []) as HeldSendId[]);
        const count = await inTenant(options, (world, tenant) => world.desk.brakes[verb](tenant, hold as HoldId, only, BY));
        if (options.json) return printJson({ [`${verb}d`]: count });
        print(count === 0 ? 'Nothing of that waits any more.' : `${count} ${verb}d. ${done}`);
      });
}

async function listSends(hold: HoldId, options: Common): Promise<void> {
  const { rows, next } = await inTenant(options, (world, tenant) => listHeld(world.db, tenant, hold, undefined, { limit: SHOWN }));
  if (options.json) return printJson({ items: rows, next });
  if (rows.length === 0) throw new Problem('request.not-found', { say: 'Nothing of that id is held.' });
  printTable([['SEND', 'STATE', 'ENTERED', 'DEAL', 'NAME'], ...rows.map((row) => [row.id, row.state, new Date(row.at).toISOString(), row.deal, row.deal_name])]);
  if (next) print(`The first ${SHOWN}; the page Held of the console has the rest.`);
}

interface Where extends Common {
  server?: boolean;
  rule?: string;
  crm?: string;
}

function stopCommands(program: Command): void {
  const add = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .option('--server', 'every tenant of this server')
      .option('--tenant <id>', 'one tenant; the only one by default')
      .option('--rule <id>', 'one send rule of the tenant')
      .option('--crm <vendor>', 'where several CRMs have that rule')
      .option(...JSON_OUT);

  add('stop', 'Stop sending, in every process at once: envelopes, reminders and journey messages wait.')
    .requiredOption('--because <words>', 'why, for whoever finds it stopped')
    .action(async (options: Where & { because: string }) => {
      await switched(options, {
        server: ({ desk }) => desk.brakes.stopServer(options.because, BY),
        one: ({ desk }, tenant, what) => desk.brakes.stop(tenant, what, options.because, BY),
      });
      if (options.json) return printJson({ stopped: true });
      print('Stopped. What is with the provider already stays there. Go on with: countersign resume, with the same options.');
    });

  add('resume', 'Go on sending. What was held goes on, from each deal as it is now.').action(async (options: Where) => {
    await switched(options, { server: ({ desk }) => desk.brakes.resumeServer(BY), one: ({ desk }, tenant, what) => desk.brakes.resume(tenant, what, BY) });
    if (options.json) return printJson({ stopped: false });
    print('Resumed. What was held goes on, at once where the server runs.');
  });

  program
    .command('stops')
    .description('What is stopped now.')
    .option(...TENANT)
    .option(...JSON_OUT)
    .action(async (options: Common) => {
      const { server, stops } = await inTenant(options, (world, tenant) => brakesNow(world.db, tenant));
      if (options.json) return printJson({ server, stops });
      if (!server && stops.length === 0) return print('Nothing is stopped.');
      const rows = [
        ...(server ? [['server', server.by, new Date(server.at).toISOString(), server.because]] : []),
        ...stops.map((one) => [one.rule === null ? 'tenant' : `rule ${one.rule}`, one.by, new Date(one.at).toISOString(), one.because]),
      ];
      printTable([['STOPPED', 'BY', 'SINCE', 'BECAUSE'], ...rows]);
    });
}

interface Switching {
  server: (world: World) => Promise<void>;
  one: (world: World, tenant: TenantId, what: Stoppable) => Promise<void>;
}

async function switched(options: Where, { server, one }: Switching): Promise<void> {
  if (options.server) {
    if (options.rule !== undefined || options.tenant !== undefined) throw new Problem('request.malformed', { say: 'Say --server, or a tenant or a rule: not both.' });
    return withWorld((world) => server(world));
  }
  await inTenant(options, async (world, tenant) =>
    one(world, tenant, options.rule === undefined ? null : { crm: await crmOf(world, tenant, options.rule, options.crm), rule: options.rule }),
  );
}

/** @throws Problem naming the rules where there is none of that id */
async function crmOf({ desk }: World, tenant: TenantId, rule: string, vendor: string | undefined): Promise<InstallId> {
  const rules = await desk.brakes.rules(tenant);
  const [found, other] = rules.filter((one) => one.rule === rule && (vendor === undefined || one.vendor === vendor));
  if (found && !other) return found.crm;
  if (found) throw new Problem('request.malformed', { say: 'Several CRMs have that rule. Name one with --crm.' });
  throw new Problem('request.not-found', { say: `There is no rule "${rule}". There are: ${rules.map((one) => one.rule).join(', ')}.` });
}
