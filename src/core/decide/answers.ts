import { PRIORITY, type Effect } from '#core/effect';
import type { ConsentGiven, Fact, RefusedConsent } from '#core/fact';
import type { EnvelopeId, InstallId } from '#core/ids';
import { BASIS_OF, hashWords, type PinnedConsent, type SignedForm } from '#core/pinned-consent';
import type { PlannedStep } from '#core/plan';
import { viewOf, type EnvelopeState } from '#core/state';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';
import { journeyEffects } from '#core/decide/journey';
import { mapped } from '#core/decide/writes';

/** The envelope that a form was signed in. */
export interface Signed {
  envelope: EnvelopeId;
  /** The account that it was signed at. */
  sign: InstallId;
  remote: string;
  template: string;
  completedAt: number;
  consents: readonly PinnedConsent[];
}
/** What the boxes of a form say, by the role of whoever was asked. */
export interface Weighed {
  acts: Map<string, ConsentGiven[]>;
  refused: RefusedConsent[];
}

/**
 * Holds each answer against what was pinned at send. Ticked is granted and left empty is declined, each for its own wording alone; where the signed form does not carry the
 * pinned hash nobody can say which wording was agreed to, and the answer counts for nothing. `absent`: roles in which somebody else signed, or whose person is not known.
 */
export function weighAnswers(signed: Signed, form: SignedForm, absent: ReadonlyMap<string, RefusedConsent['why']> = new Map()): Weighed {
  const acts = new Map<string, ConsentGiven[]>();
  const refused: RefusedConsent[] = [];
  for (const consent of signed.consents) {
    const values = (label: string) => form.answers.filter((answer) => answer.role === consent.role && answer.label === label);
    const hash = hashIn(values(consent.hash).map(({ value }) => value));
    const boxes = values(consent.checkbox);
    const words = consent.wording && values(consent.wording.label).map(({ value }) => hashWords(value));
    const why = absent.get(consent.role) ?? fault(consent, { hash, words, asked: boxes.length > 0 });
    if (why === null)
      acts.set(consent.role, [
        ...(acts.get(consent.role) ?? []),
        actOf(
          signed,
          consent,
          form,
          boxes.every(({ ticked }) => ticked),
        ),
      ]);
    else refused.push({ role: consent.role, checkbox: consent.checkbox, field: consent.hash, text: consent.text.name, sent: consent.text.hash, signed: hash, why });
  }
  return { acts, refused };
}

/** The hash of a form's field, which may stand there several times; null where there is none, or anything else. */
function hashIn(values: readonly string[]): string | null {
  const found = new Set(values.map((value) => value.trim().toLowerCase()));
  const [hash, ...others] = found;
  return hash !== undefined && others.length === 0 && /^[0-9a-f]{64}$/.test(hash) ? hash : null;
}

function fault({ text, wording }: PinnedConsent, { hash, words, asked }: { hash: string | null; words: string[] | undefined; asked: boolean }): RefusedConsent['why'] | null {
  if (hash === null) return 'hash-missing';
  if (hash !== text.hash) return 'hash-differs';
  // The hash may stay while somebody writes other words beside the box.
  if (wording && (!words || words.length === 0 || words.some((one) => one !== wording.words))) return 'wording-differs';
  return asked ? null : 'checkbox-missing';
}

function actOf({ envelope, sign, remote, template, completedAt }: Signed, consent: PinnedConsent, form: SignedForm, ticked: boolean): ConsentGiven {
  const signer = form.signers.find(({ role }) => role === consent.role);
  return {
    ...consent.topic,
    status: ticked ? 'granted' : 'declined',
    text: consent.text,
    locale: consent.locale,
    jurisdiction: consent.jurisdiction,
    basis: BASIS_OF[consent.topic.type],
    capturedAt: signer?.at ?? completedAt,
    expiresAt: null,
    how: 'envelope',
    source: sign,
    envelope,
    documentHash: form.documentHash,
    evidence: { checkbox: consent.checkbox, hashField: consent.hash, role: consent.role, template, providerEnvelope: remote, identified: signer?.method ?? 'unknown' },
    evidenceUri: null,
  };
}

/** What was ticked is read once, when all have signed. */
export function answersEffects(situation: Situation, before: EnvelopeState, after: EnvelopeState): Effect[] {
  if (after.status !== 'completed' || before.status === 'completed' || !asks(after)) return [];
  return [
    {
      kind: 'answers.read',
      key: `answers|${after.id}`,
      install: after.sign,
      data: { envelope: after.id },
      priority: PRIORITY.event,
      notBefore: situation.now,
      envelope: after.id,
      why: 'The envelope asked for consent, so what was ticked is read; journey steps that need consent wait for it.',
    },
  ];
}

const asks = ({ consents }: EnvelopeState): boolean => consents !== undefined && consents.length > 0;

/** The situation in which steps that need consent are not yet decided on: what the signers ticked is still to be read. */
export function beforeAnswers(situation: Situation, after: EnvelopeState): Situation {
  return after.status === 'completed' && asks(after) ? withSteps(situation, ({ consent }) => consent === 'none') : situation;
}

function withSteps(situation: Situation, keep: (step: PlannedStep) => boolean): Situation {
  const { rules } = situation;
  return { ...situation, rules: { ...rules, steps: (...asked) => rules.steps(...asked).filter(keep) } };
}

/** The answers are in the ledger: now the steps that waited for them are decided on. */
export function onAnswered({ data }: Fact<'envelope.answered'>, situation: Situation): Decision {
  const { envelope } = situation;
  if (!envelope) return noted('There is no such envelope.');
  const { suppressed, ...rest } = mapped(() =>
    journeyEffects(
      withSteps(situation, ({ consent }) => consent !== 'none'),
      viewOf(envelope),
      ['completed'],
      envelope.owner,
    ),
  );
  const told = `Of the checkboxes ${data.granted} were ticked, ${data.declined} left empty and ${data.refused} not taken.`;
  return { ...moved([told, ...(suppressed ? [suppressed] : [])].join(' '), []), ...rest };
}

const WHY: Record<RefusedConsent['why'], string> = {
  'hash-missing': 'the signed form carries no hash of a wording',
  'hash-differs': 'the signed form carries the hash of another wording',
  'wording-differs': 'the signed form shows other words than those that were sent',
  'checkbox-missing': 'the signed form does not have the checkbox',
  'another-signer': 'somebody else signed in that role than was asked',
  'no-person': 'nobody is known here for that role any more',
};
/** What says that template or form were changed on the way, and not that a person was. */
const ALARMING: ReadonlySet<RefusedConsent['why']> = new Set(['hash-missing', 'hash-differs', 'wording-differs', 'checkbox-missing']);

/** Nothing enters the ledger of consents; the timeline says which box and which hashes, and the tenant hears of it. */
export function onConsentRefused({ data }: Fact<'consent.refused'>, _: Situation): Decision {
  const said = data.refused.map(({ checkbox, role, text, sent, signed, why }) => {
    const hashes = why === 'hash-differs' || why === 'hash-missing' ? ` (sent ${sent}, signed ${signed ?? 'none'})` : '';
    return `"${checkbox}" of ${role}, for the text "${text}", was not taken: ${WHY[why]}${hashes}.`;
  });
  const alarming = data.refused.filter(({ why }) => ALARMING.has(why));
  const decision = moved(`${said.join(' ')} Nothing is recorded as agreed to.`, []);
  if (alarming.length === 0) return decision;
  const boxes = [...new Set(alarming.map(({ checkbox }) => `"${checkbox}"`))].join(', ');
  return { ...decision, wordingDiffers: { envelope: data.envelope, say: `A signed envelope does not carry the wording that was sent, so the answer to ${boxes} was not taken.` } };
}
