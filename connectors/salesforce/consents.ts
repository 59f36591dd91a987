import type { Call } from '#ports/call';
import type { ConsentChange, Consents, Told } from '#ports/consents';
import { isObject } from '#lib/json';
import { acceptForm } from './consent-forms.ts';
import { individualParts, leaveMailParts, partyOf, type Party } from './consent-party.ts';
import { forgetPlaces, placesOf, purposeNamed, together, type Places } from './consent-places.ts';
import { recordAct } from './consent-record.ts';
import { POINTS, statementsOf, statePart, type Point, type Statement } from './consent-statements.ts';
import { RefusedProblem } from './problem.ts';

/**
 * Salesforce's own privacy objects where the org has them: consent for a way of contact and a purpose (with the subscription of that name, if any), acceptance of a form.
 * What has no place there is a Consent Record of our package's.
 */
export const consents: Consents = {
  async tell(call, change) {
    try {
      return await tell(call, change);
    } catch (thrown) {
      // The admin may have enabled, or hidden, an object since we looked.
      if (thrown instanceof RefusedProblem && thrown.refusal.errors.some(({ code }) => code === 'INVALID_TYPE' || code === 'NOT_FOUND')) forgetPlaces(call);
      throw thrown;
    }
  },
};

const noPlace = (say: string): Told => ({ outcome: 'no-place', say });
const keptOut = (where: string): Told => ({
  outcome: 'kept-out',
  say: `This person has objected in Salesforce (${where}). A machine does not undo that; somebody may there, once the person asks for it.`,
});

async function tell(call: Call, change: ConsentChange): Promise<Told> {
  const places = await placesOf(call);
  const party = await partyOf(call, places, change.contact);
  if (!party) return noPlace('Salesforce has no such contact any more.');
  if (change.topic.type === 'marketing') return tellMarketing(call, { places, party, change });
  const accepted = places.forms ? await acceptForm(call, party, change) : null;
  return accepted ?? asRecord(call, { places, party, change }, [], 'The org has no authorization form text of its name.');
}

interface Telling {
  places: Places;
  party: Party;
  change: ConsentChange;
}

async function asRecord(call: Call, { places, party, change }: Telling, first: Parameters<typeof together>[1], why: string): Promise<Told> {
  if (places.record) return recordAct(call, places.record, party, change, first, why);
  if (first.length === 0) return noPlace(`${why} The Countersign package, whose Consent Record would keep it, is not there or hidden from the connected user.`);
  await together(call, first);
  return { outcome: 'told', id: party.id, say: 'Email Opt Out is set. The org has no other place for it.' };
}

async function tellMarketing(call: Call, telling: Telling): Promise<Told> {
  const { places, party, change } = telling;
  const { channel, purpose } = change.topic;
  const objection = change.status === 'granted' ? objectionOf(party, change) : null;
  if (objection !== null) return keptOut(objection);
  const leaving = leavesAllMail(change) ? leaveMailParts(party) : [];
  if (!places.points) return asRecord(call, telling, leaving, 'Data Protection and Privacy is not enabled in the org.');
  const points = pointsOf(channel);
  if (points.length === 0) return asRecord(call, telling, leaving, 'Salesforce has no way of contact of its own for it.');
  const id = purpose === null ? null : await purposeNamed(call, purpose);
  if (id === undefined) return asRecord(call, telling, leaving, `The org has no Data Use Purpose named "${purpose ?? ''}".`);
  const statements = await statementsOf(call, places, party, { points, purpose: id, change });
  return change.status === 'granted' ? grant(call, telling, statements, id) : refuse(call, telling, statements, leaving);
}

const byMail = ({ topic: { channel } }: ConsentChange): boolean => channel === null || channel === 'email';
/** Who leaves everything by mail leaves it in the box that every org knows. */
const leavesAllMail = (change: ConsentChange): boolean => change.status === 'withdrawn' && byMail(change) && change.topic.purpose === null;

/** What the person's own records say against any agreement, whatever it is for. */
function objectionOf({ leftMail, leftAll }: Party, change: ConsentChange): string | null {
  if (leftMail && byMail(change)) return 'Email Opt Out';
  return leftAll ? "Don't Solicit" : null;
}

const pointsOf = (channel: ConsentChange['topic']['channel']): readonly Point[] => (channel === null ? Object.values(POINTS) : channel === 'sms' ? [] : [POINTS[channel]]);

/** Only a newer act of the person lifts an objection that we ourselves wrote; any other holds. */
async function grant(call: Call, { party, change }: Telling, statements: readonly Statement[], purpose: string | null): Promise<Told> {
  const objection = statements.find(({ out, mark, at }) => out && (mark === null || at >= change.capturedAt));
  if (objection) return keptOut(objection.object === 'CommSubscriptionConsent' ? 'Communication Subscription Consent' : 'Contact Point Type Consent');
  // What is said of all purposes stays: this is about one.
  const own = statements.filter(({ object, of }) => object === 'CommSubscriptionConsent' || (of.DataUsePurposeId ?? null) === purpose);
  return state(
    call,
    party,
    change,
    own.filter((statement) => !statement.in),
    own,
  );
}

/** Ends each statement that is not out already. One that a person ended there stays as they left it. */
async function refuse(call: Call, { party, change }: Telling, statements: readonly Statement[], leaving: Parameters<typeof together>[1]): Promise<Told> {
  // What is said of all purposes is not what this person objects to, unless they object to all.
  const own = change.topic.purpose === null ? statements : statements.filter(({ object, of }) => object === 'CommSubscriptionConsent' || of.DataUsePurposeId !== null);
  return state(
    call,
    party,
    change,
    own.filter(({ out }) => !out),
    own,
    leaving,
  );
}

/** Makes the statements say so, in one call that stands or falls as a whole. */
async function state(
  call: Call,
  party: Party,
  change: ConsentChange,
  open: readonly Statement[],
  all: readonly Statement[],
  first: Parameters<typeof together>[1] = [],
): Promise<Told> {
  const said = change.status === 'granted' ? 'opted in' : 'opted out';
  const known = all.find(({ id }) => id !== null)?.id ?? null;
  if (open.length === 0 && first.length === 0) return { outcome: 'already', id: known, say: `Already ${said}.` };
  const { parts, id } = individualParts(party);
  const answers = await together(call, [...parts, ...first, ...open.slice(0, MOST_AT_ONCE).map((statement) => statePart(statement, change, id))]);
  const made = answers.flatMap((answer) => (isObject(answer) && typeof answer.id === 'string' ? [answer.id] : [])).at(-1);
  return {
    outcome: 'told',
    id: open.find((statement) => statement.id !== null)?.id ?? made ?? known,
    say: `Kept as ${open.some(({ object }) => object === 'CommSubscriptionConsent') ? 'consent to the subscription and ' : ''}Contact Point Type Consent: ${said}.`,
  };
}

/** A composite request takes 25 parts, and up to three go before these. */
const MOST_AT_ONCE = 22;
