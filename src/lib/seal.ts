import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** Seals and opens texts. `place` (such as `ten_1|installs|tokens`) is bound in, so that a sealed value opens only where it was put. */
export interface Sealer {
  seal(text: string, place: string): string;
  /** Throws when the text was sealed under a key that is not at hand, or for another place. */
  open(sealed: string, place: string): string;
  /** A key for keyed hashes (blind look-ups) and short-lived signatures, of no use for opening. It stays when root keys change. */
  readonly lookupKey: Buffer;
  /** Id of the key that seals. */
  readonly current: string;
  /** Ids of all keys that open, the current one first. */
  readonly ids: readonly string[];
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Names a key without giving it away: 48 bits of its SHA-256. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 8);
}

/** The id of the key that a sealed value needs; undefined where it is none. */
export function sealedUnder(sealed: string): string | undefined {
  return /^v1\.([\w-]{8})\.[\w-]+$/.exec(sealed)?.[1];
}

/** What a root key gives as `lookupKey` to a database that has none of its own yet. */
export function derivedLookupKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'countersign lookup', KEY_BYTES));
}

export interface SealerOptions {
  others?: readonly Buffer[];
  lookupKey?: Buffer;
  /** Asked for a key that is not at hand: it may have been made since. */
  find?: (id: string) => Buffer | undefined;
}

/**
 * A `Sealer` with AES-256-GCM, a random 96-bit IV and the key's id in front: `v1.<key id>.<base64url of iv, tag, ciphertext>`. It seals under `key`, and opens what
 * was sealed under it or under one of `others`.
 */
export function createSealer(key: Buffer, { others = [], lookupKey, find }: SealerOptions = {}): Sealer {
  if ([key, ...others].some(({ length }) => length !== KEY_BYTES)) throw new Error('A root key must be 32 bytes long.');
  const current = keyIdOf(key);
  const keys = new Map([...others.map((other) => [keyIdOf(other), other] as const), [current, key]]);
  /** A key that came after the start is kept; only the one that seals stays what it was. */
  const learn = (id: string): Buffer | undefined => {
    const found = find?.(id);
    if (found) keys.set(id, found);
    return found;
  };
  return {
    current,
    ids: [current, ...[...keys.keys()].filter((id) => id !== current)],
    // Derived when it is asked for: sealers of people's own keys are made by the thousand, and none of them looks anybody up.
    get lookupKey() {
      return (lookupKey ??= derivedLookupKey(key));
    },
    seal(text, place) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${current}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed, place) {
      const id = sealedUnder(sealed);
      const under = id === undefined ? undefined : (keys.get(id) ?? learn(id));
      if (!under) throw new Error('Sealed under another key.');
      const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf('.') + 1), 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) throw new Error('Sealed value cut short.');
      const decipher = createDecipheriv('aes-256-gcm', under, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}
