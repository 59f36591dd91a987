import { PRIORITY } from '#core/effect';
import type { EnvelopeView, Reason } from '#core/plan';
import type { Snapshot } from '#core/records';
import { viewOf, type EnvelopeState } from '#core/state';
import { reasonWords } from '#core/decide/reason-words';
import { moved, type Decision, type Situation } from '#core/decide/situation';
import { mapped, writeEffects, type FollowUps } from '#core/decide/writes';

interface Blocked {
  rule: string | null;
  reasons: Reason[];
  out: EnvelopeState | undefined;
}

/** Says on the deal why nothing is sent. What it says of an envelope that is out already stays true. */
export function blocked(situation: Situation, snapshot: Snapshot, { rule, reasons, out }: Blocked): Decision {
  // The words of a reason may name people, so the ledger gets words for its kind, and its place; its own words go to the deal.
  const kinds = reasons.map(({ code, path }) => (path ? `${reasonWords(code)} (${path})` : reasonWords(code))).join('; ');
  const writes = blockedWrites(situation, snapshot, { rule, out, say: reasons.map((reason) => reason.say).join(' ') });
  return { ...moved(`Nothing was sent: ${kinds}. The reasons are on the deal.`, []), ...writes };
}

/** What the deal is told of a send that did not happen. */
export function blockedWrites(situation: Situation, snapshot: Snapshot, { rule, out, say }: { rule: string | null; out?: EnvelopeState | undefined; say: string }): FollowUps {
  const view: EnvelopeView = { ...(out ? viewOf(out) : unsent(situation, snapshot, rule ?? '')), reason: say };
  return mapped(() => ({ effects: writeEffects(situation, view, { envelope: null, priority: PRIORITY.event }) }));
}

function unsent(situation: Situation, snapshot: Snapshot, rule: string): EnvelopeView {
  return {
    id: '',
    deal: snapshot.deal.id,
    company: snapshot.company?.id ?? null,
    status: 'blocked',
    rule,
    template: '',
    provider: situation.provider,
    url: '',
    requestedAt: new Date(situation.now).toISOString(),
    sentAt: null,
    viewedAt: null,
    completedAt: null,
    closedAt: null,
    expiresAt: null,
    recipients: [],
    waitingFor: [],
    reason: '',
    attribution: {},
  };
}
