import type { Call } from '#ports/call';
import { isObject } from '#lib/json';
import { allRecords, inRuns, queryPart, type Part } from './composite.ts';
import { id18, isId } from './ids.ts';
import { hasField, type Org } from './schema.ts';
import { idList, quoted } from './soql.ts';
import { textFrom } from './values.ts';

/** People and products of one opportunity that are read. */
const MOST_CONTACTS = 50;
const MOST_LINES = 200;

/** What stands around an opportunity, by id. */
export interface Around {
  owner: { name: string; email: string };
  roles: { contact: string; email: string; role: string; primary: boolean }[];
  lines: { id: string; product: string }[];
}

/** One query, with what the org has of it: products and contact roles may be off, and a field that the user may not see refuses the whole. */
export function aroundPart(org: Org, deals: readonly string[]): Part {
  const parts = ['Id', 'Owner.Name', 'Owner.Email'];
  if (org.described.contact) {
    const email = hasField(org, 'contact', 'Email') ? ', Contact.Email' : '';
    parts.push(`(SELECT ContactId, Role, IsPrimary${email} FROM OpportunityContactRoles ORDER BY IsPrimary DESC, CreatedDate, Id LIMIT ${MOST_CONTACTS})`);
  }
  if (org.described.line) {
    const product = hasField(org, 'line', 'Product2Id') ? ', Product2.Name' : '';
    parts.push(`(SELECT Id${product} FROM OpportunityLineItems ORDER BY CreatedDate, Id LIMIT ${MOST_LINES})`);
  }
  return queryPart(`SELECT ${parts.join(', ')} FROM Opportunity WHERE Id IN ${idList(deals)}`);
}

export async function aroundFrom(call: Call, body: unknown): Promise<Map<string, Around>> {
  const rows = await allRecords(call, body);
  const all = new Map<string, Around>();
  for (const row of rows) {
    const [roles, lines] = [await allRecords(call, row.OpportunityContactRoles), await allRecords(call, row.OpportunityLineItems)];
    all.set(id18(textFrom(row.Id)), {
      owner: { name: textFrom(part(row.Owner).Name), email: textFrom(part(row.Owner).Email) },
      roles: roles.flatMap((role) => (isId(role.ContactId) ? [roleFrom(role, role.ContactId)] : [])),
      lines: lines.flatMap((line) => (isId(line.Id) ? [{ id: id18(line.Id), product: textFrom(part(line.Product2).Name) }] : [])),
    });
  }
  return all;
}

function roleFrom(role: Record<string, unknown>, contact: string): Around['roles'][number] {
  return { contact: id18(contact), email: textFrom(part(role.Contact).Email), role: textFrom(role.Role), primary: role.IsPrimary === true };
}

/** Open leads of these people: a lead has no link to a contact before it is converted, so the e-mail address is what they share. */
export function leadParts(org: Org, around: Iterable<Around>): Part[] {
  if (!['Email', 'IsConverted'].every((name) => hasField(org, 'lead', name))) return [];
  const emails = new Set([...around].flatMap(({ roles }) => roles.flatMap(({ email }) => (email === '' ? [] : [email.toLowerCase()]))));
  return inRuns([...emails].map(quoted)).map((run) =>
    queryPart(`SELECT Id, Email FROM Lead WHERE IsConverted = false AND Email IN (${run.join(',')}) ORDER BY CreatedDate DESC, Id`),
  );
}

/** The newest of each address. */
export async function leadsFrom(call: Call, bodies: readonly unknown[]): Promise<Map<string, string>> {
  const leads = new Map<string, string>();
  for (const body of bodies) {
    for (const { Id, Email } of await allRecords(call, body)) {
      const email = textFrom(Email).toLowerCase();
      if (isId(Id) && !leads.has(email)) leads.set(email, id18(Id));
    }
  }
  return leads;
}

const part = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});
