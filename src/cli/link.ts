import { issueLink } from '#store/sessions';
import { chooseTenant, print, withWorld } from './command.ts';

const LINK_MS = 15 * 60_000;

/** Prints a link that works once, within a quarter of an hour. */
export async function printLink(asked: string | undefined): Promise<void> {
  await withWorld(async (world) => {
    const tenant = asked === undefined ? null : await chooseTenant(world, asked);
    const token = await issueLink(world.db, { tenant, ttlMs: LINK_MS, now: Date.now() });
    print(`${world.flow.publicUrl()}/enter/${token}`);
  });
}
