import type { Owner } from '#core/records';
import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { hubspotCall } from './client.ts';

const MOST_PAGES = 20;
const owners = createInstallCache<Map<string, Owner | null>>(10 * 60_000);

/** The owners with these ids. One page of 500 an install and ten minutes, and once more where an id is new. */
export async function ownersOf(call: Call, ids: readonly string[]): Promise<Map<string, Owner | null>> {
  if (ids.length === 0) return new Map();
  const known = await owners.get(call, () => load(call));
  if (ids.every((id) => known.has(id))) return known;
  owners.forget(call);
  const fresh = await owners.get(call, () => load(call));
  // Left colleagues stay on their deals for ever: remember them as absent too, or each read would ask again.
  for (const id of ids) if (!fresh.has(id)) fresh.set(id, null);
  return fresh;
}

async function load(call: Call): Promise<Map<string, Owner | null>> {
  const all = new Map<string, Owner | null>();
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await hubspotCall(call, (crm, bound) => crm.owners.ownersApi.getPage(undefined, after, 500, false, bound));
    for (const { id, firstName, lastName, email } of answer.results) all.set(id, { id, name: [firstName, lastName].filter(Boolean).join(' '), email: email ?? '' });
    after = answer.paging?.next?.after;
    if (after === undefined) break;
  }
  return all;
}
