const SUFFIX = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Where the org lives, as its ids say. */
const POD = '5g';

/** Three characters that tell which of the fifteen are upper case, so that ids also survive where case does not. */
function suffixOf(id15: string): string {
  let suffix = '';
  for (let chunk = 0; chunk < 3; chunk++) {
    let bits = 0;
    for (let i = 0; i < 5; i++) if (/[A-Z]/.test(id15.charAt(chunk * 5 + i))) bits |= 1 << i;
    suffix += SUFFIX.charAt(bits);
  }
  return suffix;
}

/** The 18-character form of an id of 15 or 18 characters; null where the text is no id, or its checksum is wrong. */
export function id18Of(text: unknown): string | null {
  if (typeof text !== 'string' || !/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(text)) return null;
  const id15 = text.slice(0, 15);
  const id18 = id15 + suffixOf(id15);
  return text.length === 15 || id18.slice(15) === text.slice(15).toUpperCase() ? id18 : null;
}

/** The id of the `count`th record of a type, whose ids begin with `prefix`. */
export function idOf(prefix: string, count: number): string {
  let tail = '';
  for (let rest = count; tail.length < 10; rest = Math.floor(rest / 62)) tail = DIGITS.charAt(rest % 62) + tail;
  const id15 = prefix + POD + tail;
  return id15 + suffixOf(id15);
}
