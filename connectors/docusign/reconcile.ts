import { z } from 'zod';
import { canonicalJson, type Json } from '#lib/json';
import { sha256 } from '#lib/hmac';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { ask, bodyOf } from './client.ts';
import { RECONCILED } from './inbound.ts';
import { correlationOf } from './status.ts';
import { envelopeListShape, envelopeShape, instant, toJson, type WireEnvelope } from './wire.ts';

const INCLUDE = 'recipients,custom_fields';
const PAGE = 100;
/** The first look goes back a day. */
const FIRST_WINDOW_MS = 86_400_000;
/** Later windows reach back over two polls, because a list may lag behind what it lists; what was heard already is known by its key. */
const OVERLAP_MS = 30 * 60_000;
const SECOND_MS = 1000;

/** One envelope's present state. The vendor allows one such read an envelope in 15 minutes. */
export async function read(call: Call, remote: string): Promise<Notice> {
  const reply = await ask(call, { method: 'GET', path: `/envelopes/${encodeURIComponent(remote)}`, query: { include: INCLUDE } });
  return noticeOf(call, bodyOf(reply, envelopeShape));
}

/** `from` is where the next list starts, `skip` how many of its first envelopes were seen: needed only when a whole page changed in one second. */
const cursorShape = z.object({ from: z.number(), skip: z.number() });

/**
 * Our envelopes whose status changed, oldest change first. The next page starts at the last change seen rather than at a position: positions
 * shift when an envelope changes while we turn the page. One list call covers a hundred envelopes, which is what the polling rule wants.
 */
export async function changes(call: Call, cursor: Json, now: number): Promise<Changes> {
  const held = cursorShape.safeParse(cursor);
  const { from, skip } = held.success ? held.data : { from: now - FIRST_WINDOW_MS, skip: 0 };
  const query = {
    from_date: new Date(from).toISOString(),
    from_to_status: 'changed',
    order_by: 'status_changed',
    order: 'asc',
    include: INCLUDE,
    count: String(PAGE),
    start_position: String(skip),
  };
  const { envelopes } = bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query }), envelopeListShape);
  // An account also holds envelopes that others sent: they are none of our business.
  const notices = envelopes.filter((envelope) => correlationOf(envelope)).map((envelope) => noticeOf(call, envelope));
  if (envelopes.length < PAGE) return { notices, cursor: { from: now - OVERLAP_MS, skip: 0 }, more: false };
  const last = instant(envelopes.at(-1)?.statusChangedDateTime);
  const onward = last !== null && last - SECOND_MS > from ? { from: last - SECOND_MS, skip: 0 } : { from, skip: skip + envelopes.length };
  return { notices, cursor: onward, more: true };
}

/** A notice of the same shape as Connect's. Its key is the state itself: the same state heard again is the same notice. */
function noticeOf(call: Call, envelope: WireEnvelope): Notice {
  const at = instant(envelope.statusChangedDateTime) ?? instant(envelope.sentDateTime) ?? instant(envelope.createdDateTime) ?? 0;
  const data = { accountId: call.install.account, envelopeId: envelope.envelopeId, envelopeSummary: envelope };
  const payload = toJson({ event: RECONCILED, generatedDateTime: new Date(at).toISOString(), data });
  return { account: call.install.account, key: sha256(`${RECONCILED}|${canonicalJson(toJson(envelope))}`), kind: RECONCILED, at, payload };
}
