import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { isId, id18 } from './ids.ts';
import { fieldsOf, orgOf } from './schema.ts';
import { containing, query } from './soql.ts';
import { fieldsFrom, textFrom } from './values.ts';

const SHOWN = ['Name', 'Amount', 'CurrencyIsoCode', 'StageName', 'RecordTypeId', 'CloseDate', 'OwnerId', 'Esign_Status__c'];
const MOST = 200;
const LONGEST_WORD = 100;

/** Opportunities for a person to pick from, of those that the connected user may see. One call. */
export async function listDeals(call: Call, { text, limit }: Parameters<Crm['list']>[1]): ReturnType<Crm['list']> {
  const infos = fieldsOf(await orgOf(call), 'deal').filter(({ name }) => SHOWN.includes(name));
  const word = text?.trim().slice(0, LONGEST_WORD);
  const named = word ? ` WHERE Name LIKE ${containing(word)}` : '';
  const columns = ['Id', ...infos.map(({ api }) => api)].join(', ');
  const rows = await query<Record<string, unknown>>(
    call,
    `SELECT ${columns} FROM Opportunity${named} ORDER BY CreatedDate DESC, Id DESC LIMIT ${Math.max(1, Math.min(limit, MOST))}`,
  );
  return rows.flatMap((row) => (isId(row.Id) ? [{ id: id18(row.Id), name: textFrom(row.Name), stage: textFrom(row.StageName), fields: fieldsFrom(row, infos) }] : []));
}
