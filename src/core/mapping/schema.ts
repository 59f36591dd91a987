import * as z from 'zod';
import { CONSENT_CHANNELS, CONSENT_TYPES } from '#core/consent';
import { ENVELOPE_STATUSES } from '#core/envelope';
import { BACKWARD_POLICIES } from '#core/plan';
import { RECORD_TYPES, type RecordType } from '#core/records';
import { ceiling } from './ceiling.ts';
import { consentLanguage } from './consent-language.ts';
import { compile } from './expression.ts';
import type { Language } from './language.ts';
import { envelopeLanguages, sendLanguages } from './languages.ts';
import { LIMITS } from './limits.ts';

export const MAPPING_KINDS = ['send', 'writeback', 'journey'] as const;
export type MappingKind = (typeof MAPPING_KINDS)[number];
/** What write-back and journey rules can wait for. */
export const STATUSES = [...ENVELOPE_STATUSES, 'blocked'] as const;

/** An expression checks itself, so that its faults are told together with those of the shape around it. */
const expressionIn = (language: Language) =>
  z
    .union([z.string().min(1).max(LIMITS.expressionChars), z.number(), z.boolean()], {
      error: 'Expected an expression. A fixed text needs two sets of quotes, such as \'"Hello"\'.',
    })
    .transform(String)
    .superRefine((text, context) => {
      const compiled = compile(text, language);
      if (compiled.ok) return;
      for (const { say, offset, suggestion } of compiled.issues)
        context.addIssue({ code: 'custom', message: say, params: { at: offset, ...(suggestion === undefined ? {} : { suggestion }) } });
    })
    .describe('A CEL expression, such as: deal.amount > 1000. A fixed text needs quotes inside the quotes: \'"signed"\'.');
const open = sendLanguages(null);
const condition = expressionIn(open.condition);
const content = expressionIn(open.content);
const heard = expressionIn(envelopeLanguages(null).recipient);
const id = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9-]*$/, 'An id is made of small letters, digits and hyphens, and begins with a letter.')
  .describe('Names the rule for ever: envelopes and timelines refer to it.');
const title = z.string().min(1).max(120).describe('What the rule does, in words.');
const label = z.string().min(1).max(200);
const fieldName = z.string().min(1).max(200);
const purpose = z.string().regex(/^[a-z][a-z0-9-]{0,59}$/, 'A purpose is made of small letters, digits and hyphens.');
const days = z.number().int().min(1).max(365);
const email = z
  .string()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'This is not an e-mail address.');
const assignments = (value: ReturnType<typeof expressionIn>, say: string) => z.record(fieldName, value).describe(say);

const from = z
  .union(
    [
      z.enum(['owner', 'primary']).describe('`owner`: the owner of the deal. `primary`: its primary contact.'),
      z.strictObject({
        contact: label.describe('Label of the association between deal and contact, such as Signer.'),
        else: z.enum(['primary', 'first', 'nobody']).default('nobody').describe('Who signs where no contact has that label.'),
      }),
      z.strictObject({ name: z.string().min(1).max(100), email }),
    ],
    { error: 'Say owner, primary, { contact: label } or { name, email }.' },
  )
  .describe('Who fills the role.');

const recipient = z.strictObject({
  role: label.describe('A role of the template.'),
  from,
  order: z.number().int().min(1).max(100).optional().describe('Routing order; equal numbers sign at the same time. The template’s own order by default.'),
  if: condition.optional().describe('Of several entries for one role, the first whose condition holds is taken.'),
});

const policies = z.strictObject({
  remind: z.strictObject({ after: days, every: days }).optional().describe('Days until the first reminder, and between reminders.'),
  expire: days.optional().describe('Days after which an envelope can no longer be signed.'),
  backward: z.enum(BACKWARD_POLICIES).default('keep').describe('What happens to an envelope that is out when its deal goes back to an earlier stage.'),
  retries: z.number().int().min(0).max(5).default(0).describe('How often an expired envelope is sent again by itself.'),
  ceiling: ceiling.optional(),
  samePerson: z.enum(['block', 'allow']).default('block').describe('Whether one e-mail address may sign in two roles.'),
});

const sendConsent = z.strictObject({
  role: label.describe('Who is asked, by the role of the template.'),
  checkbox: label.describe('Label of the checkbox in the template. Ticked is granted, left empty is declined.'),
  hash: label.describe('Label of a read-only text field of the same role, which carries the SHA-256 of the wording through the signature.'),
  wording: label.optional().describe('Label of a text field of the same role that shows the wording. Without it, the wording has to stand in the document itself.'),
  text: z.string().min(1).max(100).describe('Name of a published consent text. The version that is valid at send is pinned to the envelope.'),
  locale: condition.optional().describe('Language of the wording, such as contact.hs_language. The first that was published by default.'),
});

const sendRule = z.strictObject({
  id,
  title,
  when: z
    .strictObject({
      stage: label.optional().describe('Label or id of the stage that the deal enters.'),
      pipeline: label.optional().describe('Label or id of its pipeline; any pipeline by default.'),
      request: z.boolean().default(false).describe('Whether a person may ask for it, on any stage.'),
    })
    .refine((when) => when.stage !== undefined || when.request, 'Say a stage, or request: true, or both.'),
  if: condition.optional().describe('Condition for the rule as a whole.'),
  template: z
    .union(
      [
        label,
        z
          .array(z.strictObject({ if: condition.optional(), use: label }))
          .min(1)
          .max(20),
      ],
      { error: 'Say a template, or a list of { if, use }.' },
    )
    .describe('Name or id of the template. Of a list, the first whose condition holds.'),
  subject: content.describe(`Subject of the mail, at most ${LIMITS.subjectChars} characters.`),
  message: content.optional(),
  recipients: z.array(recipient).min(1).max(30),
  fields: assignments(content, 'Template fields by label.').default({}),
  consents: z.array(sendConsent).max(20).default([]).describe('Checkboxes of the template tied to consent texts.'),
  policies: policies.prefault({}),
});
const sendRuleOnce = sendRule.superRefine(eachFieldOnce);

/** A field of the template has one meaning: two consents on one checkbox, or a hash that the rule also fills with something else, would prove nothing. */
function eachFieldOnce({ consents, fields }: z.output<typeof sendRule>, context: z.RefinementCtx): void {
  const taken = new Set<string>();
  for (const [index, consent] of consents.entries())
    for (const key of ['checkbox', 'hash', 'wording'] as const) {
      const name = consent[key];
      if (name === undefined) continue;
      const place = JSON.stringify([consent.role.trim().toLowerCase(), name]);
      const message = taken.has(place)
        ? `"${name}" belongs to another consent already.`
        : key !== 'checkbox' && name in fields
          ? `"${name}" is filled under fields already.`
          : null;
      if (message !== null) context.addIssue({ code: 'custom', path: ['consents', index, key], message });
      taken.add(place);
    }
}

export const sendSchema = z.strictObject({
  kind: z.literal('send'),
  people: z
    .strictObject({ name: expressionIn(open.people), email: expressionIn(open.people) })
    .describe('How a contact’s name and e-mail address are read; `contact` is the contact in question.'),
  attribution: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'Such a name is made of small letters, digits and _.'), condition)
    .default({})
    .describe('First and last touch, frozen at send.'),
  rules: z.array(sendRuleOnce).min(1).max(100).describe('The first rule that matches is followed.'),
});

const OF_RECIPIENTS: ReadonlySet<RecordType> = new Set(['recipient', 'contact', 'lead']);
/** Whether there is one such record for each recipient. */
export const ofRecipients = (record: RecordType): boolean => OF_RECIPIENTS.has(record);

const statuses = z
  .union([z.literal('any'), z.array(z.enum(STATUSES)).min(1)], { error: `Say any, or a list of: ${STATUSES.join(', ')}.` })
  .describe('Envelope statuses; `blocked` is a send that was refused.');
const roles = z.array(label).min(1).optional().describe('Only contacts who sign in one of these roles; all by default.');

const consentWrite = z.strictObject({
  id,
  title,
  record: z.literal('contact'),
  type: z.enum(CONSENT_TYPES),
  purpose: purpose.optional().describe('Only acts about this purpose, or about all; any by default.'),
  channel: z.enum(CONSENT_CHANNELS).optional().describe('Only acts about this channel, or about all; any by default.'),
  set: assignments(expressionIn(consentLanguage), 'Fields of the contact and their values, of `consent`. An empty value empties the field.').refine(
    (set) => Object.keys(set).length > 0,
    'The rule writes nothing: give it set.',
  ),
});

export const writebackSchema = z.strictObject({
  kind: z.literal('writeback'),
  restore: z
    .boolean()
    .default(false)
    .describe('Whether a field under `once` that somebody overwrites in the CRM is set back to what was written first. It is reported in any case.'),
  rules: z
    .array(
      z
        .strictObject({
          id,
          title,
          record: z
            .enum(RECORD_TYPES)
            .describe(
              '`contact`: each recipient who is a contact. `lead`: the open lead of each recipient who has one. `company`: that of the deal. `envelope` and `recipient`: our own records, in a CRM that has them.',
            ),
          roles,
          on: statuses,
          if: heard.optional(),
          set: assignments(heard, 'Fields and their values. An empty value empties the field.').default({}),
          once: assignments(heard, 'Fields that are written only while they are empty.').default({}),
          attach: z
            .literal('signed-document')
            .optional()
            .describe('Keeps the signed document with the record once the envelope is completed. By default the CRM gets a link alone.'),
        })
        .refine((rule) => Object.keys(rule.set).length + Object.keys(rule.once).length > 0 || rule.attach !== undefined, {
          path: ['set'],
          error: 'The rule writes nothing: give it set, once or attach.',
        })
        .refine((rule) => ofRecipients(rule.record) || !rule.roles, { path: ['roles'], error: 'Roles choose among recipients; this rule writes one record.' })
        .refine((rule) => !ofRecipients(rule.record) || rule.attach === undefined, {
          path: ['attach'],
          error: 'A document is kept with the deal, the company or the envelope, not with each recipient.',
        }),
    )
    .max(100),
  consents: z
    .array(consentWrite)
    .max(50)
    .default([])
    .describe('What each act of consent writes to the contacts of whoever acted, once it counts: as soon as it is captured, with or without an envelope.'),
});

const consent = z
  .union(
    [
      z.enum(['none', 'not-opted-out']),
      z.strictObject({
        channel: z.enum(CONSENT_CHANNELS).describe('How the person would be reached.'),
        purpose: purpose.describe('What for, as the consent text names it.'),
      }),
    ],
    { error: 'Say none, not-opted-out or { channel, purpose }.' },
  )
  .describe('What the person must have agreed to: nothing, never to have objected to marketing, or marketing for a purpose by a channel, granted and in force.');
const target = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/)
  .describe('Another connected account than the CRM, by the id of its connector, such as marketing-cloud.');
const step = z.union(
  [
    z.strictObject({ set: assignments(heard, 'Fields of the contact.'), consent: consent.default('none'), if: heard.optional() }),
    z.strictObject({
      list: label.describe('Name of a static list or a campaign; it is made if absent, where that can be done.'),
      status: heard.optional().describe('Status of the member, where lists have one.'),
      in: target.optional(),
      consent: consent.describe('What the contact must have agreed to; stated for each list.'),
      if: heard.optional(),
    }),
    z.strictObject({
      event: label.describe('Name of an event that a journey begins with or waits for.'),
      data: assignments(heard, 'What the event tells.').default({}),
      in: target.optional(),
      consent: consent.describe('What the contact must have agreed to; stated for each event.'),
      if: heard.optional(),
    }),
    z.strictObject({
      leave: label.describe('Name of a static list or a campaign that the contact is taken off; who is not on it is left alone.'),
      in: target.optional(),
      if: heard.optional(),
    }),
    z.strictObject({ task: z.strictObject({ subject: heard, body: heard }).describe('For the owner of the deal.'), if: heard.optional() }),
  ],
  { error: 'A step is one of: set, list with consent, leave, event with consent, task.' },
);

/** What journey rules can wait for: a status, or that mail to a recipient came back. */
export const MOMENTS = [...STATUSES, 'bounced'] as const;
const moments = z
  .union([z.literal('any'), z.array(z.enum(MOMENTS)).min(1)], { error: `Say any, or a list of: ${MOMENTS.join(', ')}.` })
  .describe('Envelope statuses. `bounced`: mail to a recipient came back, whatever the status; the steps are then about that recipient alone. `any` is every status.');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const after = z
  .union([days, z.strictObject({ hours: z.number().int().min(1).max(8760) })], { error: 'Say a number of days from 1 to 365, or { hours: number }.' })
  .describe('Waits so many days, or { hours: number }, and runs only if the envelope is still in that status then.');
/** How long a journey rule waits, milliseconds. */
export const waitMs = (wait: z.infer<typeof after>): number => (typeof wait === 'number' ? wait * DAY_MS : wait.hours * HOUR_MS);

export const journeySchema = z.strictObject({
  kind: z.literal('journey'),
  rules: z.array(z.strictObject({ id, title, roles, on: moments, after: after.optional(), if: heard.optional(), steps: z.array(step).min(1).max(20) })).max(100),
});

export const SCHEMAS = { send: sendSchema, writeback: writebackSchema, journey: journeySchema } as const;

export type SendMapping = z.infer<typeof sendSchema>;
export type SendRule = SendMapping['rules'][number];
export type RecipientRule = SendRule['recipients'][number];
export type ConsentRule = SendRule['consents'][number];
export type WritebackMapping = z.infer<typeof writebackSchema>;
export type WritebackRule = WritebackMapping['rules'][number];
export type ConsentWriteRule = WritebackMapping['consents'][number];
export type JourneyMapping = z.infer<typeof journeySchema>;
export type JourneyRule = JourneyMapping['rules'][number];
export type Mappings = { send: SendMapping; writeback: WritebackMapping; journey: JourneyMapping };
export type AnyMapping = Mappings[MappingKind];

/** The JSON Schema of all three kinds, as editors want it: `mappings/mapping.schema.json`. */
export function mappingJsonSchema(): object {
  const schema = z.toJSONSchema(z.discriminatedUnion('kind', [sendSchema, writebackSchema, journeySchema]), { io: 'input' });
  return { ...schema, title: 'A mapping of Countersign' };
}
