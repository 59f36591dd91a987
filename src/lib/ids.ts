import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A string that only `newId(prefix)` or a checked border makes. */
export type Branded<Prefix extends string> = `${Prefix}_${string}`;

/**
 * A new id: the prefix, 10 characters of milliseconds and 16 of randomness, in Crockford's base 32.
 * Ids sort by the time at which they were made, which keeps index pages warm.
 */
export function newId<Prefix extends string>(prefix: Prefix, now = Date.now()): Branded<Prefix> {
  let time = '';
  for (let rest = now, i = 0; i < 10; i++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let noise = '';
  for (const byte of randomBytes(16)) noise += ALPHABET.charAt(byte & 31);
  return `${prefix}_${time}${noise}`;
}

/** An unguessable url-safe token of `bytes` random bytes, for links, OAuth states and cookies. */
export function newToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}
