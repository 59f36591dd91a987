import type { Call } from '#ports/call';
import type { ConsentChange } from '#ports/consents';
import { allRecords, readTogether, queryPart, type Part } from './composite.ts';
import { isOut, markIn, markOf, STATUS, type Mark } from './consent-mark.ts';
import type { Party } from './consent-party.ts';
import type { Places } from './consent-places.ts';
import { id18 } from './ids.ts';
import { moment } from './moment.ts';
import { quoted } from './soql.ts';

/** A way of contact, in Salesforce's words. Text messages have none of their own, and a phone call is another thing. */
export const POINTS = { email: 'Email', phone: 'Phone', post: 'MailingAddress' } as const;
export type Point = (typeof POINTS)[keyof typeof POINTS];

/** What one record of consent says now, or the place of one that is to be made. */
export interface Statement {
  object: 'ContactPointTypeConsent' | 'CommSubscriptionConsent';
  /** Null where it is to be made. */
  id: string | null;
  /** What tells it from the others, for making it. */
  of: Record<string, string | null>;
  out: boolean;
  in: boolean;
  /** The act of ours that it still stands for. */
  mark: Mark | null;
  /** When that was captured. */
  at: number;
}

/** Every statement about these ways of contact and this purpose (null: each of them), those that are to be made included. One call. @throws Problem */
export async function statementsOf(call: Call, places: Places, party: Party, { points, purpose, change }: Asked): Promise<Statement[]> {
  const subscription = purpose !== null && places.subscriptions && points.includes('Email') && change.email !== null ? change.email : null;
  const parts = party.individual === null ? [] : [queryPart(pointQuery(party.individual, points))];
  if (subscription !== null && party.individual !== null) parts.push(...subscriptionParts(party.individual, change.topic.purpose ?? '', subscription));
  const [rows, channels, addresses, kept] = await Promise.all((await readTogether(call, parts)).map((answer) => allRecords(call, answer)));
  const known = (rows ?? []).map((row) => statementFrom(row, 'ContactPointTypeConsent'));
  const about = known.filter(({ of }) => purpose === null || of.DataUsePurposeId === null || of.DataUsePurposeId === purpose);
  const missing = points
    .filter((point) => !about.some(({ of }) => of.ContactPointType === point && of.DataUsePurposeId === purpose))
    .map((point) => unsaid({ ContactPointType: point, DataUsePurposeId: purpose }));
  return [...about, ...missing, ...subscribed(channels ?? [], addresses ?? [], kept ?? [])];
}
interface Asked {
  points: readonly Point[];
  /** Id of the purpose. */
  purpose: string | null;
  change: ConsentChange;
}

const unsaid = (of: Statement['of'], object: Statement['object'] = 'ContactPointTypeConsent'): Statement => ({ object, id: null, of, out: false, in: false, mark: null, at: 0 });

function pointQuery(individual: string, points: readonly Point[]): string {
  const types = points.map((point) => `'${point}'`).join(',');
  const fields = 'Id, ContactPointType, DataUsePurposeId, PrivacyConsentStatus, CaptureDate, CaptureSource, LastModifiedDate';
  return `SELECT ${fields} FROM ContactPointTypeConsent WHERE PartyId = '${id18(individual)}' AND ContactPointType IN (${types}) ORDER BY CreatedDate LIMIT 200`;
}

/** A subscription of the purpose's name, the person's own address as a point of contact, and what was said of both. */
function subscriptionParts(individual: string, purpose: string, email: string): Part[] {
  const names = [purpose, purpose.replaceAll('-', ' ')].map(quoted).join(',');
  const of = `CommunicationSubscription.Name IN (${names}) AND EngagementChannelType.ContactPointType = 'Email'`;
  return [
    queryPart(`SELECT Id FROM CommSubscriptionChannelType WHERE ${of} LIMIT 1`),
    queryPart(`SELECT Id FROM ContactPointEmail WHERE ParentId = '${id18(individual)}' AND EmailAddress = ${quoted(email)} LIMIT 1`),
    queryPart(
      `SELECT Id, CommSubscriptionChannelTypeId, ContactPointId, PrivacyConsentStatus, ConsentCapturedDateTime, ConsentCapturedSource, LastModifiedDate FROM CommSubscriptionConsent WHERE ContactPoint.ParentId = '${id18(individual)}' LIMIT 200`,
    ),
  ];
}

function subscribed(channels: Row[], addresses: Row[], kept: Row[]): Statement[] {
  const [channel, address] = [channels[0]?.Id, addresses[0]?.Id];
  if (typeof channel !== 'string' || typeof address !== 'string') return [];
  const found = kept.find((row) => row.CommSubscriptionChannelTypeId === channel && row.ContactPointId === address);
  const of = { CommSubscriptionChannelTypeId: channel, ContactPointId: address };
  return [found ? { ...statementFrom(found, 'CommSubscriptionConsent'), of } : unsaid(of, 'CommSubscriptionConsent')];
}

type Row = Record<string, unknown>;

function statementFrom(row: Row, object: Statement['object']): Statement {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const status = row.PrivacyConsentStatus;
  const mark = markIn(row.CaptureSource ?? row.ConsentCapturedSource, status);
  const at = moment(row.CaptureDate ?? row.ConsentCapturedDateTime) ?? moment(row.LastModifiedDate) ?? 0;
  const of = { ContactPointType: text(row.ContactPointType), DataUsePurposeId: text(row.DataUsePurposeId) };
  return { object, id: text(row.Id), of, out: isOut(status), in: status === 'OptIn', mark, at };
}

/** The part that makes a statement say what the change says; `party` is the Individual's id, or what stands for it. */
export function statePart(statement: Statement, change: ConsentChange, party: string): Part {
  const { object, id, of } = statement;
  const body = object === 'ContactPointTypeConsent' ? pointBody(change) : subscriptionBody(change);
  if (id !== null) return { method: 'PATCH', path: `/sobjects/${object}/${id}`, body };
  const made = object === 'ContactPointTypeConsent' ? { Name: 'Countersign', PartyId: party, ...of } : { Name: 'Countersign', ...of };
  return { method: 'POST', path: `/sobjects/${object}`, body: { ...made, ...body } };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function pointBody(change: ConsentChange): Row {
  const { status, capturedAt, expiresAt } = change;
  const effective = { EffectiveFrom: iso(capturedAt), EffectiveTo: status === 'granted' && expiresAt !== null ? iso(expiresAt) : null };
  return { PrivacyConsentStatus: STATUS[status], CaptureDate: iso(capturedAt), CaptureSource: markOf(change), CaptureContactPointType: 'Web', ...effective };
}

function subscriptionBody(change: ConsentChange): Row {
  const { status, capturedAt } = change;
  const captured = { ConsentCapturedDateTime: iso(capturedAt), ConsentCapturedSource: markOf(change) };
  return { PrivacyConsentStatus: STATUS[status], ...captured, EffectiveFromDate: iso(capturedAt).slice(0, 10) };
}
