import { sha256 } from '#lib/hmac';

/**
 * The bytes of a wording that are hashed and proven: Unicode in composed form, lines ended by a line feed, no spaces at their ends, one line feed at the end of all. So
 * a copy through mail, YAML or Windows is still the same wording, and no other change is.
 */
export function normalizeWording(wording: string): string {
  const lines = wording.normalize('NFC').replace(/\r\n?/g, '\n').split('\n');
  return `${lines
    .map((line) => line.replace(/[ \t]+$/, ''))
    .join('\n')
    .replace(/^\n+|\n+$/g, '')}\n`;
}

/** SHA-256 of the normalised wording in UTF-8, hexadecimal: what `sha256sum` prints of the file. */
export function hashWording(wording: string): string {
  return sha256(normalizeWording(wording));
}
