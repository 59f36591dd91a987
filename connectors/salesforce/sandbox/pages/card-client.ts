import { z } from 'zod';
import type { SandboxOptions } from '#ports/sandbox';

const recipient = z.object({ role: z.string(), name: z.string().default(''), email: z.string().default(''), contact: z.string().nullish(), order: z.number().default(1) });
const reasons = z.array(z.object({ say: z.string(), path: z.string().default('') })).default([]);

export const cardSchema = z.object({
  canSend: z.boolean(),
  why: z.string().nullish(),
  templates: z.array(z.object({ id: z.string(), name: z.string(), roles: z.array(z.object({ name: z.string(), order: z.number() })) })).default([]),
  suggested: z.object({ template: z.string(), recipients: z.array(recipient) }).nullish(),
  reasons,
  envelopes: z
    .array(
      z.object({
        id: z.string(),
        status: z.string(),
        template: z.string().default(''),
        waitingFor: z.array(z.string()).default([]),
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

const TIMEOUT_MS = 10_000;
const errorSchema = z.object({ message: z.string() });

/** Calls the connector server as Apex does through the named credential, once: which org and user asks, and the key that the admin keeps in Setup. */
export function createCardClient(options: SandboxOptions, who: () => { key: string | null; orgId: string; userId: string }): CardClient {
  return {
    async ask(schema, method, path, body) {
      const { key, orgId, userId } = who();
      if (key === null) return { ok: false, message: 'The named credential Countersign has no key. An admin sets it in Setup.' };
      const headers = { 'content-type': 'application/json', 'x-countersign-key': key, 'x-countersign-org': orgId, 'x-countersign-user': userId };
      const init: RequestInit = { method, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS), ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }) };
      const reply = await fetch(options.serverUrl() + path, init).then(
        async (response) => ({ status: response.status, body: parse(await response.text()) }),
        () => null,
      );
      if (reply === null) return { ok: false, message: 'Countersign does not answer.' };
      if (reply.status < 200 || reply.status >= 300) return { ok: false, message: errorSchema.safeParse(reply.body).data?.message ?? `Countersign answered ${reply.status}.` };
      const parsed = schema.safeParse(reply.body);
      return parsed.success ? { ok: true, body: parsed.data } : { ok: false, message: 'Countersign answered in a form that this page does not know.' };
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
