import * as z from 'zod';
import { chunk, groupBy } from '#lib/group';
import { isObject, type Json } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { changes as dealChanges } from './changes.ts';
import { allRecords, queryPart, readTogether } from './composite.ts';
import { contactNotices, individualNotices, pointNotices } from './consent-notice.ts';
import { placesOf } from './consent-places.ts';
import { id18, isId } from './ids.ts';
import { moment } from './moment.ts';
import { hasField, orgOf } from './schema.ts';
import { datetime, idList } from './soql.ts';

/** Deals are asked for every minute; consent seldom changes, so it costs a fifth of that: 288 calls a day, and one for each page that holds something. */
const EVERY_MS = 5 * 60_000;
/** As for deals: a record is seen when its transaction commits, which is later than the time that it bears. */
const OVERLAP_MS = 15 * 60_000;
const PAGE = 500;
const MOST_IDS = 200;

const cursorSchema = z.object({ consents: z.object({ since: z.number(), asked: z.number() }) });
type Place = z.infer<typeof cursorSchema>['consents'];
type Row = Record<string, unknown>;

/** Opportunities that changed and, every five minutes, what people of the org did to consent: their objections above all. Each sort goes on after its last page. */
export async function changes(call: Call, given: Json, now: number): Promise<Changes> {
  const place = cursorSchema.safeParse(given).data?.consents ?? { since: now, asked: now };
  const deals = await dealChanges(call, given, now);
  const at = (consents: Place): Json => (isObject(deals.cursor) ? { ...deals.cursor, consents } : deals.cursor);
  if (deals.more || now - place.asked < EVERY_MS) return { ...deals, cursor: at(place) };
  try {
    const { notices, next } = await consentChanges(call, place, now);
    return { notices: [...deals.notices, ...notices], cursor: at(next), more: false };
  } catch (thrown) {
    // Deals are heard of all the same; the next round asks again from the same place.
    if (thrown instanceof Problem && (thrown.remedy === 'retry' || thrown.remedy === 'reject')) return { ...deals, cursor: at(place) };
    throw thrown;
  }
}

async function consentChanges(call: Call, place: Place, now: number): Promise<{ notices: Notice[]; next: Place }> {
  const rows = await read(call, place.since - OVERLAP_MS);
  const { account } = call.install;
  const contacts = await contactsOf(call, [...rows.points.flatMap(({ PartyId }) => PartyId), ...rows.individuals.flatMap(({ Id }) => Id)].filter(isId));
  const of = (id: unknown): string[] => (isId(id) ? (contacts.get(id18(id)) ?? []) : []);
  const notices = [
    ...rows.points.flatMap((row) => pointNotices(account, row, of(row.PartyId))),
    ...rows.individuals.flatMap((row) => individualNotices(account, row, of(row.Id))),
    ...rows.contacts.flatMap((row) => contactNotices(account, row)),
  ];
  const full = Object.values(rows).filter((some) => some.length >= PAGE);
  // A full page is gone on from at once; of several, from the one that got least far.
  const reached = Math.min(...full.map((some) => moment(some.at(-1)?.SystemModstamp) ?? now)) + OVERLAP_MS;
  return { notices, next: full.length > 0 && reached > place.since ? { since: reached, asked: place.asked } : { since: now, asked: now } };
}

/** What the org has of each sort, one call for all. */
async function read(call: Call, since: number): Promise<{ points: Row[]; individuals: Row[]; contacts: Row[] }> {
  const [places, org] = [await placesOf(call), await orgOf(call)];
  const from = (fields: string, object: string, also = ''): string =>
    `SELECT ${fields}, SystemModstamp FROM ${object} WHERE ${also}SystemModstamp >= ${datetime(since)} ORDER BY SystemModstamp, Id LIMIT ${PAGE}`;
  const asked = {
    points: places.points ? from('Id, PartyId, ContactPointType, PrivacyConsentStatus, DataUsePurpose.Name, CaptureDate, CaptureSource', 'ContactPointTypeConsent') : null,
    individuals: places.individuals ? from('Id', 'Individual', 'HasOptedOutSolicit = true AND ') : null,
    contacts: hasField(org, 'contact', 'HasOptedOutOfEmail') ? from('Id', 'Contact', 'HasOptedOutOfEmail = true AND ') : null,
  };
  const sorts = Object.entries(asked).flatMap(([sort, soql]) => (soql === null ? [] : [{ sort, soql }]));
  const answers =
    sorts.length === 0
      ? []
      : await readTogether(
          call,
          sorts.map(({ soql }) => queryPart(soql)),
        );
  const rows = new Map(await Promise.all(sorts.map(async ({ sort }, index) => [sort, await allRecords(call, answers[index])] as const)));
  return { points: rows.get('points') ?? [], individuals: rows.get('individuals') ?? [], contacts: rows.get('contacts') ?? [] };
}

/** The contacts of each Individual; merged contacts may share one. */
async function contactsOf(call: Call, individuals: readonly string[]): Promise<Map<string, string[]>> {
  if (individuals.length === 0) return new Map();
  const parts = chunk([...new Set(individuals.map(id18))], MOST_IDS).map((some) => queryPart(`SELECT Id, IndividualId FROM Contact WHERE IndividualId IN ${idList(some)}`));
  const rows = (await Promise.all((await readTogether(call, parts)).map((answer) => allRecords(call, answer)))).flat();
  const known = rows.flatMap(({ Id, IndividualId }) => (isId(Id) && isId(IndividualId) ? [{ contact: id18(Id), individual: id18(IndividualId) }] : []));
  return new Map([...groupBy(known, ({ individual }) => individual)].map(([individual, some]) => [individual ?? '', some.map(({ contact }) => contact)]));
}
