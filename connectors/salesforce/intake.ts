import { isObject } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, Lead } from '#ports/crm';
import { namesOf } from '#shared/lead-name';
import { id18, isId } from './ids.ts';
import { sendJson } from './request.ts';
import { query, quoted } from './soql.ts';
import { textFrom } from './values.ts';
import { write } from './write.ts';

/** Lengths of Salesforce's fields [D]. */
const LAST_NAME = 80;
const FIRST_NAME = 40;
/** Newest opportunities of one name among which an earlier one is looked for. */
const MOST_DEALS = 200;
/** A salesperson sets the real day; the field may not be empty. */
const CLOSE_AFTER_DAYS = 30;
const DAY_MS = 86_400_000;
/** Duplicate rules warn people; a form has nobody who could answer [D: Duplicate Rule header]. */
const HEADERS = { 'sforce-duplicate-rule-header': 'allowSave=true', 'sforce-auto-assign': 'FALSE' };

/**
 * Finds or makes the contact with an address, and the opportunity with its contact role. Salesforce keeps no address unique, so the oldest contact with it is taken; reads see what was written
 * before, so that a repetition finds what a lost reply had made. An opportunity has no unique name: its description carries a reference, as tasks do.
 * @throws Problem `vendor.*`
 */
export const intake: NonNullable<Crm['intake']> = async (call, lead) => {
  const known = await findContact(call, lead.email);
  const contact = known ?? (await makeContact(call, lead));
  const { first } = namesOf(lead.name);
  const said = { FirstName: first.slice(0, FIRST_NAME), Phone: lead.phone, ...lead.fields };
  const set = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ''));
  const [outcome] = Object.keys(set).length > 0 ? await write(call, [{ record: { type: 'contact', id: contact }, set, once: Object.keys(set) }]) : [];
  if (outcome && !outcome.ok) throw outcome.problem;
  const deal = lead.deal ? await ensureDeal(call, lead, lead.deal, contact) : null;
  return { contact, created: known === null, deal, left: outcome?.left.map(({ field }) => field) ?? [] };
};

async function findContact(call: Call, email: string): Promise<string | null> {
  const [oldest] = await query<Record<string, unknown>>(call, `SELECT Id FROM Contact WHERE Email = ${quoted(email)} ORDER BY CreatedDate, Id LIMIT 1`);
  return oldest && isId(oldest.Id) ? id18(oldest.Id) : null;
}

async function makeContact(call: Call, { email, name, company }: Lead): Promise<string> {
  const { first, last } = namesOf(name);
  const names = { LastName: (last || company || email).slice(0, LAST_NAME), ...(first !== '' && { FirstName: first.slice(0, FIRST_NAME) }) };
  return idOf(await sendJson(call, 'POST', '/sobjects/Contact', { ...names, Email: email }, HEADERS));
}

async function ensureDeal(call: Call, { key }: Lead, deal: NonNullable<Lead['deal']>, contact: string): Promise<string> {
  const marker = `Countersign reference ${sha256(key).slice(0, 16)}`;
  const deals = await query<Record<string, unknown>>(
    call,
    `SELECT Id, Description FROM Opportunity WHERE Name = ${quoted(deal.name)} ORDER BY CreatedDate DESC, Id DESC LIMIT ${MOST_DEALS}`,
  );
  const found = deals.find(({ Description }) => textFrom(Description).includes(marker))?.Id;
  const id = isId(found) ? id18(found) : await makeDeal(call, deal, contact, marker);
  const roles = await query(call, `SELECT Id FROM OpportunityContactRole WHERE OpportunityId = '${id}' AND ContactId = '${contact}' LIMIT 1`);
  if (roles.length === 0) await sendJson(call, 'POST', '/sobjects/OpportunityContactRole', { OpportunityId: id, ContactId: contact, IsPrimary: true });
  return id;
}

async function makeDeal(call: Call, { name, stage }: NonNullable<Lead['deal']>, contact: string, marker: string): Promise<string> {
  const stages = await query<Record<string, unknown>>(call, 'SELECT ApiName, MasterLabel FROM OpportunityStage WHERE IsActive = true');
  const own = stages.find(({ ApiName, MasterLabel }) => ApiName === stage || MasterLabel === stage)?.ApiName;
  if (typeof own !== 'string') throw new Problem('vendor.rejected', { say: `The org has no stage "${stage}". Correct the capture page, then replay.` });
  const [person] = await query<Record<string, unknown>>(call, `SELECT AccountId FROM Contact WHERE Id = '${contact}' LIMIT 1`);
  const account = isId(person?.AccountId) ? { AccountId: id18(person.AccountId) } : {};
  const closes = new Date(Date.now() + CLOSE_AFTER_DAYS * DAY_MS).toISOString().slice(0, 10);
  return idOf(await sendJson(call, 'POST', '/sobjects/Opportunity', { Name: name, StageName: own, CloseDate: closes, Description: marker, ...account }, HEADERS));
}

/** @throws Problem `vendor.odd-answer` */
function idOf(answer: unknown): string {
  if (!isObject(answer) || !isId(answer.id)) throw new Problem('vendor.odd-answer');
  return id18(answer.id);
}
