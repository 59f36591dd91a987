import type { Contact, Fields, Owner, Snapshot } from '#core/records';
import { chunk } from '#lib/group';
import type { Call } from '#ports/call';
import { readTogether, retrieved, retrieveParts } from './composite.ts';
import { OBJECTS, type Kind } from './describe-objects.ts';
import { MASTER } from './describe-stages.ts';
import { id18, isId } from './ids.ts';
import { manifest } from './manifest.ts';
import { RefusedProblem } from './problem.ts';
import { aroundFrom, aroundPart, leadParts, leadsFrom, type Around } from './read-around.ts';
import { fieldsOf, forgetOrg, freshOrg, orgOf, PRODUCT_NAME, type Org } from './schema.ts';
import { fieldsFrom, textFrom, timeFrom } from './values.ts';

type Row = Record<string, unknown>;

/**
 * Opportunities with their people, account, products, owner and open leads. Two calls for 200 of them, once the org is known: a composite of the records and of
 * what they are linked to, and one of the linked records. One call more for each further 2,000 records of a page, and for each five further lists of ids or
 * addresses. A person account is its account here: it has no contact role of its own.
 */
export async function readDeals(call: Call, ids: readonly string[]): Promise<Snapshot[]> {
  // An id of another form names no record here, and one of them would refuse the whole request.
  const wanted = [...new Set(ids.filter(isId).map(id18))];
  const pages = await Promise.all(chunk(wanted, manifest.limits.batch).map((page) => readPage(call, page)));
  return pages.flat();
}

/** A field may have gone, or been hidden, since the org was described. */
async function readPage(call: Call, ids: readonly string[]): Promise<Snapshot[]> {
  try {
    return await readWith(call, await orgOf(call), ids);
  } catch (thrown) {
    if (!isStale(thrown)) throw thrown;
    return readWith(call, await freshOrg(call), ids);
  }
}

const isStale = (thrown: unknown): boolean => thrown instanceof RefusedProblem && thrown.refusal.errors.some(({ code }) => code === 'INVALID_FIELD' || code === 'INVALID_TYPE');

async function readWith(call: Call, org: Org, ids: readonly string[]): Promise<Snapshot[]> {
  const [linked, ...records] = await readTogether(call, [aroundPart(org, ids), ...retrieveParts(OBJECTS.deal, ids, apiNames(org, 'deal'))]);
  const around = await aroundFrom(call, linked);
  const deals = byId(records.flatMap(retrieved));
  // What was deleted is in no query, while a retrieve may still show it.
  const found = ids.flatMap((id) => {
    const [row, beside] = [deals.get(id), around.get(id)];
    return row && beside ? [{ id, row, beside }] : [];
  });
  if (found.length === 0) return [];
  const known = new Set(org.stages.map(({ id }) => id));
  if (found.some(({ row }) => !known.has(textFrom(row.StageName)))) forgetOrg(call);
  const people = await readPeople(call, org, found);
  return found.map((deal) => snapshot(call, org, deal, people));
}

interface Found {
  id: string;
  row: Row;
  beside: Around;
}
interface People {
  contacts: Map<string, Fields>;
  companies: Map<string, Fields>;
  lines: Map<string, Fields>;
  /** By e-mail address. */
  leads: Map<string, string>;
}

async function readPeople(call: Call, org: Org, found: readonly Found[]): Promise<People> {
  const wanted = {
    contact: found.flatMap(({ beside }) => beside.roles.map(({ contact }) => contact)),
    company: found.flatMap(({ row }) => (isId(row.AccountId) ? [id18(row.AccountId)] : [])),
    line: found.flatMap(({ beside }) => beside.lines.map(({ id }) => id)),
  };
  const kinds = (['contact', 'company', 'line'] as const).flatMap((kind) => retrieveParts(OBJECTS[kind], wanted[kind], apiNames(org, kind)).map((part) => ({ kind, part })));
  const leads = leadParts(
    org,
    found.map(({ beside }) => beside),
  );
  const bodies = await readTogether(call, [...kinds.map(({ part }) => part), ...leads]);
  const of = (kind: Kind): Map<string, Fields> => {
    const rows = byId(bodies.slice(0, kinds.length).flatMap((body, index) => (kinds[index]?.kind === kind ? retrieved(body) : [])));
    return new Map([...rows].map(([id, row]) => [id, fieldsFrom(row, fieldsOf(org, kind))]));
  };
  return { contacts: of('contact'), companies: of('company'), lines: of('line'), leads: await leadsFrom(call, bodies.slice(kinds.length)) };
}

function snapshot(call: Call, org: Org, { id, row, beside }: Found, people: People): Snapshot {
  const company = people.companies.get(textFrom(row.AccountId));
  return {
    deal: {
      id,
      name: textFrom(row.Name) || id,
      fields: fieldsFrom(row, fieldsOf(org, 'deal')),
      pipeline: isId(row.RecordTypeId) ? id18(row.RecordTypeId) : MASTER,
      stage: textFrom(row.StageName),
      // Salesforce dates the stage since Summer '21 [D]; of older records whose stage never moved, it is what they were made in.
      enteredAt: timeFrom(row.LastStageChangeDate) ?? timeFrom(row.CreatedDate),
      url: `${call.install.baseUrl}/lightning/r/Opportunity/${id}/view`,
    },
    contacts: contactsOf(beside, people),
    company: company ? { id: id18(textFrom(row.AccountId)), fields: company } : null,
    lines: beside.lines.flatMap(({ id: line, product }) => {
      const fields = people.lines.get(line);
      return fields ? [{ id: line, fields: { ...fields, [PRODUCT_NAME.name]: product || null } }] : [];
    }),
    owner: ownerOf(row, beside),
    readAt: Date.now(),
  };
}

/** A person may have several roles; the only one of an opportunity is its primary contact, marked or not. Of several none is guessed: a contract goes to them. */
function contactsOf({ roles }: Around, { contacts, leads }: People): Contact[] {
  const marked = roles.find(({ primary }) => primary)?.contact;
  const each = [...new Set(roles.map(({ contact }) => contact))].filter((contact) => contacts.has(contact));
  const primary = marked ?? (each.length === 1 ? each[0] : undefined);
  return each.map((contact) => {
    const own = roles.filter((role) => role.contact === contact);
    const lead = leads.get((own[0]?.email ?? '').toLowerCase());
    return {
      id: contact,
      fields: contacts.get(contact) ?? {},
      labels: [...new Set(own.flatMap(({ role }) => (role === '' ? [] : [role])))],
      primary: contact === primary,
      ...(lead !== undefined && { lead }),
    };
  });
}

function ownerOf(row: Row, { owner }: Around): Owner | null {
  return isId(row.OwnerId) ? { id: id18(row.OwnerId), name: owner.name, email: owner.email } : null;
}

const apiNames = (org: Org, kind: Kind): string[] => fieldsOf(org, kind).map(({ api }) => api);
const byId = (rows: readonly Row[]): Map<string, Row> => new Map(rows.flatMap((row) => (isId(row.Id) ? [[id18(row.Id), row]] : [])));
