import * as z from 'zod';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { ask, bodyOf } from './client.ts';
import { codeOf, INVALID_ADDRESS } from './problem.ts';

const madeShape = z.object({ id: z.coerce.number().int().positive() });
const membershipsShape = z.object({ values: z.array(z.object({ id: z.coerce.number(), prospectId: z.coerce.number().nullish(), listId: z.coerce.number().nullish() })) });

/**
 * The prospect of an address, made if absent, by its latest activity where several share it; null where the vendor takes it for no address.
 * Nothing but the address is sent, so a prospect that opted out stays so. Prospects in the recycle bin stay there.
 */
export async function prospectOf(call: Call, email: string): Promise<number | null> {
  const json = { matchEmail: email, prospect: { email }, fields: ['id'], secondaryDeletedSearch: false };
  try {
    return bodyOf(await ask(call, { method: 'POST', path: '/prospects/do/upsertLatestByEmail', json }, [email]), madeShape).id;
  } catch (error) {
    if (codeOf(error) === INVALID_ADDRESS) return null;
    throw error;
  }
}

/** Adds a prospect to a list. Who is a member already, opted out or not, is left as they are. */
export async function addMember(call: Call, list: number, prospect: number): Promise<void> {
  try {
    await ask(call, { method: 'POST', path: '/list-memberships', query: { fields: 'id' }, json: { listId: list, prospectId: prospect } });
  } catch (error) {
    // The vendor's number for a repeat is not documented, so a refusal is held against what is there.
    if (!isRefusal(error) || !(await isMember(call, list, prospect))) throw error;
  }
}

export const isRefusal = (error: unknown): boolean => error instanceof Problem && (error.code === 'vendor.rejected' || error.code === 'vendor.not-found');

async function isMember(call: Call, list: number, prospect: number): Promise<boolean> {
  const query = { fields: 'id,listId,prospectId', listId: String(list), prospectId: String(prospect) };
  const { values } = await ask(call, { method: 'GET', path: '/list-memberships', query }).then((reply) => bodyOf(reply, membershipsShape));
  return values.some(({ listId, prospectId }) => listId === list && prospectId === prospect);
}
