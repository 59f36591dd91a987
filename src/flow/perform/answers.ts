import type { EffectData } from '#core/effect';
import type { ConsentGiven, Fact, RefusedConsent } from '#core/fact';
import { weighAnswers, type Signed } from '#core/decide/answers';
import type { SignedForm } from '#core/pinned-consent';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Sign } from '#ports/sign';
import { getEnvelope, type EnvelopeDocument, type EnvelopeWithRecipients, type Recipient } from '#store/envelopes';
import { openPersonal, type PersonalData } from '#store/people';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

/** A recipient, and who that is: null for the erased. */
interface Asked {
  recipient: Recipient;
  who: PersonalData | null;
}

/** Reads what the signers ticked. What counts goes on the line as acts of each person, then what does not, then that all of it was read. */
export async function readAnswers(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id } = dataOf<EffectData['answers.read']>(effect);
  const found = await getEnvelope(flow.db, effect.tenant, id);
  try {
    if (!sign.answers) throw new Problem('feature.unsupported', { say: 'This provider does not tell what signers tick. Take consents out of the mapping.' });
    const signed = signedOf(found);
    const form = await sign.answers(call, signed.remote);
    const asked = await askedOf(flow, found);
    const facts = factsOf(signed, form, asked);
    return { effect, result: { done: true, remote: signed.remote }, asked: { envelope: id }, detail: { documentSha256: form.documentHash, answers: form.answers.length }, facts };
  } catch (error) {
    return failed(effect, error, { envelope: id });
  }
}

function signedOf({ envelope }: EnvelopeWithRecipients): Signed {
  if (envelope.remote === null || envelope.completed_at === null) throw new Problem('request.not-found', { say: 'The envelope is not completed, so there are no answers yet.' });
  const { consents = [] } = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  return { envelope: envelope.id, sign: envelope.sign, remote: envelope.remote, template: envelope.template, completedAt: envelope.completed_at, consents };
}

async function askedOf(flow: Flow, { envelope, recipients }: EnvelopeWithRecipients): Promise<Asked[]> {
  const people = await openPersonal(flow.db, flow.sealer, envelope.tenant, recipients);
  return recipients.map((recipient, place) => ({ recipient, who: people[place] ?? null }));
}

function factsOf(signed: Signed, form: SignedForm, asked: readonly Asked[]): Fact[] {
  const { acts, refused } = weighAnswers(signed, form, absentIn(form, asked));
  const acted = asked.flatMap((one) => actedFact(one, form, acts.get(one.recipient.role) ?? []));
  const all = [...acts.values()].flat();
  const counts = { granted: all.filter(({ status }) => status === 'granted').length, declined: all.filter(({ status }) => status === 'declined').length, refused: refused.length };
  const at = signed.completedAt;
  const { envelope } = signed;
  return [
    ...acted,
    ...(refused.length > 0 ? [{ type: 'consent.refused' as const, at, data: { envelope, refused } }] : []),
    { type: 'envelope.answered', at, data: { envelope, ...counts } },
  ];
}

/** An envelope may be passed on at the provider: what somebody else ticked is not the consent of whoever was asked. */
function absentIn(form: SignedForm, asked: readonly Asked[]): Map<string, RefusedConsent['why']> {
  const absent = new Map<string, RefusedConsent['why']>();
  for (const { recipient, who } of asked) {
    const email = form.signers.find(({ role }) => role === recipient.role)?.email ?? null;
    if (who === null) absent.set(recipient.role, 'no-person');
    else if (email !== null && email.trim().toLowerCase() !== who.email.trim().toLowerCase()) absent.set(recipient.role, 'another-signer');
  }
  return absent;
}

function actedFact({ recipient, who }: Asked, form: SignedForm, acts: ConsentGiven[]): Fact[] {
  const [first] = acts;
  if (!first || !who) return [];
  const method = form.signers.find(({ role }) => role === recipient.role)?.method ?? 'unknown';
  const identity = { ...who, method, ip: null, userAgent: null };
  return [{ type: 'consent.acted', at: first.capturedAt, data: { person: recipient.person, contact: null, acts }, personal: { identity } }];
}
