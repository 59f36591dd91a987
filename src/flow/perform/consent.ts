import type { EffectData } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { ConsentChange, Consents } from '#ports/consents';
import { actsOf, findConsent, openIdentity, type Consent } from '#store/consents';
import { findText } from '#store/consent-texts';
import { actsOfContacts } from '#store/objections';
import type { OutboxEffect } from '#store/outbox';
import { decisive, isAllowed, type ConsentAct, type ConsentNeed } from '#core/consent';
import { groupBy } from '#lib/group';
import { withLogContext } from '#lib/log';
import { findEnvelope } from '#store/envelopes';
import { consentUrl, type Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

type Tell = EffectData['consent.tell'];

/** Tells of acts, one at a time for each contact: what is told first may make what the next would otherwise make a second time, or change what it finds. */
export async function tellConsents(flow: Flow, consents: Consents, call: Call, effects: readonly OutboxEffect[]): Promise<Outcome[]> {
  const contacts = [...groupBy(effects, (effect) => dataOf<Tell>(effect).contact).values()];
  const told = contacts.map(async (some) => {
    const outcomes: Outcome[] = [];
    for (const effect of some) {
      const told = withLogContext({ correlation: effect.correlation, effect: effect.id }, () => tellConsent(flow, consents, call, effect));
      outcomes.push(await told.catch((error: unknown) => failed(effect, error)));
    }
    return outcomes;
  });
  return (await Promise.all(told)).flat();
}

/** Tells one system of one act. What it has no place for, or will not undo, is said in the receipt: that is an answer, not a failure. */
async function tellConsent(flow: Flow, consents: Consents, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { consent: id, contact } = dataOf<Tell>(effect);
  const row = await findConsent(flow.db, effect.tenant, id);
  if (!row) return failed(effect, new Problem('request.not-found', { say: 'That consent is not in the ledger.' }));
  if (!(await stillCounts(flow, row)))
    return { effect, result: { done: true, remote: null, cancelled: true }, asked: null, detail: { note: 'A later act of the same person counts now, and is told instead.' } };
  const change = await changeOf(flow, row, contact);
  const asked = { ...change, email: null };
  try {
    const told = await consents.tell(call, change);
    return { effect, result: { done: true, remote: 'id' in told ? told.id : null }, asked, detail: { outcome: told.outcome, note: told.say } };
  } catch (error) {
    return failed(effect, error, asked);
  }
}

/** An agreement that waited while its person withdrew must not be told after the withdrawal. */
async function stillCounts(flow: Flow, row: Consent): Promise<boolean> {
  const acts = (await actsOf(flow.db, row.tenant, [row.person])).get(row.person) ?? [];
  return decisive(acts, row)?.id === row.id;
}

async function changeOf(flow: Flow, row: Consent, contact: string): Promise<ConsentChange> {
  const identity = await openIdentity(flow.db, flow.sealer, row.tenant, row);
  const text = row.text === null ? undefined : await findText(flow.db, row.tenant, row.text);
  const { type, purpose, channel, status, basis, how, locale, jurisdiction } = row;
  const shown = text ? ` Wording: "${text.title}", version ${text.version}, SHA-256 ${text.hash}.` : '';
  return {
    contact,
    email: identity?.email ?? null,
    topic: { type, purpose, channel },
    status: status === 'expired' ? 'withdrawn' : status,
    basis,
    how,
    explanation: `${status} on ${new Date(row.captured_at).toISOString()} (${how}).${shown} Record ${row.id}.`,
    text: text ? { name: text.name, version: text.version, hash: text.hash, title: text.title } : null,
    locale,
    jurisdiction,
    capturedAt: row.captured_at,
    expiresAt: row.expires_at,
    evidenceUri: row.evidence_uri ?? consentUrl(flow, row.tenant, row.id),
    key: row.id,
  };
}

/** Whether a step that waited may still reach its person: consent may have been withdrawn since it was decided on. */
export async function isStillAllowed(flow: Flow, effect: OutboxEffect): Promise<boolean> {
  const { consent: need = 'none', contact } = dataOf<{ consent?: ConsentNeed; contact: string }>(effect);
  if (need === 'none') return true;
  const found = effect.envelope === null ? undefined : await findEnvelope(flow.db, effect.tenant, effect.envelope);
  const acts = found ? await actsOfContacts(flow.db, effect.tenant, found.envelope.crm, found.recipients) : new Map<string, ConsentAct[]>();
  return isAllowed(need, acts.get(contact) ?? [], flow.clock.now());
}

/** What is not done, and why: the receipt says so. */
export function withheld(effect: OutboxEffect): Outcome {
  return { effect, result: { done: true, remote: null, cancelled: true }, asked: null, detail: { note: 'The consent that it needs was withdrawn before it was done.' } };
}
