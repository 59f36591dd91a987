import * as z from 'zod';

const hostPattern = z
  .string()
  .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name, or *. and a host name')
  .describe('A host that this connector may call; `*.` in front allows every name below it.');

/** What a connector says of itself, as data: `connectors/<vendor>/manifest.json`. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string().describe('As people write it.'),
  verified: z.boolean().describe('Whether it was seen to work against the real vendor.'),
  capabilities: z.array(z.enum(['inbound', 'crm', 'sign', 'journey', 'consents'])).min(1),
  hosts: z.array(hostPattern).min(1).describe('Every host that may be called, OAuth included. Calls elsewhere are refused.'),
  oauth: z.strictObject({
    scopes: z.array(z.string()).describe('Asked for and needed.'),
    optionalScopes: z.array(z.string()).default([]),
    pkce: z.boolean(),
    logins: z
      .array(z.strictObject({ id: z.string().regex(/^[a-z][a-z0-9-]*$/), name: z.string(), host: hostPattern }))
      .default([])
      .describe('Hosts among which a person chooses where to sign in, the first by default; none where the vendor has a single one.'),
    ownLogin: hostPattern.optional().describe('Pattern of the hosts at which an account may have a sign-in of its own, under a name of its own.'),
  }),
  webhook: z
    .strictObject({
      coversBody: z.boolean().describe('Whether the signature covers the body. Where it does not, the webhook is a hint and the envelope is read again.'),
      maxBytes: z.number().int().positive(),
      answer: z.strictObject({ status: z.number().int(), body: z.string(), type: z.string().default('text/plain; charset=UTF-8') }),
      optional: z.boolean().default(false).describe('Whether an account may do without it. Then what asking finds is no gap.'),
      path: z.enum(['app', 'install']).describe('`app`: one address for all accounts; `install`: one unguessable address an account.'),
    })
    .optional(),
  limits: z.strictObject({
    requests: z.number().int().positive().describe('Requests that we allow ourselves in a window, below what the vendor allows.'),
    windowMs: z.number().int().positive(),
    concurrent: z.number().int().positive(),
    batch: z.number().int().positive().describe('Records that one call may carry.'),
    timeoutMs: z.number().int().positive(),
    apart: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]*$/),
        z.strictObject({ requests: z.number().int().positive(), windowMs: z.number().int().positive(), concurrent: z.number().int().positive() }),
      )
      .optional()
      .describe('Kinds of call that the vendor counts apart, by a name of ours, each with what we allow ourselves of it.'),
    pollMs: z.number().int().positive().describe('Time between two reconciliations.'),
  }),
  journey: z
    .strictObject({
      person: z.enum(['contact', 'email']).describe("What names a person there: the CRM's contact id, or the e-mail address, which is then looked up when the call is made."),
      repeatable: z.boolean().describe('Whether telling it the same event twice is telling it once. Where not, an unknown outcome is asked of a person.'),
    })
    .default({ person: 'contact', repeatable: true }),
  evidence: z.array(z.string()).describe('Where the facts come from.'),
});
export type Manifest = z.infer<typeof manifestSchema>;
