import type * as z from 'zod';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import { sha256 } from '#lib/hmac';
import { entryOf } from '#lib/json';
import type { Inbound, Notice, RawDelivery } from '#ports/inbound';
import { verify } from './signature.ts';
import { correlationOf, reasonOf, recipientsOf, statusOf, timesOf } from './status.ts';
import { connectHeadShape, connectMessageShape, instant, toJson, type WireEnvelope } from './wire.ts';

/** Kind of the notices that `sign.read` and `sign.changes` make; the rest are the vendor's event names. */
export const RECONCILED = 'reconcile.envelope';
const LONGEST_KEY = 250;

/**
 * Connect in its JSON SIM mode: one event a message. The key leaves out `retryCount`, which grows when the message is sent again; that
 * `generatedDateTime` stays the same then is not documented [U], so every fact must also be harmless when heard twice.
 */
export const inbound: Inbound = { verify, split, decode };

/**
 * Only the head is read here, for the payload is thrown away before the answer and taken from the kept bytes later: checking all of it cost 40 µs a message.
 * A summary that is not of the expected form therefore shows when the payload is taken, and then makes a dead letter of its account's.
 */
function split(delivery: RawDelivery): Notice[] {
  const body = parse(delivery.body);
  const message = checked(connectHeadShape, body);
  const at = instant(message.generatedDateTime);
  if (at === null) throw malformed('generatedDateTime');
  return [
    {
      account: message.data.accountId ?? null,
      key: keyOf(message),
      kind: message.event,
      at,
      get payload() {
        return toJson(checked(connectMessageShape, body));
      },
    },
  ];
}

/** The time stands first: keys that come one after the other are stored beside each other, where a hash would write a page of the index for each. */
function keyOf({ generatedDateTime, event, configurationId, data }: z.infer<typeof connectHeadShape>): string {
  const key = [generatedDateTime, event, data.envelopeId, data.recipientId, configurationId].join('|');
  return key.length > LONGEST_KEY ? sha256(key) : key;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new Problem('delivery.malformed', { say: 'The body is not JSON.', cause });
  }
}

/** @throws Problem `delivery.malformed` */
function checked<Shape extends z.ZodType>(shape: Shape, body: unknown): z.infer<Shape> {
  const message = shape.safeParse(body);
  if (message.success) return message.data;
  throw malformed(message.error.issues[0]?.path.join('.') ?? '', message.error);
}

/** Names the place in the vendor's form, never what stood there. */
function malformed(field: string, cause?: unknown): Problem {
  const say = field === '' ? 'The body is no message of Connect.' : `The message has no ${field}, or one of another form.`;
  return new Problem('delivery.malformed', { say, facts: { field }, cause });
}

/** What an event says by its name alone, for configurations that send no summary, and for what the summary leaves out. */
const EVENTS: Record<string, { envelope: EnvelopeStatus; recipient?: RecipientStatus }> = {
  'envelope-created': { envelope: 'requested' },
  'envelope-sent': { envelope: 'sent' },
  'envelope-delivered': { envelope: 'viewed' },
  'envelope-completed': { envelope: 'completed' },
  'envelope-declined': { envelope: 'declined' },
  'envelope-voided': { envelope: 'voided' },
  'envelope-deleted': { envelope: 'voided' },
  'envelope-discard': { envelope: 'voided' },
  'recipient-sent': { envelope: 'sent', recipient: 'sent' },
  'recipient-delivered': { envelope: 'viewed', recipient: 'viewed' },
  'recipient-completed': { envelope: 'partially_signed', recipient: 'signed' },
  'recipient-declined': { envelope: 'declined', recipient: 'declined' },
  'recipient-autoresponded': { envelope: 'sent', recipient: 'bounced' },
};
/** Events that say nothing without a summary, and with one only what stands in it. */
const CARRIERS = new Set([
  'envelope-resent',
  'envelope-corrected',
  'recipient-resent',
  'recipient-reassign',
  'recipient-delegate',
  'recipient-finish-later',
  'recipient-authenticationfailed',
]);

function decode(notice: Notice): Fact[] {
  const known = notice.kind === RECONCILED || entryOf(EVENTS, notice.kind) !== undefined || CARRIERS.has(notice.kind);
  if (!known) return [];
  const { envelopeId, recipientId, envelopeSummary } = checked(connectMessageShape, notice.payload).data;
  const remote = envelopeId ?? envelopeSummary?.envelopeId;
  if (!remote) throw malformed('data.envelopeId');
  return envelopeSummary ? fromSummary(notice, remote, recipientId, envelopeSummary) : fromEvent(notice, remote, recipientId);
}

function fromSummary(notice: Notice, remote: string, recipientId: string | undefined, envelope: WireEnvelope): Fact[] {
  const status = statusOf(envelope);
  if (!status) return [];
  const recipients = recipientsOf(envelope).map((one) =>
    notice.kind === 'recipient-autoresponded' && one.remote === recipientId && one.status === 'sent' ? { ...one, status: 'bounced' as const, at: notice.at } : one,
  );
  const reason = reasonOf(envelope);
  return [
    {
      type: 'envelope.status',
      at: notice.at,
      data: {
        remote,
        envelope: correlationOf(envelope),
        status: status === 'draft' ? 'requested' : status,
        seenBy: notice.kind === RECONCILED ? 'reconcile' : 'webhook',
        recipients,
        times: timesOf(envelope),
      },
      ...(reason ? { personal: { reason } } : {}),
    },
  ];
}

function fromEvent(notice: Notice, remote: string, recipientId: string | undefined): Fact[] {
  const said = entryOf(EVENTS, notice.kind);
  if (!said) return [];
  const recipients = said.recipient && recipientId ? [{ role: null, remote: recipientId, status: said.recipient, at: notice.at }] : [];
  return [{ type: 'envelope.status', at: notice.at, data: { remote, envelope: null, status: said.envelope, seenBy: 'webhook', recipients } }];
}
