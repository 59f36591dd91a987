import { chunk, groupBy } from '#lib/group';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Journey, Member } from '#ports/crm';
import { forgetList, listId } from './lists.ts';
import { addMember, isRefusal, prospectOf } from './members.ts';

/** One below what the vendor allows at once, for the account's other integrations. */
const AT_ONCE = 4;

/**
 * Puts people on a static list, which engagement programs begin with: two calls a person, both of which may be repeated. Account Engagement knows people by
 * their address; who has none here is absent. Its members have no status.
 */
export const journey: Journey = {
  async join(call, list, members) {
    const [reachable, absent] = split(members);
    if (reachable.size === 0) return { absent };
    return { absent: [...absent, ...(await joinAll(call, list.trim(), reachable))] };
  },
};

/** Contacts by address, and those without one. Two contacts with one address are one prospect. */
function split(members: readonly Member[]): [Map<string, string[]>, string[]] {
  const addressOf = ({ email }: Member) => email?.trim().toLowerCase() ?? '';
  const groups = groupBy(members, (member) => (isAddress(addressOf(member)) ? addressOf(member) : ''));
  const contacts = ([address, some]: [string, Member[]]): [string, string[]] => [address, some.map(({ contact }) => contact)];
  const byAddress = new Map([...groups].map(contacts));
  const absent = byAddress.get('') ?? [];
  byAddress.delete('');
  return [byAddress, absent];
}

/** The vendor takes 255 characters at most. */
const isAddress = (text: string): boolean => text.length <= 255 && /^[^\s@]+@[^\s@]+$/.test(text);

/** @returns contacts whose address the vendor refuses */
async function joinAll(call: Call, list: string, people: Map<string, string[]>): Promise<string[]> {
  if (list === '') throw new Problem('vendor.rejected', { say: 'The list has no name. Correct the mapping, then replay.' });
  const known = listId(call, list);
  const id = await known.id;
  try {
    return await addAll(call, id, people);
  } catch (error) {
    // Somebody may have deleted the list that we remembered: it is looked up, and made, once more.
    if (known.fresh || !isRefusal(error)) throw error;
    forgetList(call, list);
    return addAll(call, await listId(call, list).id, people);
  }
}

async function addAll(call: Call, list: number, people: Map<string, string[]>): Promise<string[]> {
  const refused: string[] = [];
  for (const some of chunk([...people], AT_ONCE)) {
    const outcomes = await Promise.allSettled(
      some.map(async ([address, contacts]) => {
        const prospect = await prospectOf(call, address);
        if (prospect === null) refused.push(...contacts);
        else await addMember(call, list, prospect);
      }),
    );
    // All of them have ended before the first fault goes up: nothing runs on behind a failed call.
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
  return refused;
}
