import { z } from 'zod';

const hostPattern = z
  .string()
  .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name, or *. and a host name')
  .describe('A host that this connector may call; `*.` in front allows every name below it.');

/** What a connector says of itself, as data: `connectors/<vendor>/manifest.json`. */
export const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string().describe('As people write it.'),
  verified: z.boolean().describe('Whether it was seen to work against the real vendor.'),
  capabilities: z.array(z.enum(['inbound', 'crm', 'sign', 'journey'])).min(1),
  hosts: z.array(hostPattern).min(1).describe('Every host that may be called, OAuth included. Calls elsewhere are refused.'),
  oauth: z.strictObject({
    scopes: z.array(z.string()).describe('Asked for and needed.'),
    optionalScopes: z.array(z.string()).default([]),
    pkce: z.boolean(),
  }),
  webhook: z
    .strictObject({
      coversBody: z.boolean().describe('Whether the signature covers the body. Where it does not, the webhook is a hint and the envelope is read again.'),
      maxBytes: z.number().int().positive(),
      answer: z.strictObject({ status: z.number().int(), body: z.string() }),
      path: z.enum(['app', 'install']).describe('`app`: one address for all accounts; `install`: one unguessable address an account.'),
    })
    .optional(),
  limits: z.strictObject({
    requests: z.number().int().positive().describe('Requests that we allow ourselves in a window, below what the vendor allows.'),
    windowMs: z.number().int().positive(),
    concurrent: z.number().int().positive(),
    batch: z.number().int().positive().describe('Records that one call may carry.'),
    timeoutMs: z.number().int().positive(),
    pollMs: z.number().int().positive().describe('Time between two reconciliations.'),
  }),
  evidence: z.array(z.string()).describe('Where the facts come from.'),
});
export type Manifest = z.infer<typeof manifestSchema>;
