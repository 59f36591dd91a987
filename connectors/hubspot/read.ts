import type { SimplePublicObject } from '@hubspot/api-client/lib/codegen/crm/objects/index.js';
import type { CrmSchema, FieldInfo, Owner, Snapshot } from '#core/records';
import type { Call } from '#ports/call';
import { readLinks, readObjects, type Link } from './objects.ts';
import { ownersOf } from './owners.ts';
import { fieldsFrom } from './values.ts';
import { forgetSchema, schemaOf } from './schema.ts';

/** HubSpot's type of a deal's primary company. */
const PRIMARY_COMPANY = 5;
const MOST_LINKED = 50;

/** HubSpot keeps, for each stage, when a deal last entered it. */
const enteredProperty = (stage: string): string => `hs_v2_date_entered_${stage}`;
const enteredProperties = (schema: CrmSchema): string[] => schema.pipelines.flatMap((pipeline) => pipeline.stages.map((stage) => enteredProperty(stage.id)));
export function enteredAt(deal: SimplePublicObject): number | null {
  const time = Date.parse(deal.properties[enteredProperty(deal.properties.dealstage ?? '')] ?? '');
  return Number.isFinite(time) ? time : null;
}

/** Deals with the time of entry into their stage, and the schema. Of a stage that was made since the schema was read that time has not been asked for, so both are read again. */
export async function readEntered(call: Call, ids: readonly string[], fields: (schema: CrmSchema) => string[], history: string[] = []) {
  const read = async () => {
    const schema = await schemaOf(call);
    return { schema, deals: await readObjects(call, 'deals', ids, [...fields(schema), ...enteredProperties(schema)], history) };
  };
  const first = await read();
  const known = new Set(enteredProperties(first.schema));
  if (first.deals.every(({ properties: { dealstage } }) => !dealstage || known.has(enteredProperty(dealstage)))) return first;
  forgetSchema(call);
  return read();
}

/**
 * Deals with their contacts, company, line items and owner. For 100 deals with one of each: 1 (deals) + 3 (associations) + 3 (records) = 7 calls, and one
 * more for every further 100 records of a type; the first read of an install adds 7 for its schema and owners.
 */
export async function readDeals(call: Call, ids: readonly string[]): Promise<Snapshot[]> {
  if (ids.length === 0) return [];
  const { schema, deals: found } = await readEntered(call, ids, ({ fields }) => names(fields.deal));
  if (found.length === 0) return [];
  const dealIds = found.map((deal) => deal.id);
  const [contacts, companies, lines, owners] = await Promise.all([
    linked(call, 'contacts', dealIds, schema.fields.contact),
    linked(call, 'companies', dealIds, schema.fields.company),
    linked(call, 'line_items', dealIds, schema.fields.line),
    ownersOf(call, [...new Set(found.flatMap((deal) => deal.properties.hubspot_owner_id || []))]),
  ]);
  const order = new Map(ids.map((id, index) => [id, index]));
  return found.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0)).map((deal) => snapshot(call, deal, schema, { contacts, companies, lines, owners }));
}

interface Around {
  contacts: Linked;
  companies: Linked;
  lines: Linked;
  owners: Map<string, Owner | null>;
}

function snapshot(call: Call, deal: SimplePublicObject, schema: CrmSchema, around: Around): Snapshot {
  const contacts = around.contacts(deal.id);
  const primary = contacts.find(({ link }) => link.labels.includes('Primary')) ?? contacts[0];
  const companies = around.companies(deal.id);
  const company = companies.find(({ link }) => link.typeIds.includes(PRIMARY_COMPANY)) ?? companies[0];
  return {
    deal: {
      id: deal.id,
      name: deal.properties.dealname || deal.id,
      fields: fieldsFrom(deal.properties, schema.fields.deal),
      pipeline: deal.properties.pipeline ?? '',
      stage: deal.properties.dealstage ?? '',
      enteredAt: enteredAt(deal),
      url: recordUrl(call, deal.id),
    },
    contacts: contacts.map((contact) => ({ id: contact.id, fields: contact.fields, labels: contact.link.labels, primary: contact === primary })),
    company: company ? { id: company.id, fields: company.fields } : null,
    lines: around.lines(deal.id).map(({ id, fields }) => ({ id, fields })),
    owner: around.owners.get(deal.properties.hubspot_owner_id ?? '') ?? null,
    readAt: Date.now(),
  };
}

type Linked = (deal: string) => { id: string; fields: Snapshot['deal']['fields']; link: Link }[];

/** The records of one type around each deal, in HubSpot's order, at most 50 a deal. */
async function linked(call: Call, object: string, deals: string[], infos: FieldInfo[]): Promise<Linked> {
  const links = await readLinks(call, 'deals', object, deals);
  const wanted = deals.flatMap((deal) => (links.get(deal) ?? []).slice(0, MOST_LINKED).map((link) => link.to));
  const records = new Map((await readObjects(call, object, wanted, names(infos))).map((record) => [record.id, record]));
  return (deal) =>
    (links.get(deal) ?? []).flatMap((link) => {
      const record = records.get(link.to);
      return record ? [{ id: record.id, fields: fieldsFrom(record.properties, infos), link }] : [];
    });
}

const names = (infos: FieldInfo[]): string[] => infos.map((info) => info.name);

/** The deal's page. `uiDomain` is what HubSpot says of the account at install (EU accounts have their own). */
export function recordUrl(call: Call, deal: string): string | null {
  const { uiDomain } = call.install.details;
  if (typeof uiDomain !== 'string' || uiDomain === '') return null;
  return `${new URL(call.install.baseUrl).protocol}//${uiDomain}/contacts/${call.install.account}/record/0-3/${deal}`;
}
