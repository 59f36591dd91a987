import type { SimplePublicObject } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import type { Call } from '#ports/call';
import { hubspotCall } from './client.ts';
import { manifest } from './manifest.ts';

/** An association from one record to another, with the labels that people gave it. */
export interface Link {
  to: string;
  labels: string[];
  typeIds: number[];
}

/** HubSpot reads fewer records at once where their history is asked for [mem]. */
const BATCH_WITH_HISTORY = 50;

/** Reads records of one type, 100 a call. Those that do not exist are left out: HubSpot answers 207 and names them. */
export async function readObjects(call: Call, object: string, ids: readonly string[], properties: string[], propertiesWithHistory: string[] = []): Promise<SimplePublicObject[]> {
  const pages = await Promise.all(
    chunks([...new Set(ids)], propertiesWithHistory.length > 0 ? BATCH_WITH_HISTORY : manifest.limits.batch).map((page) =>
      hubspotCall(call, (crm, bound) => crm.objects.batchApi.read(object, { inputs: page.map((id) => ({ id })), properties, propertiesWithHistory }, false, bound)),
    ),
  );
  return pages.flatMap((page) => page.results);
}

/** Associations of up to 1000 records in one call, in the order in which HubSpot gives them. Of one record, its first page. */
export async function readLinks(call: Call, from: string, to: string, ids: readonly string[]): Promise<Map<string, Link[]>> {
  const { results } = await hubspotCall(call, (crm, bound) => crm.associations.v4.batchApi.getPage(from, to, { inputs: ids.map((id) => ({ id })) }, bound));
  // A record without any is an error of the 207 and absent here, which means the same.
  return new Map(
    results.map(({ _from, to: links }) => [
      _from.id,
      links.map((link) => ({
        to: String(link.toObjectId),
        labels: link.associationTypes.flatMap((type) => type.label ?? []),
        typeIds: link.associationTypes.map((type) => type.typeId),
      })),
    ]),
  );
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const pages: T[][] = [];
  for (let start = 0; start < items.length; start += size) pages.push(items.slice(start, start + size));
  return pages;
}
