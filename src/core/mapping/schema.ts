import { z } from 'zod';
import { ENVELOPE_STATUSES } from '#core/envelope';
import { BACKWARD_POLICIES } from '#core/plan';
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
  samePerson: z.enum(['block', 'allow']).default('block').describe('Whether one e-mail address may sign in two roles.'),
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
  policies: policies.prefault({}),
});

export const sendSchema = z.strictObject({
  kind: z.literal('send'),
  people: z
    .strictObject({ name: expressionIn(open.people), email: expressionIn(open.people) })
    .describe('How a contact’s name and e-mail address are read; `contact` is the contact in question.'),
  attribution: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'Such a name is made of small letters, digits and _.'), condition)
    .default({})
    .describe('First and last touch, frozen at send.'),
  rules: z.array(sendRule).min(1).max(100).describe('The first rule that matches is followed.'),
});

const statuses = z
  .union([z.literal('any'), z.array(z.enum(STATUSES)).min(1)], { error: `Say any, or a list of: ${STATUSES.join(', ')}.` })
  .describe('Envelope statuses; `blocked` is a send that was refused.');
const roles = z.array(label).min(1).optional().describe('Only contacts who sign in one of these roles; all by default.');

export const writebackSchema = z.strictObject({
  kind: z.literal('writeback'),
  rules: z
    .array(
      z
        .strictObject({
          id,
          title,
          record: z.enum(['deal', 'contact']).describe('`contact`: each recipient who is a contact.'),
          roles,
          on: statuses,
          if: heard.optional(),
          set: assignments(heard, 'Fields and their values. An empty value empties the field.').default({}),
          once: assignments(heard, 'Fields that are written only while they are empty.').default({}),
        })
        .refine((rule) => Object.keys(rule.set).length + Object.keys(rule.once).length > 0, 'The rule writes nothing: give it set or once.')
        .refine((rule) => rule.record === 'contact' || !rule.roles, { path: ['roles'], error: 'Roles choose among contacts; this rule writes the deal.' }),
    )
    .max(100),
});

const consent = z.enum(['none', 'not-opted-out']);
const step = z.union(
  [
    z.strictObject({ set: assignments(heard, 'Fields of the contact.'), consent: consent.default('none'), if: heard.optional() }),
    z.strictObject({
      list: label.describe('Name of a static list; it is made if absent.'),
      consent: consent.describe('What the contact must have agreed to; stated for each list.'),
      if: heard.optional(),
    }),
    z.strictObject({ task: z.strictObject({ subject: heard, body: heard }).describe('For the owner of the deal.'), if: heard.optional() }),
  ],
  { error: 'A step is one of: set, list with consent, task.' },
);

export const journeySchema = z.strictObject({
  kind: z.literal('journey'),
  rules: z.array(z.strictObject({ id, title, roles, on: statuses, if: heard.optional(), steps: z.array(step).min(1).max(20) })).max(100),
});

export const SCHEMAS = { send: sendSchema, writeback: writebackSchema, journey: journeySchema } as const;

export type SendMapping = z.infer<typeof sendSchema>;
export type SendRule = SendMapping['rules'][number];
export type RecipientRule = SendRule['recipients'][number];
export type WritebackMapping = z.infer<typeof writebackSchema>;
export type WritebackRule = WritebackMapping['rules'][number];
export type JourneyMapping = z.infer<typeof journeySchema>;
export type JourneyRule = JourneyMapping['rules'][number];
export type Consent = z.infer<typeof consent>;
export type Mappings = { send: SendMapping; writeback: WritebackMapping; journey: JourneyMapping };
export type AnyMapping = Mappings[MappingKind];

/** The JSON Schema of all three kinds, as editors want it: `mappings/mapping.schema.json`. */
export function mappingJsonSchema(): object {
  const schema = z.toJSONSchema(z.discriminatedUnion('kind', [sendSchema, writebackSchema, journeySchema]), { io: 'input' });
  return { ...schema, title: 'A mapping of Countersign' };
}
