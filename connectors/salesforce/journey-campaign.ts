import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { id18, isId } from './ids.ts';
import { RefusedProblem } from './problem.ts';
import { sendJson } from './request.ts';
import { salesforceCall } from './client.ts';
import { query, quoted } from './soql.ts';
import { textFrom } from './values.ts';

export interface Campaign {
  id: string;
  /** Member statuses that it is known to have. */
  statuses: Set<string>;
}

const CAMPAIGN = /^701/;
const LONGEST_NAME = 80;
const MOST_NAMES = 200;
const campaigns = createInstallCache<Map<string, Promise<Campaign>>>(60 * 60_000);
const known = (call: Call): Promise<Map<string, Promise<Campaign>>> => campaigns.get(call, () => Promise.resolve(new Map<string, Promise<Campaign>>()));

/** The campaign of that name, or with that id; made where a name has none. Callers at the same time wait for the same one, for names are not unique. */
export async function campaignOf(call: Call, list: string): Promise<Campaign> {
  const held = await known(call);
  const found = held.get(list);
  if (found) return found;
  const search = findOrMake(call, list).catch((thrown: unknown) => {
    held.delete(list);
    throw thrown;
  });
  if (held.size >= MOST_NAMES) held.clear();
  held.set(list, search);
  return search;
}

export function forgetCampaign(call: Call, list: string): void {
  void known(call).then((held) => held.delete(list));
}

/** The campaign of that name, or with that id; null where there is none, and none is made. */
export async function findCampaign(call: Call, list: string): Promise<string | null> {
  return isId(list) && CAMPAIGN.test(list) ? id18(list) : find(call, list.slice(0, LONGEST_NAME));
}

async function findOrMake(call: Call, list: string): Promise<Campaign> {
  if (isId(list) && CAMPAIGN.test(list)) return { id: id18(list), statuses: new Set() };
  const name = list.slice(0, LONGEST_NAME);
  const found = await find(call, name);
  if (found !== null) return { id: found, statuses: new Set() };
  const made = await make(call, name);
  // Another process may have made one at the same moment: both look again, and both take the older.
  const oldest = (await find(call, name)) ?? made;
  if (oldest !== made) await salesforceCall(call, (org) => org.request<unknown>({ method: 'DELETE', url: `/sobjects/Campaign/${made}` })).catch(() => undefined);
  return { id: oldest, statuses: new Set() };
}

async function find(call: Call, name: string): Promise<string | null> {
  const [oldest] = await query<Record<string, unknown>>(call, `SELECT Id FROM Campaign WHERE Name = ${quoted(name)} ORDER BY CreatedDate, Id LIMIT 1`);
  return oldest && isId(oldest.Id) ? id18(oldest.Id) : null;
}

async function make(call: Call, name: string): Promise<string> {
  try {
    const made = await sendJson(call, 'POST', '/sobjects/Campaign', { Name: name, IsActive: true });
    if (isObject(made) && isId(made.id)) return id18(made.id);
  } catch (thrown) {
    if (!(thrown instanceof RefusedProblem) || thrown.remedy !== 'reject') throw thrown;
    const say = `The org has no campaign named ${name}, and the connected user may not make one (it takes the Marketing User right). Make the campaign, then replay.`;
    throw new Problem('vendor.rejected', { say, facts: thrown.facts });
  }
  throw new Problem('vendor.odd-answer');
}

/** Salesforce gives a member the default in place of a status that its campaign lacks [mem], so it is made first. */
export async function ensureStatus(call: Call, campaign: Campaign, status: string): Promise<void> {
  if (campaign.statuses.has(status)) return;
  const rows = await query<Record<string, unknown>>(call, `SELECT Label, SortOrder FROM CampaignMemberStatus WHERE CampaignId = '${campaign.id}' ORDER BY SortOrder`);
  for (const { Label } of rows) campaign.statuses.add(textFrom(Label));
  if (campaign.statuses.has(status)) return;
  const last = Math.max(0, ...rows.map(({ SortOrder }) => (typeof SortOrder === 'number' ? SortOrder : 0)));
  try {
    await sendJson(call, 'POST', '/sobjects/CampaignMemberStatus', { CampaignId: campaign.id, Label: status, SortOrder: last + 1, HasResponded: false });
  } catch (thrown) {
    // Made by somebody else since.
    if (!(thrown instanceof RefusedProblem) || !thrown.refusal.errors.some(({ code }) => code.startsWith('DUPLICATE'))) throw thrown;
  }
  campaign.statuses.add(status);
}
