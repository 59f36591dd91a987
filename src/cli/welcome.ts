import { relative } from 'node:path';
import { commandOf } from '#http/console/command';
import { wasEntered } from '#store/sessions';
import type { World } from '../world.ts';

const LINK = commandOf('link');

/** What a start prints: where to begin, and last of all the address, which scripts wait for. */
export async function welcome(world: World, address: string): Promise<string> {
  const { sandbox, config } = world;
  // Nobody can sign in here, and a link would lie in the log of a process that nobody looks at.
  if (config.role === 'worker') return `Countersign works here, and answers /healthz, /readyz and /metrics alone, at port ${config.port}.\nCountersign is ready at ${address}`;
  const links = sandbox?.links ?? [];
  const width = Math.max(0, ...links.map(({ label }) => label.length));
  const pages = links.map(({ label, href }) => `     ${label.padEnd(width)}  ${address}${href}`);
  const near = relative(process.cwd(), config.database);
  const file = near.startsWith('..') ? config.database : near;
  const where = config.database.includes('://') ? 'PostgreSQL, as configured' : file;
  return [
    '',
    sandbox ? 'Countersign runs with a sandbox world: every vendor is played by this process, and no mail leaves it.' : 'Countersign runs live.',
    '',
    ...(await signIn(world)),
    ...(sandbox ? ['  2  Follow the first steps there. The sandbox’s own pages:', ...pages] : []),
    '',
    `Data: ${where}   Another link: ${LINK}   Stop: Ctrl-C`,
    '',
    `Countersign is ready at ${address}`,
  ].join('\n');
}

/** Live, only the very first start prints an operator's link: a later one would lie in the service's log, of use to whoever reads it first. */
async function signIn(world: World): Promise<string[]> {
  if (!world.sandbox && (await wasEntered(world.db))) return [`  1  Sign in by a link: ${LINK}`];
  return ['  1  Sign in. This link works once, within 15 minutes:', `     ${await world.link()}`];
}
