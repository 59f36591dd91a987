import type { FilterOperatorEnum, SimplePublicObject } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import * as z from 'zod';
import { Problem } from '#core/problem';
import { isObject, type Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { hubspotCall, SEARCH } from './client.ts';
import { changes as dealChanges } from './changes.ts';
import { LEFT, RECONCILE_CONTACT } from './consent-notice.ts';
import { readObjects } from './objects.ts';

/** As for deals: the index of search lags behind. */
const OVERLAP_MS = 15 * 60_000;
const PAGE = 200;
const cursorSchema = z.object({ leftSince: z.number() });

/**
 * Deals that changed and, with the last page of each round, contacts who left all marketing e-mail: one search a round, and one read for each fifty who are found. More than 200
 * at once wait for the next round, which goes on where this one ended.
 */
export async function changes(call: Call, given: Json, now: number): Promise<Changes> {
  const since = cursorSchema.safeParse(given).data?.leftSince ?? now - OVERLAP_MS;
  const deals = await dealChanges(call, given, now);
  const cursor = (leftSince: number): Json => (isObject(deals.cursor) ? { ...deals.cursor, leftSince } : deals.cursor);
  if (deals.more) return { ...deals, cursor: cursor(since) };
  try {
    const found = await search(call, since);
    const notices = await confirm(call, found);
    const last = Date.parse(found.at(-1)?.properties.lastmodifieddate ?? '');
    const next = found.length < PAGE || !Number.isFinite(last) ? now - OVERLAP_MS : Math.max(last, since + 1);
    return { notices: [...deals.notices, ...notices], cursor: cursor(next), more: false };
  } catch (thrown) {
    // Deals are heard of all the same; the next round looks for these contacts from where this one should have. The webhook of the property is the first source of them.
    if (thrown instanceof Problem && (thrown.remedy === 'retry' || thrown.remedy === 'reject')) return { ...deals, cursor: cursor(since) };
    throw thrown;
  }
}

async function search(call: Call, since: number): Promise<SimplePublicObject[]> {
  const filter = (propertyName: string, operator: string, value: string) => ({ propertyName, operator: operator as FilterOperatorEnum, value });
  const filters = [filter(LEFT, 'EQ', 'true'), filter('lastmodifieddate', 'GTE', String(since))];
  const asked = { filterGroups: [{ filters }], sorts: ['lastmodifieddate'], properties: ['lastmodifieddate'], limit: PAGE };
  return (await hubspotCall(call, (crm, bound) => crm.objects.searchApi.doSearch('contacts', asked, bound), SEARCH)).results;
}

/** The record's own history says since when, and by whom: a write of our own must mean as little here as it does in a webhook. */
async function confirm(call: Call, found: readonly SimplePublicObject[]): Promise<Notice[]> {
  if (found.length === 0) return [];
  const ids = found.map(({ id }) => id);
  return (await readObjects(call, 'contacts', ids, [LEFT], [LEFT])).flatMap((contact) => {
    const [last] = contact.propertiesWithHistory?.[LEFT] ?? [];
    if (contact.properties[LEFT] !== 'true' || !last) return [];
    const at = last.timestamp.getTime();
    const payload = { objectId: contact.id, propertyName: LEFT, propertyValue: 'true', changeSource: last.sourceType, sourceId: last.sourceId ?? null };
    return [{ account: call.install.account, key: `hs:${RECONCILE_CONTACT}:${call.install.account}:${contact.id}:${at}`, kind: RECONCILE_CONTACT, at, payload }];
  });
}
