import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Journey } from '#ports/crm';
import { createInstallCache } from '#shared/install-cache';
import { hubspotCall } from './client.ts';
import { emit, lacks } from './journey-event.ts';
import { isRefused } from './problem.ts';

const CONTACT = '0-1';
const MOST_NAMES = 200;
const lists = createInstallCache<Map<string, string>>(60 * 60_000);

/** Static lists are the one trigger, beside a property, that works on every tier of HubSpot. */
export const journey: Journey = {
  emit,
  lacks,
  leave: (call, list, members) =>
    leaveList(
      call,
      list,
      members.map(({ contact }) => contact),
    ),
  /** A static list's members have no status. */
  join: (call, list, members) =>
    joinList(
      call,
      list,
      members.map(({ contact }) => contact),
    ),
};

async function joinList(call: Call, list: string, contacts: readonly string[]): Promise<{ absent: string[] }> {
  if (contacts.length === 0) return { absent: [] };
  const known = await lists.get(call, () => Promise.resolve(new Map<string, string>()));
  const cached = known.get(list);
  const id = cached ?? (await findOrMake(call, list));
  if (known.size >= MOST_NAMES) known.clear();
  known.set(list, id);
  try {
    const answer = await hubspotCall(call, (crm, bound) => crm.lists.membershipsApi.add(id, [...contacts], bound));
    return { absent: (answer.recordIdsMissing ?? []).map(String) };
  } catch (thrown) {
    // Somebody deleted the list that we remembered: it is looked up, and made, once more.
    if (cached === undefined || !(thrown instanceof Problem) || thrown.code !== 'vendor.not-found') throw thrown;
    known.delete(list);
    return joinList(call, list, contacts);
  }
}

/** HubSpot passes over who is not on the list, or not there at all. */
async function leaveList(call: Call, list: string, contacts: readonly string[]): Promise<void> {
  if (contacts.length === 0) return;
  const id = await find(call, list);
  if (id === null) return;
  await hubspotCall(call, async (crm, bound) =>
    crm.lists.membershipsApi.remove(id, [...contacts], bound).catch((thrown: unknown) => {
      // The list has gone since.
      if (!isRefused(thrown, 404)) throw thrown;
    }),
  );
}

async function findOrMake(call: Call, name: string): Promise<string> {
  const found = await find(call, name);
  if (found !== null) return found;
  const made = await hubspotCall(call, async (crm, bound) => crm.lists.listsApi.create({ name, objectTypeId: CONTACT, processingType: 'MANUAL' }, bound).catch(ifTaken));
  if (made) return made.list.listId;
  const taken = await find(call, name);
  if (taken === null) throw new Problem('vendor.rejected', { say: `HubSpot will not make a list named ${name}, and has none. Choose another name, then replay.` });
  return taken;
}

/** Another process may have made the list since we looked; HubSpot says so with 400 or 409. */
function ifTaken(thrown: unknown): undefined {
  if (isRefused(thrown, 400, 409)) return undefined;
  throw thrown;
}

async function find(call: Call, name: string): Promise<string | null> {
  const answer = await hubspotCall(call, async (crm, bound) =>
    crm.lists.listsApi.getByName(name, CONTACT, false, bound).catch((thrown: unknown) => {
      if (isRefused(thrown, 404)) return null;
      throw thrown;
    }),
  );
  if (answer === null) return null;
  if (answer.list.processingType === 'DYNAMIC') {
    throw new Problem('vendor.rejected', { say: `The list ${name} fills itself by its filters, so nobody can be added to it or taken off it. Name a static list, then replay.` });
  }
  return answer.list.listId;
}
