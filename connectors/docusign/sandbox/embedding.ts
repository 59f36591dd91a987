import * as z from 'zod';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import { currentRecipients, isOut, type SandboxState, type StoredEnvelope, type StoredRecipient, type StoredView } from './state.ts';

/** How long an address is good for its one use, and the session after it [K]. */
const VIEW_MS = 5 * 60_000;
const SESSION_MS = 20 * 60_000;
/** Addresses that are remembered; the oldest go first. */
const MOST_VIEWS = 500;

/** The part of the vendor's view request that the sandbox takes. */
const requestShape = z.object({
  returnUrl: z.url().max(470),
  authenticationMethod: z.string().min(1),
  userName: z.string().min(1),
  email: z.string().min(1),
  clientUserId: z.string().min(1).max(100),
});
type Minted = { ok: true; token: string } | { ok: false; errorCode: string; message: string };

/** An address at which an embedded recipient signs, if it is their turn. */
export function mintView(state: SandboxState, clock: Clock, envelope: StoredEnvelope, body: unknown): Minted {
  const parsed = requestShape.safeParse(body);
  if (!parsed.success) return refused('INVALID_REQUEST_PARAMETER', `The request contained at least one invalid parameter. ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
  const { returnUrl, userName, email, clientUserId } = parsed.data;
  if (!isOut(envelope)) return refused('ENVELOPE_INVALID_STATUS', `Invalid envelope status. Envelope status: ${envelope.status}.`);
  const recipient = envelope.recipients.find((one) => one.clientUserId === clientUserId && one.name === userName && one.email === email);
  if (!recipient) return refused('UNKNOWN_ENVELOPE_RECIPIENT', 'The recipient you have identified is not a valid recipient of the specified envelope.');
  if (!currentRecipients(envelope).includes(recipient)) return refused('RECIPIENT_NOT_IN_SEQUENCE', 'The token for an out of sequence recipient cannot be generated.');
  const token = newToken();
  state.views[token] = { envelopeId: envelope.envelopeId, recipientId: recipient.recipientId, returnUrl, expiresAt: clock.now() + VIEW_MS, session: null };
  const surplus = Object.keys(state.views).slice(0, -MOST_VIEWS);
  for (const old of surplus) Reflect.deleteProperty(state.views, old);
  return { ok: true, token };
}
const refused = (errorCode: string, message: string): Minted => ({ ok: false, errorCode, message });

interface Viewed {
  view: StoredView;
  envelope: StoredEnvelope;
  recipient: StoredRecipient;
}

/** Uses an address up: a session begins. Where it was used before or its time is over, the browser goes back with an event. */
export function openView(state: SandboxState, clock: Clock, token: string): (Viewed & { session: string }) | { view: StoredView; event: string } | null {
  const view = Object.hasOwn(state.views, token) ? state.views[token] : undefined;
  const found = view && viewed(state, view);
  if (!found) return null;
  if (view.session !== null || clock.now() >= view.expiresAt) return { view, event: 'ttl_expired' };
  view.session = newToken();
  view.expiresAt = clock.now() + SESSION_MS;
  return { ...found, session: view.session };
}

export function findSession(state: SandboxState, session: string): Viewed | null {
  const view = Object.values(state.views).find((one) => one.session === session);
  return view ? viewed(state, view) : null;
}

function viewed(state: SandboxState, view: StoredView): Viewed | null {
  const envelope = state.envelopes.find(({ envelopeId }) => envelopeId === view.envelopeId);
  const recipient = envelope?.recipients.find(({ recipientId }) => recipientId === view.recipientId);
  return envelope && recipient ? { view, envelope, recipient } : null;
}

/** The sender's own page, told how it ended. */
export function returning({ returnUrl }: StoredView, event: string): string {
  const url = new URL(returnUrl);
  url.searchParams.set('event', event);
  return url.href;
}
