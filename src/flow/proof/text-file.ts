import { parseDocument } from 'yaml';
import * as z from 'zod';
import { CONSENT_CHANNELS, CONSENT_TYPES } from '#core/consent';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { putCapturePage } from '#store/capture-pages';
import { listTexts, publishText, type NewText } from '#store/consent-texts';
import type { Tx } from '#store/database';
import type { Flow } from '#flow/flow';

const FILE_CHARACTERS = 2_000_000;
const WORDING_CHARACTERS = 100_000;
const TEXTS = 500;

const word = (what: string) =>
  z.string(`${what} has to be a text.`).regex(/^[a-z][a-z0-9-]{0,59}$/, `${what} is made of small letters, digits and hyphens, and begins with a letter.`);
const zoned = z.iso.datetime({ offset: true, error: 'Write a time with its offset, such as 2027-01-01T00:00:00+01:00.' }).transform((text) => Date.parse(text));

/** One text, as a file or a form brings it. */
export const newTextSchema = z
  .strictObject({
    name: word('The name'),
    type: z.enum(CONSENT_TYPES, `The type is one of ${CONSENT_TYPES.join(', ')}.`),
    purpose: word('The purpose').nullish(),
    channel: z.enum(CONSENT_CHANNELS, `The channel is one of ${CONSENT_CHANNELS.join(', ')}.`).nullish(),
    locale: z.string('The locale is missing.').regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'The locale is a language tag such as en or de-AT.'),
    jurisdiction: z.string().trim().min(1).max(60).nullish(),
    title: z.string('The title is missing.').trim().min(1, 'The title is missing.').max(200, 'The title has at most 200 characters.'),
    validFrom: zoned.nullish(),
    wording: z
      .string('The wording is missing.')
      .max(WORDING_CHARACTERS, `A wording has at most ${WORDING_CHARACTERS} characters.`)
      .refine((text) => text.trim() !== '', 'The wording is missing.'),
  })
  .superRefine((text, context) => {
    const marketing = text.type === 'marketing';
    for (const part of ['purpose', 'channel'] as const) {
      if (marketing && !text[part]) context.addIssue({ code: 'custom', path: [part], message: `Marketing needs a ${part}.` });
      if (!marketing && text[part]) context.addIssue({ code: 'custom', path: [part], message: `Only marketing has a ${part}.` });
    }
  });

const fileSchema = z.strictObject({ texts: z.array(newTextSchema).min(1).max(TEXTS) });

const textOf = (text: z.output<typeof newTextSchema>, now: number): NewText => ({
  ...text,
  purpose: text.purpose ?? null,
  channel: text.channel ?? null,
  jurisdiction: text.jurisdiction ?? null,
  validFrom: text.validFrom ?? now,
});

/** One text from a form. `faults` are sentences for the person, by field. */
export function parseText(values: unknown, now: number): { ok: true; text: NewText } | { ok: false; faults: { path: string; say: string }[] } {
  const parsed = newTextSchema.safeParse(values);
  if (parsed.success) return { ok: true, text: textOf(parsed.data, now) };
  return { ok: false, faults: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), say: message })) };
}

/** The texts of a YAML file, in its order. `now` is from when those are valid that name no time. @throws Problem `request.malformed` with every fault */
export function readTexts(source: string, now: number): NewText[] {
  if (source.length > FILE_CHARACTERS) throw new Problem('request.too-large');
  const document = parseDocument(source);
  const [fault] = document.errors;
  if (fault) throw new Problem('request.malformed', { say: `The file is no YAML: ${fault.message}` });
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (parsed.success) return parsed.data.texts.map((text) => textOf(text, now));
  throw new Problem('request.malformed', {
    say: `The file cannot be published:\n${parsed.error.issues.map(({ path, message }) => `  - ${path.join('.')}: ${message}`).join('\n')}`,
  });
}

/** Gives a fresh tenant of the sandbox texts to try things out with. Live tenants begin with none, and nobody's own texts are added to. */
export async function shipTexts(flow: Flow, tx: Tx, tenant: TenantId): Promise<void> {
  if (!flow.sandboxTexts || (await listTexts(tx, tenant)).length > 0) return;
  const now = flow.clock.now();
  for (const text of readTexts(flow.sandboxTexts(), now)) await publishText(tx, tenant, text, 'countersign', now);
  if (flow.sandboxPage) await putCapturePage(tx, tenant, { slug: 'newsletter', text: flow.sandboxPage(), note: 'As shipped', by: 'countersign' }, now);
}
