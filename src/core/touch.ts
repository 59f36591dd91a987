import * as z from 'zod';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';

/** Bounds of what is taken of a touchpoint. Whoever meets one reads it in the notes. */
export const TOUCH_LIMITS = {
  /** Touchpoints in one go. */
  atOnce: 200,
  /** Characters of one value. */
  valueChars: 500,
  /** Characters of a value before it is looked at. */
  rawChars: 20_000,
} as const;

/** Ids that an advertiser hangs on a link, by the name of their parameter. */
export const CLICK_IDS = ['gclid', 'gbraid', 'wbraid', 'dclid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid', 'twclid'] as const;
const TEXTS = ['source', 'medium', 'campaign', 'campaignId', 'term', 'content'] as const;
const PAGES = ['landingPage', 'referrer'] as const;
type ClickId = (typeof CLICK_IDS)[number];

/** How somebody came to us, once. Values are texts from elsewhere: they are stored and shown as text, never as HTML. */
export type Touchpoint = Partial<Record<(typeof TEXTS)[number] | (typeof PAGES)[number], string>> & {
  /** Milliseconds since the epoch. */
  at: number;
  clickIds?: Partial<Record<ClickId, string>>;
  /** The time that was claimed, where it lay in the future and `at` is when we heard of it. */
  claimedAt?: number;
  /** False where nobody told the time and `at` is when we first read of it. */
  dated?: false;
};

const raw = z.union([z.string().max(TOUCH_LIMITS.rawChars), z.number()], { error: 'Expected a text.' }).nullish();
const input = z.object({
  at: z.union([z.string().max(64), z.number()], { error: 'Say when: ISO 8601 with an offset, or milliseconds since the epoch.' }),
  ...(Object.fromEntries([...TEXTS, ...PAGES].map((name) => [name, raw])) as Record<(typeof TEXTS)[number] | (typeof PAGES)[number], typeof raw>),
  clickIds: z.object(Object.fromEntries(CLICK_IDS.map((name) => [name, raw])) as Record<ClickId, typeof raw>).nullish(),
});
export type TouchInput = z.input<typeof input>;

export interface ReadTouches {
  touches: Touchpoint[];
  /** What was cut, moved or left out, in words. */
  notes: string[];
}
export type TouchReading = ({ ok: true } & ReadTouches) | { ok: false; say: string; path: string };

const list = z.array(input).max(TOUCH_LIMITS.atOnce, `At most ${TOUCH_LIMITS.atOnce} touchpoints are taken in one go.`);

/** Touchpoints as somebody outside tells them. All or none: one that cannot be read is named by its place. */
export function readTouches(value: unknown, now: number): TouchReading {
  const parsed = list.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { ok: false, say: issue?.message ?? 'This is no list of touchpoints.', path: (issue?.path ?? []).join('.') };
  }
  const notes: string[] = [];
  const touches: Touchpoint[] = [];
  for (const [index, one] of parsed.data.entries()) {
    const time = readTime(one.at);
    if (time === null) return { ok: false, say: 'This is no time with an offset. Say it as 2026-03-01T09:30:00+01:00, or as milliseconds since the epoch.', path: `${index}.at` };
    touches.push(tidyTouch(one, time, now, (say) => notes.push(`Touchpoint ${index + 1}: ${say}`)));
  }
  return { ok: true, touches, notes };
}

function tidyTouch(one: z.infer<typeof input>, time: number, now: number, note: (say: string) => void): Touchpoint {
  const touch: Touchpoint = { at: time };
  if (time > now) {
    touch.at = now;
    touch.claimedAt = time;
    note('its time lies in the future; now was taken instead.');
  }
  for (const name of TEXTS)
    keep(
      touch,
      name,
      cleanText(one[name], (say) => note(`${name} ${say}`)),
    );
  for (const name of PAGES)
    keep(
      touch,
      name,
      pageOf(one[name], (say) => note(`${name} ${say}`)),
    );
  const clickIds: Partial<Record<ClickId, string>> = {};
  for (const name of CLICK_IDS)
    keep(
      clickIds,
      name,
      cleanText(one.clickIds?.[name], (say) => note(`${name} ${say}`)),
    );
  if (Object.keys(clickIds).length > 0) touch.clickIds = clickIds;
  return touch;
}

function keep<Name extends string>(into: Partial<Record<Name, string>>, name: Name, value: string): void {
  if (value !== '') into[name] = value;
}

/** Control characters, halves of surrogate pairs, and marks that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
/** An address in a link names somebody, and a ledger names nobody. */
const ADDRESS = /[^\s@/?&=]{1,64}@[^\s@/?&=]{1,190}\.[^\s@/?&=.]{2,}/g;

/** A value from outside as it is kept: without what cannot be seen, without addresses, at most as long as the limit says. */
export function cleanText(value: unknown, note: (say: string) => void = () => undefined): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  const seen = String(value).replace(UNSEEN, ' ').trim();
  const nameless = seen.replace(ADDRESS, '(address)');
  if (nameless !== seen) note('held an e-mail address, which was left out.');
  const characters = [...nameless];
  if (characters.length <= TOUCH_LIMITS.valueChars) return nameless;
  note(`was longer than ${TOUCH_LIMITS.valueChars} characters and was cut.`);
  return characters.slice(0, TOUCH_LIMITS.valueChars).join('');
}

/** A page as origin and path: its query may name people. What is no web address is left out. */
export function pageOf(value: unknown, note: (say: string) => void = () => undefined): string {
  if (typeof value !== 'string' || value.trim() === '') return '';
  const url = URL.canParse(value.trim()) ? new URL(value.trim()) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    note('is no web address and was left out.');
    return '';
  }
  return cleanText(`${url.origin}${decoded(url.pathname)}`, note);
}

/** A path may hide an address behind escapes. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i;
/** The year 2100: a count of seconds, or of microseconds, is not taken for milliseconds. */
const LATEST = 4_102_444_800_000;
const EARLIEST = 100_000_000_000;

/** A moment as ISO 8601 with an offset, or as milliseconds since the epoch; null for anything else, such as a time of no zone, which may mean any of forty moments. */
export function readTime(value: unknown): number | null {
  const time = typeof value === 'number' ? value : typeof value !== 'string' ? null : /^\d{12,13}$/.test(value.trim()) ? Number(value) : readIso(value.trim());
  return time !== null && Number.isSafeInteger(time) && time >= EARLIEST && time <= LATEST ? time : null;
}

function readIso(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00', fraction = '', zone = ''] = match;
  if (Number(day) > daysIn(Number(year), Number(month))) return null;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${offset}`);
}

/** `Date.parse` takes the 31st of June for the 1st of July. */
const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Equal keys are one touchpoint of one person, however often and from wherever it is told. */
export function keyOfTouch(person: string, { at, claimedAt, dated, ...content }: Touchpoint): string {
  return sha256(canonicalJson({ person, at: dated === false ? null : (claimedAt ?? at), ...content }));
}
