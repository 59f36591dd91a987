import * as z from 'zod';
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
/** The statuses in which a recipient can still act, and for how long: the vendor expires an envelope after 120 days unless its sender says otherwise. */
const OUT = 'sent,delivered,signed';
const OUT_WINDOW_MS = 365 * 86_400_000;

/** One envelope's present state. The vendor allows one such read an envelope in 15 minutes. */
export async function read(call: Call, remote: string): Promise<Notice> {
  const reply = await ask(call, { method: 'GET', path: `/envelopes/${encodeURIComponent(remote)}`, query: { include: INCLUDE } });
  return noticeOf(call, bodyOf(reply, envelopeShape));
}

/**
 * `from` is where the next list starts, `skip` how many of its first envelopes were seen: needed only when a whole page changed in one second.
 * `until` is there on the second walk, over the envelopes that are still out and whose status last changed before it.
 */
const cursorShape = z.object({ from: z.number(), skip: z.number(), until: z.number().exactOptional() });
type Cursor = { from: number; skip: number; until?: number };

/**
 * Our envelopes that changed, in two walks. The first lists what changed its status since the last look. The second lists what is still out since
 * longer: the first of two signatures changes a recipient and not the status of the envelope, so the first walk never shows it.
 */
export async function changes(call: Call, cursor: Json, now: number): Promise<Changes> {
  const held = cursorShape.safeParse(cursor);
  const at: Cursor = held.success ? held.data : { from: now - FIRST_WINDOW_MS, skip: 0 };
  const envelopes = await list(call, at);
  // An account also holds envelopes that others sent: they are none of our business.
  const notices = envelopes.filter((envelope) => correlationOf(envelope)).map((envelope) => noticeOf(call, envelope));
  if (envelopes.length === PAGE) return { notices, cursor: onward(at, envelopes), more: true };
  if (at.until === undefined) return { notices, cursor: { from: now - OUT_WINDOW_MS, skip: 0, until: now - OVERLAP_MS }, more: true };
  return { notices, cursor: { from: at.until, skip: 0 }, more: false };
}

/** One list call covers a hundred envelopes, which is what the polling rule wants. Oldest change first. */
async function list(call: Call, { from, skip, until }: Cursor): Promise<WireEnvelope[]> {
  const query = {
    from_date: new Date(from).toISOString(),
    ...(until === undefined ? {} : { to_date: new Date(until).toISOString(), status: OUT }),
    from_to_status: 'changed',
    order_by: 'status_changed',
    order: 'asc',
    include: INCLUDE,
    count: String(PAGE),
    start_position: String(skip),
  };
  return bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query }), envelopeListShape).envelopes;
}

/** The next page starts at the last change seen rather than at a position: positions shift when an envelope changes while we turn the page. */
function onward(at: Cursor, envelopes: readonly WireEnvelope[]): Cursor {
  const last = instant(envelopes.at(-1)?.statusChangedDateTime);
  return last !== null && last - SECOND_MS > at.from ? { ...at, from: last - SECOND_MS, skip: 0 } : { ...at, skip: at.skip + envelopes.length };
}

/** A notice of the same shape as Connect's. Its key is the state itself: the same state heard again is the same notice. */
function noticeOf(call: Call, envelope: WireEnvelope): Notice {
  const at = instant(envelope.statusChangedDateTime) ?? instant(envelope.sentDateTime) ?? instant(envelope.createdDateTime) ?? 0;
  const data = { accountId: call.install.account, envelopeId: envelope.envelopeId, envelopeSummary: envelope };
  const payload = toJson({ event: RECONCILED, generatedDateTime: new Date(at).toISOString(), data });
  return { account: call.install.account, key: sha256(`${RECONCILED}|${canonicalJson(toJson(envelope))}`), kind: RECONCILED, at, payload };
}
