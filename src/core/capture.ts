import * as z from 'zod';
import { accentFault } from '#core/capture-accent';

/** Bounds of a capture page and of what is taken from its visitors. */
export const CAPTURE_LIMITS = {
  /** Fields of one page beside the fixed ones. */
  fields: 20,
  consents: 10,
  origins: 20,
  /** Characters of a one-line answer, and of a long one. */
  answerChars: 200,
  longChars: 2_000,
  logoBytes: 64 * 1024,
  /** A page as text. */
  pageBytes: 160 * 1024,
} as const;

const LOCALE = /^[a-z]{2}(-[A-Z]{2})?$/;
/** A text for each locale; the page is offered in the locales of its title. */
const words = (chars: number) => z.record(z.string().regex(LOCALE, 'A locale is written like en or de-AT.'), z.string().trim().min(1).max(chars));

/** An origin alone, as browsers compare it. Plain http is for this machine. */
const origin = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.origin === text && (url.protocol === 'https:' || (url.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(url.hostname)));
}, 'Write an origin alone, such as https://www.example.com.');

const LOGO = /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/;
const logo = z
  .string()
  .regex(LOGO, 'A logo is a data URL of a PNG, JPEG or WebP image in base64.')
  .refine((text) => Buffer.byteLength(text.slice(text.indexOf(',') + 1), 'base64') <= CAPTURE_LIMITS.logoBytes, `A logo has at most ${CAPTURE_LIMITS.logoBytes / 1024} KiB.`);

const asked = z.strictObject({ required: z.boolean().default(false) });
const field = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'An id is small letters, digits and dashes.'),
    label: words(120),
    kind: z.enum(['text', 'long', 'choice']).default('text'),
    /** Of a choice: what is written to the CRM; people see the same words. */
    options: z.array(z.string().trim().min(1).max(120)).min(1).max(40).optional(),
    required: z.boolean().default(false),
    /** The field of the CRM contact that takes the answer. */
    writes: z.string().min(1).max(100),
  })
  .refine(({ kind, options }) => (kind === 'choice') === (options !== undefined), { error: 'A choice has options, and nothing else has.', path: ['options'] });

const consent = z.strictObject({
  /** The text's name: the version that is in force is shown. */
  text: z.string().min(1).max(100),
  required: z.boolean().default(false),
  /** Whether a box left empty is kept as a refusal. Otherwise nothing is recorded of it. */
  recordDeclined: z.boolean().default(false),
});

const HOLES = /\{([a-z]+)\}/g;
const dealName = z
  .string()
  .min(1)
  .max(120)
  .refine((text) => [...text.matchAll(HOLES)].every(([, hole]) => hole === 'name' || hole === 'company'), 'Only {name} and {company} are filled in.');

export const capturePageSchema = z
  .strictObject({
    slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'A slug is small letters, digits and dashes.'),
    title: words(120).refine((titles) => Object.keys(titles).length > 0, 'A page needs a title in one locale at least.'),
    intro: words(2_000).default({}),
    /** What the button says; "Send" where it is left out. */
    button: words(60).default({}),
    brand: z.strictObject({
      name: z.string().trim().min(1).max(80),
      accent: z.string().regex(/^#[0-9a-fA-F]{6}$/, 'A colour is written like #0b5fa5.'),
      logo: logo.optional(),
    }),
    fields: z
      .strictObject({
        name: asked.default({ required: true }),
        company: asked.optional(),
        phone: asked.optional(),
        more: z.array(field).max(CAPTURE_LIMITS.fields).default([]),
      })
      .default({ name: { required: true }, more: [] }),
    consents: z.array(consent).max(CAPTURE_LIMITS.consents).default([]),
    /** Sites that may show the page in a frame; none but the server itself otherwise. */
    origins: z.array(origin).max(CAPTURE_LIMITS.origins).default([]),
    crm: z
      .strictObject({
        /** Of several connected CRMs, which one. */
        vendor: z.string().optional(),
        deal: z.strictObject({ pipeline: z.string().min(1), stage: z.string().min(1), name: dealName }).optional(),
      })
      .default({}),
    then: z.union([z.literal('thanks'), z.strictObject({ sign: z.strictObject({ rule: z.string().min(1) }) })]).default('thanks'),
    /** Whose law the consent is given under, by locale; a text's own jurisdiction goes first. */
    jurisdictions: z.record(z.string().regex(LOCALE), z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'A jurisdiction is written like DE or US-CA.')).default({}),
  })
  .check((context) => {
    const page = context.value;
    const fault = (path: (string | number)[], message: string) => context.issues.push({ code: 'custom', message, path, input: page });
    const contrast = accentFault(page.brand.accent);
    if (contrast !== null) fault(['brand', 'accent'], contrast);
    const ids = page.fields.more.map(({ id }) => id);
    ids.forEach((id, place) => {
      if (ids.indexOf(id) !== place) fault(['fields', 'more', place, 'id'], `Another field has the id "${id}" already.`);
    });
    const texts = page.consents.map(({ text }) => text);
    texts.forEach((text, place) => {
      if (texts.indexOf(text) !== place) fault(['consents', place, 'text'], `"${text}" is asked for already.`);
    });
    if (page.then !== 'thanks' && !page.crm.deal) fault(['then'], 'Signing needs a deal: say under crm.deal which one is made.');
    for (const locale of Object.keys(page.title)) {
      for (const [place, { label, id }] of page.fields.more.entries())
        if (!(locale in label)) fault(['fields', 'more', place, 'label'], `The field "${id}" has no label in the locale "${locale}".`);
    }
  });
export type CapturePage = z.output<typeof capturePageSchema>;
export type CaptureField = CapturePage['fields']['more'][number];

/** The locales in which a page is offered, the first by default. */
export const localesOf = (page: CapturePage): string[] => Object.keys(page.title);

/** The words of a page in a locale, else in its language alone, else in the page's first. */
export function wordsIn(page: CapturePage, texts: Readonly<Record<string, string>>, locale: string): string {
  const [language = ''] = locale.split('-');
  return texts[locale] ?? texts[language] ?? texts[localesOf(page)[0] ?? ''] ?? '';
}

/** The page's locale that a visitor reads best: what was asked for by name, else what the browser prefers (`Accept-Language`), else the first. */
export function localeFor(page: CapturePage, asked: string | undefined, accepted: string | undefined): string {
  const offered = localesOf(page);
  const wanted = [asked ?? '', ...preferred(accepted ?? '')];
  for (const one of wanted) {
    const [language] = one.toLowerCase().split('-');
    const found = offered.find((locale) => locale.toLowerCase() === one.toLowerCase()) ?? offered.find((locale) => locale.split('-')[0] === language);
    if (found !== undefined) return found;
  }
  return offered[0] ?? 'en';
}

/** An `Accept-Language` has few entries; whoever sends more is not read to the end. */
const LONGEST_HEADER = 500;

function preferred(header: string): string[] {
  const entries = header
    .slice(0, LONGEST_HEADER)
    .split(',')
    .map((entry) => /^\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*$/.exec(entry));
  return entries
    .flatMap((match) => (match?.[1] === undefined ? [] : [{ tag: match[1], weight: Number(match[2] ?? '1') }]))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

/** The name of a deal, with what the visitor said filled in. */
export function nameDeal(pattern: string, answers: { name: string; company: string }): string {
  const filled = pattern.replace(HOLES, (_, hole: string) => (hole === 'company' ? answers.company || answers.name : answers.name));
  return filled.replace(/\s+/g, ' ').trim().slice(0, 120);
}
