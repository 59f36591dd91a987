import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** Seals and opens texts under one root key. `place` (such as `ten_1|installs|tokens`) is bound in, so that a sealed value opens only where it was put. */
export interface Sealer {
  seal(text: string, place: string): string;
  /** Throws when the text was sealed under another key or for another place. */
  open(sealed: string, place: string): string;
  /** A key for keyed hashes (blind look-ups), derived from the root key and of no use for opening. */
  readonly lookupKey: Buffer;
}

/** A `Sealer` with AES-256-GCM, a random 96-bit IV and the key's id in front: `v1.<key id>.<base64url of iv, tag, ciphertext>`. */
export function createSealer(key: Buffer): Sealer {
  if (key.length !== 32) throw new Error('The root key must be 32 bytes long.');
  const keyId = createHash('sha256').update(key).digest('base64url').slice(0, 8);
  return {
    lookupKey: Buffer.from(hkdfSync('sha256', key, '', 'countersign lookup', 32)),
    seal(text, place) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${keyId}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(sealed, place) {
      const [version, id, data] = sealed.split('.');
      if (version !== 'v1' || id !== keyId || !data) throw new Error('Sealed under another key.');
      const bytes = Buffer.from(data, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 }).setAAD(Buffer.from(place));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}
