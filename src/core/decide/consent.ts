import type { ConsentAct, ConsentTopic } from '#core/consent';
import { decisive, presentState, statusOf } from '#core/consent';
import { PRIORITY, type Effect } from '#core/effect';
import type { ConsentGiven, Fact } from '#core/fact';
import type { ConsentId } from '#core/ids';
import { sha256 } from '#lib/hmac';
import { fieldEffects } from '#core/decide/consent-fields';
import { mapped } from '#core/decide/writes';
import { moved, noted, type Decision, type PersonState, type Situation } from '#core/decide/situation';

/** Until when every connected system should know of an act. */
export const TOLD_WITHIN_MS = 24 * 3_600_000;
const ID_CHARACTERS = 26;

/** Somebody agreed, declined or withdrew: it enters the ledger once, and every system that keeps consent is told what stands now. */
export function onConsentActed(fact: Fact<'consent.acted'>, situation: Situation): Decision {
  const { person } = situation;
  if (!person) return noted('Nobody here is known by that contact.');
  // Of somebody who is not known yet an objection is kept and nothing else: it has to hold once they are.
  const given = fact.data.acts.map((act) => placed(act, situation)).filter(({ status }) => !person.stranger || status !== 'granted');
  if (given.length === 0) return noted('Nobody here is known by that contact.');
  const unknown = given.filter((act, place) => !isKnown(person, act) && given.findIndex((other) => same(other, act)) === place);
  if (unknown.length === 0) return noted('It is in the ledger already.');
  const fresh = unknown.filter((act) => act.how !== 'crm' || !stands(person, act, situation.now));
  if (fresh.length === 0) return noted('The ledger says so already: what was told there comes back, or was said there too.');
  const acts = fresh.map((act, place) => ({ id: idOf(situation.cause, place), act, counts: counts(person, fresh, place) }));
  const tells = acts.flatMap((one) => tellEffects(situation, person, one));
  const fields = mapped(() => ({ effects: acts.filter(({ counts }) => counts).flatMap((one) => fieldEffects(situation, person, one)) }));
  const effects = [...tells, ...fields.effects];
  return {
    ...moved(explain(fresh, tells.length), effects),
    ...(fields.alarm === undefined ? {} : { alarm: fields.alarm }),
    consents: { person: person.id, acts: acts.map(({ id, act }) => ({ id, act })), ...(person.stranger ? { introduced: person.stranger } : {}) },
  };
}

/** A connector knows no installs: what was seen in a CRM was seen in the account that the fact came from. */
const placed = (act: ConsentGiven, { crm }: Situation): ConsentGiven => (act.how === 'crm' && act.source === '' ? { ...act, source: crm.id } : act);

/** Whether the person has said the same already, by whatever way. Told to a CRM, it is seen there later: that is no act of theirs. */
function stands({ acts }: PersonState, given: ConsentGiven, now: number): boolean {
  const act = decisive(acts, given);
  return act !== undefined && statusOf(act, now) === given.status;
}

/** Of the cause, so that settling the same notice again gives the same rows. */
const idOf = (cause: string, place: number): ConsentId => `cns_${sha256(`${cause}|${place}`).slice(0, ID_CHARACTERS)}`;

function same(a: ConsentGiven, b: ConsentGiven): boolean {
  return keyOf(a, a.text?.hash ?? null) === keyOf(b, b.text?.hash ?? null);
}

function isKnown({ acts }: PersonState, given: ConsentGiven): boolean {
  return acts.some((act) => keyOf(act, act.textHash) === keyOf(given, given.text?.hash ?? null));
}

type Keyed = ConsentTopic & Pick<ConsentGiven, 'status' | 'how' | 'capturedAt' | 'source'>;
const keyOf = ({ type, purpose, channel, status, how, capturedAt, source }: Keyed, text: string | null) =>
  JSON.stringify([type, purpose, channel, status, how, capturedAt, source, text]);

/** Whether the act is the one that counts for its topic now: what a later withdrawal has overtaken is kept, and nobody is told of it. */
function counts({ acts }: PersonState, fresh: readonly ConsentGiven[], place: number): boolean {
  const last = Math.max(0, ...acts.map(({ seq }) => seq));
  const given = fresh.map((act, index): ConsentAct => ({ ...act, seq: last + 1 + index }));
  const own = given[place];
  return own !== undefined && decisive([...acts, ...given], own) === own;
}

type Told = Pick<ConsentGiven, 'type' | 'purpose' | 'channel' | 'status' | 'how' | 'source' | 'envelope'>;

function tellEffects(situation: Situation, person: PersonState, { id, act, counts }: { id: ConsentId; act: Told; counts: boolean }): Effect[] {
  if (!counts) return [];
  const { type, purpose, channel, status } = act;
  return person.known
    .filter(({ install }) => !(act.how === 'crm' && install === act.source))
    .map(({ install, contact }) => ({
      kind: 'consent.tell',
      key: `consent|${id}|${install}`,
      install,
      data: { contact, person: person.id, consent: id, topic: { type, purpose, channel }, status, dueAt: situation.now + TOLD_WITHIN_MS },
      priority: status === 'withdrawn' ? PRIORITY.click : PRIORITY.event,
      notBefore: situation.now,
      envelope: act.envelope,
      why: status === 'withdrawn' ? 'A withdrawal has to reach every system.' : 'Every system that keeps consent shall know.',
    }));
}

function explain(acts: readonly ConsentGiven[], told: number): string {
  const said = acts.map(({ type, purpose, channel, status }) => `${[type, purpose, channel].filter((part) => part !== null).join(', ')}: ${status}.`).join(' ');
  return told > 0 ? `${said} ${told === 1 ? 'One system is' : `${told} systems are`} told.` : `${said} No connected system keeps it for this person.`;
}

/** What stands of a person, for an account that has only now come to know them. What it was told before has the same key, and is not told again. */
export function tellStanding(situation: Situation, person: PersonState, install: string): Effect[] {
  const here = <One extends { install: string }>(all: readonly One[]): One[] => all.filter((one) => one.install === install);
  const standing = presentState(person.acts, situation.now).map(({ act }) => ({ id: act.id, act: { ...act, envelope: null }, counts: true }));
  const tells = standing.flatMap((one) => tellEffects(situation, { ...person, known: here(person.known) }, one));
  const { effects } = mapped(() => ({ effects: standing.flatMap((one) => fieldEffects(situation, { ...person, records: here(person.records) }, one)) }));
  return [...tells, ...effects];
}
