import { chunk } from '#lib/group';
import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Journey, Member } from '#ports/crm';
import { id18, isId } from './ids.ts';
import { salesforceCall } from './client.ts';
import { campaignOf, ensureStatus, findCampaign, forgetCampaign, type Campaign } from './journey-campaign.ts';
import { emit, emitAll } from './journey-event.ts';
import { manifest } from './manifest.ts';
import { recordProblem, type RefusedProblem } from './problem.ts';
import { sendJson } from './request.ts';
import { idList, query } from './soql.ts';
import { textFrom } from './values.ts';

/** Campaigns start what marketing built in every edition that has them; the platform event starts flows and what listens outside. */
export const journey: Journey = {
  async join(call, list, members, status) {
    const asked = [...new Set(members.map(({ contact }) => contact))];
    const people: string[] = asked.filter(isId);
    const absent = asked.filter((contact) => !people.includes(contact));
    for (const some of chunk(people, manifest.limits.batch)) absent.push(...(await joinSome(call, list, some, status, true)));
    return { absent };
  },
  leave,
  emit,
  emitAll,
};

/** Deletes the members: with a status alone they would stay what flows and reports count. Who is none is none. */
async function leave(call: Call, list: string, members: readonly Member[]): Promise<void> {
  const people = [...new Set(members.map(({ contact }) => contact))].filter(isId);
  const campaign = people.length === 0 ? null : await findCampaign(call, list);
  if (campaign === null) return;
  for (const some of chunk(people, manifest.limits.batch)) await leaveSome(call, campaign, some);
}

async function leaveSome(call: Call, campaign: string, contacts: readonly string[]): Promise<void> {
  const rows = await query<Record<string, unknown>>(call, `SELECT Id FROM CampaignMember WHERE CampaignId = '${campaign}' AND ContactId IN ${idList(contacts)}`);
  const ids = rows.flatMap(({ Id }) => (isId(Id) ? [id18(Id)] : []));
  if (ids.length === 0) return;
  const url = `/composite/sobjects?ids=${ids.join(',')}&allOrNone=false`;
  const refused = refusedOf(ids, await salesforceCall(call, (org) => org.request<unknown>({ method: 'DELETE', url })));
  // Taken off by somebody else since.
  const [problem] = [...refused.values()].filter(({ refusal }) => !refusal.errors.some(({ code }) => code === 'ENTITY_IS_DELETED' || code === 'INVALID_CROSS_REFERENCE_KEY'));
  if (problem) throw problem;
}

/** Adds people, at most 200. Returns those who do not exist. */
async function joinSome(call: Call, list: string, contacts: string[], status: string | null, mayLookAgain: boolean): Promise<string[]> {
  const campaign = await campaignOf(call, list);
  if (status !== null) await ensureStatus(call, campaign, status);
  const refused = await add(call, campaign, contacts, status);
  const members = contacts.filter((contact) => refused.get(contact)?.refusal.errors.some(({ code }) => code === 'DUPLICATE_VALUE'));
  if (status !== null && members.length > 0) await setStatus(call, campaign, members, status);
  const others = [...refused].filter(([contact]) => !members.includes(contact));
  if (others.length === 0) return [];
  const there = await existing(
    call,
    others.map(([contact]) => contact),
  );
  const absent = others.flatMap(([contact]) => (there.has(id18(contact)) ? [] : [contact]));
  const [stuck] = others.filter(([contact]) => there.has(id18(contact)));
  if (!stuck) return absent;
  // The person is there, so it may be the remembered campaign that somebody deleted: it is looked up, and made, once more.
  forgetCampaign(call, list);
  if (!mayLookAgain || !isGone(stuck[1])) throw stuck[1];
  const again = others.flatMap(([contact]) => (there.has(id18(contact)) ? [contact] : []));
  return [...absent, ...(await joinSome(call, list, again, status, false))];
}

const isGone = ({ code, refusal }: RefusedProblem): boolean => code === 'vendor.not-found' || refusal.errors.some((error) => error.code === 'INVALID_CROSS_REFERENCE_KEY');

/** Those that were refused, and why. Who is a member already is one of them. */
async function add(call: Call, campaign: Campaign, contacts: readonly string[], status: string | null): Promise<Map<string, RefusedProblem>> {
  const records = contacts.map((contact) => ({
    attributes: { type: 'CampaignMember' },
    CampaignId: campaign.id,
    ContactId: id18(contact),
    ...(status !== null && { Status: status }),
  }));
  return refusedOf(contacts, await sendJson(call, 'POST', '/composite/sobjects', { allOrNone: false, records }));
}

async function setStatus(call: Call, campaign: Campaign, contacts: readonly string[], status: string): Promise<void> {
  const where = `CampaignId = '${campaign.id}' AND ContactId IN ${idList(contacts)}`;
  const members = await query<Record<string, unknown>>(call, `SELECT Id, Status FROM CampaignMember WHERE ${where}`);
  const ids = members.flatMap(({ Id, Status }) => (isId(Id) && textFrom(Status) !== status ? [Id] : []));
  if (ids.length === 0) return;
  const records = ids.map((id) => ({ attributes: { type: 'CampaignMember' }, id, Status: status }));
  const refused = refusedOf(ids, await sendJson(call, 'PATCH', '/composite/sobjects', { allOrNone: false, records }));
  const [problem] = refused.values();
  if (problem) throw problem;
}

async function existing(call: Call, contacts: readonly string[]): Promise<Set<string>> {
  const rows = await query<Record<string, unknown>>(call, `SELECT Id FROM Contact WHERE Id IN ${idList(contacts)}`);
  return new Set(rows.flatMap(({ Id }) => (isId(Id) ? [id18(Id)] : [])));
}

function refusedOf(asked: readonly string[], answer: unknown): Map<string, RefusedProblem> {
  if (!Array.isArray(answer) || answer.length !== asked.length) throw new Problem('vendor.odd-answer');
  return new Map(
    asked.flatMap((one, index) => {
      const result: unknown = answer[index];
      return isObject(result) && result.success === true ? [] : [[one, recordProblem(isObject(result) ? result.errors : [])] as const];
    }),
  );
}
