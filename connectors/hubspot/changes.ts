import type { FilterOperatorEnum, SimplePublicObject } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import * as z from 'zod';
import type { Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { hubspotCall, SEARCH } from './client.ts';
import { RECONCILE_DEAL } from './inbound.ts';
import { enteredAt, readEntered } from './read.ts';

/** Search lags behind writes, at times by minutes; a window that overlaps the last one by this much sees what came late. */
const OVERLAP_MS = 15 * 60_000;
const PAGE = 200;
/** Search gives no result past this one, whatever is asked. */
const MOST_RESULTS = 10_000;

/** `since` is where the next page starts; `after` goes on among deals changed in the very same millisecond; `started` is when this round began. */
const cursorSchema = z.object({ since: z.number(), after: z.string().nullable(), started: z.number().nullable() });
type Cursor = z.infer<typeof cursorSchema>;

/**
 * Deals changed since the cursor, a page of 200 a time: one search and four batch reads. Each next page starts at the time where the last one ended instead
 * of at an offset, so that deals which change meanwhile shift nothing out of sight, and no window ever grows past HubSpot's 10 000 results.
 */
export async function changes(call: Call, given: Json, now: number): Promise<Changes> {
  const cursor: Cursor = cursorSchema.safeParse(given).data ?? { since: now - OVERLAP_MS, after: null, started: null };
  const started = cursor.started ?? now;
  const page = await search(call, cursor);
  const notices = await confirm(
    call,
    page.results.map((deal) => deal.id),
  );
  const next = nextCursor(cursor, started, page);
  return { notices, cursor: next ?? { since: started - OVERLAP_MS, after: null, started: null }, more: next !== null };
}

function search(call: Call, { since, after }: Cursor) {
  return hubspotCall(
    call,
    (crm, bound) =>
      crm.objects.searchApi.doSearch(
        'deals',
        {
          filterGroups: [{ filters: [{ propertyName: 'hs_lastmodifieddate', operator: 'GTE' as FilterOperatorEnum, value: String(since) }] }],
          sorts: ['hs_lastmodifieddate'],
          properties: ['hs_lastmodifieddate'],
          limit: PAGE,
          ...(after !== null && { after }),
        },
        bound,
      ),
    SEARCH,
  );
}

function nextCursor(cursor: Cursor, started: number, page: { results: SimplePublicObject[]; paging?: { next?: { after: string } } }): Cursor | null {
  const after = page.paging?.next?.after;
  const last = page.results.at(-1);
  if (after === undefined || !last) return null;
  const reached = Date.parse(last.properties.hs_lastmodifieddate ?? '');
  if (Number.isFinite(reached) && reached > cursor.since) return { since: reached, after: null, started };
  return Number(after) + PAGE > MOST_RESULTS ? { since: cursor.since + 1, after: null, started } : { since: cursor.since, after, started };
}

/** The index may be stale; the records themselves are not. */
async function confirm(call: Call, ids: string[]): Promise<Notice[]> {
  if (ids.length === 0) return [];
  const { deals } = await readEntered(call, ids, () => ['dealstage', 'pipeline', 'hs_lastmodifieddate'], ['dealstage']);
  return deals.map((deal) => {
    const stage = deal.properties.dealstage ?? null;
    const entered = enteredAt(deal);
    // Who moved it last: a write of our own must mean as little here as it does in a webhook.
    const [last] = deal.propertiesWithHistory?.['dealstage'] ?? [];
    return {
      account: call.install.account,
      // One entry into a stage is one key, however often the deal changes afterwards.
      key: `hs:${RECONCILE_DEAL}:${call.install.account}:${deal.id}:${stage ?? ''}:${entered ?? 'unknown'}`,
      kind: RECONCILE_DEAL,
      at: entered ?? deal.updatedAt.getTime(),
      payload: {
        objectId: deal.id,
        stage,
        pipeline: deal.properties.pipeline ?? null,
        enteredAt: entered,
        changeSource: last?.sourceType ?? null,
        sourceId: last?.sourceId ?? null,
      },
    };
  });
}
