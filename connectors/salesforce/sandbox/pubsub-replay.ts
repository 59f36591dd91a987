import type { ChangeEventLog } from './change-events.ts';

/**
 * Replay ids as hard to misread as an org's: ten bytes, as seen in the wild, whose first eight are a number far above 2^53, and with gaps between one and the next.
 * Whoever takes them for a number, for eight bytes, or adds one to them, does not come back to the same place.
 */
const BASE = 1n << 60n;
const STEP = 4099n;
const BYTES = 10;

export function replayIdOf(position: number): Buffer {
  const id = Buffer.alloc(BYTES);
  id.writeBigUInt64BE(BASE + BigInt(position) * STEP);
  return id;
}

/** The place behind a replay id; null where it is none of ours, or of an event that is not kept any more. */
export function positionOf(id: Uint8Array, log: Pick<ChangeEventLog, 'head' | 'oldest'>): number | null {
  if (id.length !== BYTES) return null;
  const ahead = Buffer.from(id).readBigUInt64BE() - BASE;
  const position = Number(ahead / STEP);
  if (ahead < 0n || !replayIdOf(position).equals(id)) return null;
  return position >= log.oldest() - 1 && position <= log.head() ? position : null;
}
