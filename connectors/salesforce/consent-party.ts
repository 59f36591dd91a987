import { isObject } from '#lib/json';
import type { Call } from '#ports/call';
import type { Part } from './composite.ts';
import type { Places } from './consent-places.ts';
import { id18, isId } from './ids.ts';
import { hasField, fieldsOf, orgOf } from './schema.ts';
import { query } from './soql.ts';
import { textFrom } from './values.ts';

/** Who agreed or objected: a contact or a lead, and their Individual where the org keeps people apart. */
export interface Party {
  object: 'Contact' | 'Lead';
  id: string;
  /** Null where there is none yet. */
  individual: string | null;
  firstName: string;
  lastName: string;
  /** The Email Opt Out of the record. */
  leftMail: boolean;
  /** Whether we may set it. */
  mayLeaveMail: boolean;
  /** The Individual's own word: solicit me not at all. */
  leftAll: boolean;
}

const LEAD = /^00Q/;
const LEFT_MAIL = 'HasOptedOutOfEmail';

/** Null where there is no such record, or it is in the recycle bin. One call. @throws Problem */
export async function partyOf(call: Call, places: Places, contact: string): Promise<Party | null> {
  if (!isId(contact)) return null;
  const object = LEAD.test(contact) ? 'Lead' : 'Contact';
  const org = await orgOf(call);
  const kind = object === 'Lead' ? 'lead' : 'contact';
  const leaves = hasField(org, kind, LEFT_MAIL);
  const individuals = places.individuals ? ', IndividualId, Individual.HasOptedOutSolicit' : '';
  const [row] = await query<Record<string, unknown>>(
    call,
    `SELECT Id, FirstName, LastName${leaves ? `, ${LEFT_MAIL}` : ''}${individuals} FROM ${object} WHERE Id = '${id18(contact)}' LIMIT 1`,
  );
  if (!row) return null;
  return {
    object,
    id: id18(contact),
    individual: isId(row.IndividualId) ? row.IndividualId : null,
    firstName: textFrom(row.FirstName),
    lastName: textFrom(row.LastName),
    leftMail: row[LEFT_MAIL] === true,
    mayLeaveMail: fieldsOf(org, kind).some(({ name, writable }) => name === LEFT_MAIL && writable),
    leftAll: isObject(row.Individual) && row.Individual.HasOptedOutSolicit === true,
  };
}

/** Parts that make the Individual, and what stands for its id in the parts that follow. Both or neither, so that a lost answer leaves no Individual whom nobody knows. */
export function individualParts(party: Party): { parts: Part[]; id: string } {
  const { individual, object, id, firstName, lastName } = party;
  if (individual !== null) return { parts: [], id: individual };
  const body = { LastName: plain(lastName) || 'Unknown', ...(firstName !== '' && { FirstName: plain(firstName) }) };
  return {
    parts: [
      { method: 'POST', path: '/sobjects/Individual', body },
      { method: 'PATCH', path: `/sobjects/${object}/${id}`, body: { IndividualId: '@{part0.id}' } },
    ],
    id: '@{part0.id}',
  };
}

/** A composite request would take `@{…}` in somebody's name for a reference. */
const plain = (text: string): string => text.replaceAll('@{', '{');

/** Who leaves all mail leaves it in the record too, for every org sends by that box. None where it is ticked already or is not ours to tick. */
export function leaveMailParts({ object, id, leftMail, mayLeaveMail }: Party): Part[] {
  return leftMail || !mayLeaveMail ? [] : [{ method: 'PATCH', path: `/sobjects/${object}/${id}`, body: { [LEFT_MAIL]: true } }];
}
