import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import type { Template } from '#core/records';
import { sha256 } from '#lib/hmac';
import { canonicalJson, type JsonObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import type { EnvelopeRequest, Sign } from '#ports/sign';
import { inboundOf, type Sender } from './hooks.ts';
import { SIGN } from './manifests.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import { authOf, Grant, reach } from './tokens.ts';

interface BookedRecipient {
  role: string;
  remote: string;
  order: number;
  status: RecipientStatus;
  at: number | null;
}
export interface BookedEnvelope {
  remote: string;
  envelope: EnvelopeId;
  deal: string;
  status: EnvelopeStatus | 'draft';
  madeAt: number;
  changedAt: number;
  sentAt: number | null;
  viewedAt: number | null;
  recipients: BookedRecipient[];
}

/** What a provider holds of one customer. Its ids are the same in every account, as they may well be. */
export class SignBook extends Grant {
  readonly envelopes: BookedEnvelope[] = [];
  constructor(name: string, now: () => number) {
    super(name, true, now);
  }
}

/** What signers, senders and time do to an envelope that is out. */
export const DEEDS = ['view', 'sign', 'decline', 'expire', 'bounce'] as const;
export type Deed = (typeof DEEDS)[number];

const OUT: ReadonlySet<string> = new Set(['sent', 'viewed', 'partially_signed']);
const PAGE = 100;
const OVERLAP_MS = 30 * 60_000;
/** Asked for while it is still out, however long ago it changed. */
const BEGINNING = 0;

const TEMPLATES: Template[] = [
  {
    id: 'tpl-1',
    name: 'Order form',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Owner', order: 2 },
    ],
    fields: [{ label: 'Deal', role: 'Customer' }],
  },
];

/** Told of every envelope that a call looked at. */
export type SignWatch = (book: SignBook, remote: string) => void;

export function createSign(network: Network, scheduler: Scheduler, bookOf: (account: string) => SignBook, connecting: () => string, sender: Sender, polled: SignWatch): Connector {
  const at = <T>(call: Call, name: string, sent: unknown, answer: (book: SignBook) => T) => {
    const book = bookOf(call.install.account);
    return reach(network, call, bookOf, name, sent, () => answer(book));
  };
  const told = (book: SignBook, envelope: BookedEnvelope) => sender.send(book, 'envelope.changed', summary(envelope, 'webhook'), envelope.changedAt);
  const get = (book: SignBook, remote: string): BookedEnvelope => {
    const found = book.envelopes.find((one) => one.remote === remote);
    if (!found) throw new Problem('vendor.not-found');
    return found;
  };
  const plain = ({ remote, status }: BookedEnvelope) => ({ id: remote, status });

  const sign: Sign = {
    templates: (call) => at(call, 'templates', null, () => TEMPLATES),
    find: (call, envelope) =>
      at(call, 'find', envelope, (book) => {
        const made = book.envelopes.filter((one) => one.envelope === envelope);
        const found = made.find(({ status }) => status !== 'voided') ?? made[0];
        return found ? plain(found) : null;
      }),
    draft: (call, request) => at(call, 'draft', request, (book) => plain(draft(book, request, scheduler.now()))),
    send: (call, remote) =>
      at(call, 'send', remote, (book) => {
        const envelope = get(book, remote);
        if (envelope.status !== 'draft') return plain(envelope);
        Object.assign(envelope, { status: 'sent', sentAt: scheduler.now(), changedAt: scheduler.now() });
        for (const recipient of envelope.recipients) if (recipient.order === 1) recipient.status = 'sent';
        told(book, envelope);
        return plain(envelope);
      }),
    void: (call, remote, reason) =>
      at(call, 'void', { remote, reason }, (book) => {
        const envelope = get(book, remote);
        if (envelope.status !== 'draft' && !OUT.has(envelope.status)) throw new Problem('envelope.final');
        Object.assign(envelope, { status: 'voided', changedAt: scheduler.now() });
        told(book, envelope);
      }),
    remind: (call, remote) => at(call, 'remind', remote, () => undefined),
    read: (call, remote) =>
      at(call, 'status', remote, (book) => {
        polled(book, remote);
        return noticeOf(book, get(book, remote));
      }),
    changes: (call, cursor, now) => at(call, 'changes', cursor, (book) => changesOf(book, cursor as { since: number; after: number } | null, now)),
  };
  return { manifest: SIGN, auth: authOf(network, scheduler, bookOf, connecting), inbound: inboundOf(decode), sign };
}

function draft(book: SignBook, request: EnvelopeRequest, now: number): BookedEnvelope {
  const made: BookedEnvelope = {
    remote: `remote-${book.envelopes.length + 1}`,
    envelope: request.envelope,
    deal: request.labels['deal'] ?? '',
    status: 'draft',
    madeAt: now,
    changedAt: now,
    sentAt: null,
    viewedAt: null,
    recipients: request.recipients.map(({ role, order }, place) => ({ role, order, remote: `signer-${place + 1}`, status: 'waiting', at: null })),
  };
  book.envelopes.push(made);
  return made;
}

/** The same state seen again is the same notice. */
function noticeOf(book: SignBook, envelope: BookedEnvelope): Notice {
  const payload = summary(envelope, 'reconcile');
  return { account: book.name, key: `seen|${sha256(canonicalJson({ account: book.name, payload }))}`, kind: 'envelope.seen', at: envelope.changedAt, payload };
}

/** What changed since the last look, and what is still out: one list call for a hundred envelopes. */
function changesOf(book: SignBook, cursor: { since: number; after: number } | null, now: number): Changes {
  const since = cursor?.since ?? BEGINNING;
  const after = cursor?.after ?? 0;
  const listed = book.envelopes.filter(({ status, changedAt }) => status !== 'draft' && (changedAt >= since || OUT.has(status)));
  const more = after + PAGE < listed.length;
  const notices = listed.slice(after, after + PAGE).map((envelope) => noticeOf(book, envelope));
  return { notices, cursor: more ? { since, after: after + PAGE } : { since: now - OVERLAP_MS, after: 0 }, more };
}

const summary = ({ remote, envelope, status, changedAt, sentAt, viewedAt, recipients }: BookedEnvelope, by: string): JsonObject => ({
  ...{ remote, envelope, status, changedAt, sentAt, viewedAt, by },
  recipients: recipients.map(({ role, remote, status, at }) => ({ role, remote, status, at })),
});

function decode(_kind: string, at: number, payload: JsonObject): Fact[] {
  const { remote, envelope, status, sentAt, viewedAt, recipients, by } = payload as JsonObject & { status: EnvelopeStatus | 'draft' };
  if (status === 'draft') return [];
  return [
    {
      type: 'envelope.status',
      at,
      data: {
        remote: remote as string,
        envelope: envelope as EnvelopeId,
        status,
        seenBy: by === 'webhook' ? 'webhook' : 'reconcile',
        recipients: recipients as unknown as { role: string; remote: string; status: RecipientStatus; at: number | null }[],
        times: { sent: sentAt as number | null, viewed: viewedAt as number | null },
      },
    },
  ];
}

/** Somebody does something with an envelope that is out. Returns whether anything came of it. */
export function act(book: SignBook, sender: Sender, envelope: BookedEnvelope, deed: Deed, now: number): boolean {
  if (!OUT.has(envelope.status)) return false;
  const turn = envelope.recipients.filter(({ status }) => status !== 'signed').sort((a, b) => a.order - b.order)[0];
  if (!turn) return false;
  if (deed === 'view') {
    if (turn.status === 'viewed') return false;
    Object.assign(turn, { status: 'viewed', at: now });
    envelope.viewedAt ??= now;
    if (envelope.status === 'sent') envelope.status = 'viewed';
  } else if (deed === 'sign') {
    Object.assign(turn, { status: 'signed', at: now });
    envelope.viewedAt ??= now;
    const next = envelope.recipients.find(({ status }) => status === 'waiting');
    if (next) next.status = 'sent';
    envelope.status = envelope.recipients.every(({ status }) => status === 'signed') ? 'completed' : 'partially_signed';
  } else if (deed === 'bounce') {
    if (turn.status !== 'sent') return false;
    Object.assign(turn, { status: 'bounced', at: now });
  } else {
    if (deed === 'decline') Object.assign(turn, { status: 'declined', at: now });
    envelope.status = deed === 'decline' ? 'declined' : 'expired';
  }
  envelope.changedAt = now;
  sender.send(book, 'envelope.changed', summary(envelope, 'webhook'), now);
  return true;
}
