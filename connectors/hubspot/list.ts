import type { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { hubspotCall, SEARCH } from './client.ts';
import { schemaOf } from './schema.ts';
import { fieldsFrom } from './values.ts';

const SHOWN = ['dealname', 'amount', 'deal_currency_code', 'dealstage', 'pipeline', 'closedate', 'hubspot_owner_id', 'esign_status'];
const MOST = 200;

/** Deals for a person to pick from. Search lags behind writes, which a list to pick from can bear. */
export async function listDeals(call: Call, { text, limit }: Parameters<Crm['list']>[1]): ReturnType<Crm['list']> {
  const schema = await schemaOf(call);
  const infos = schema.fields.deal.filter((info) => SHOWN.includes(info.name));
  const word = text?.trim();
  const { results } = await hubspotCall(
    call,
    (crm, bound) =>
      crm.objects.searchApi.doSearch(
        'deals',
        {
          filterGroups: word ? [{ filters: [{ propertyName: 'dealname', operator: 'CONTAINS_TOKEN' as FilterOperatorEnum, value: `*${word.slice(0, 100)}*` }] }] : [],
          sorts: ['-createdate'],
          properties: SHOWN,
          limit: Math.min(limit, MOST),
        },
        bound,
      ),
    SEARCH,
  );
  return results.map((deal) => ({ id: deal.id, name: deal.properties.dealname ?? '', stage: deal.properties.dealstage ?? '', fields: fieldsFrom(deal.properties, infos) }));
}
