import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#lib/clock';
import { hmacBase64 } from '#lib/hmac';
import type { SandboxOptions } from '#ports/sandbox';

const recipient = z.object({ role: z.string(), name: z.string().default(''), email: z.string().default(''), contact: z.string().nullish(), order: z.number().default(1) });
const reasons = z.array(z.object({ say: z.string(), path: z.string().default('') })).default([]);

export const cardSchema = z.object({
  canSend: z.boolean(),
  why: z.string().nullish(),
  templates: z.array(z.object({ id: z.string(), name: z.string(), roles: z.array(z.object({ name: z.string(), order: z.number() })) })).default([]),
  suggested: z
    .object({ template: z.union([z.string(), z.object({ id: z.string() })]).transform((given) => (typeof given === 'string' ? given : given.id)), recipients: z.array(recipient) })
    .nullish(),
  reasons,
  envelopes: z
    .array(
      z.object({
        id: z.string(),
        status: z.string(),
        template: z.string().default(''),
        waitingFor: z.union([z.string(), z.array(z.string())]).nullish(),
        url: z.string().nullish(),
        recipients: z.array(z.object({ role: z.string(), status: z.string() })).default([]),
      }),
    )
    .default([]),
});
export type Card = z.infer<typeof cardSchema>;

export const previewSchema = z.union([
  z.object({
    send: z.literal(true),
    plan: z.object({
      template: z.object({ id: z.string(), name: z.string() }),
      subject: z.string().default(''),
      recipients: z.array(recipient),
      fields: z.array(z.object({ role: z.string(), label: z.string(), value: z.string() })).default([]),
    }),
    writes: z.array(z.object({ record: z.object({ type: z.string(), id: z.string() }), set: z.record(z.string(), z.unknown()) })).default([]),
  }),
  z.object({ send: z.literal(false), reasons }),
]);
export type Preview = z.infer<typeof previewSchema>;

/** What the server answered, or a sentence for the person where it did not or would not. */
export type Answer<T> = { ok: true; body: T } | { ok: false; message: string };

export interface CardClient {
  ask<T>(schema: z.ZodType<T>, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer<T>>;
}

const TIMEOUT_MS = 15_000;
const errorSchema = z.object({ message: z.string() });

/** Calls the connector server as `hubspot.fetch` does: who asks in the query, both signatures, 15 seconds, one more try on a 5xx or no answer. */
export function createCardClient(options: SandboxOptions, clock: Clock, who: () => { portalId: number; userId: number; email: string }): CardClient {
  async function once(method: 'GET' | 'POST', path: string, body: string): Promise<{ status: number; body: unknown } | null> {
    const { portalId, userId, email } = who();
    const query = `userId=${userId}&portalId=${portalId}&userEmail=${encodeURIComponent(email)}&appId=${encodeURIComponent(options.app.appId)}`;
    const url = `${options.serverUrl()}${path}?${query}`;
    const timestamp = String(clock.now());
    const { clientSecret } = options.app;
    const headers = {
      'content-type': 'application/json',
      'x-hubspot-request-timestamp': timestamp,
      // HubSpot hashes the address with `@` written out, though it travels as %40.
      'x-hubspot-signature-v3': hmacBase64(clientSecret, method, url.replaceAll('%40', '@'), body, timestamp),
      'x-hubspot-signature-version': 'v2',
      'x-hubspot-signature': createHash('sha256')
        .update(clientSecret + method + url + body)
        .digest('hex'),
    };
    try {
      const response = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...(method === 'POST' && { body }) });
      const text = await response.text();
      return { status: response.status, body: parse(text) };
    } catch {
      return null;
    }
  }

  return {
    async ask(schema, method, path, body) {
      const text = method === 'POST' ? JSON.stringify(body ?? {}) : '';
      let reply = await once(method, path, text);
      if (reply === null || reply.status >= 500) reply = await once(method, path, text);
      if (reply === null) return { ok: false, message: 'Countersign does not answer.' };
      if (reply.status < 200 || reply.status >= 300) return { ok: false, message: errorSchema.safeParse(reply.body).data?.message ?? `Countersign answered ${reply.status}.` };
      const parsed = schema.safeParse(reply.body);
      return parsed.success ? { ok: true, body: parsed.data } : { ok: false, message: 'Countersign answered in a form that this card does not know.' };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
