import * as z from 'zod';

/**
 * The Send for signature card as the connector server answers it, and the requests that the vendor's card makes. How a vendor signs them is its own.
 */

const recipient = z.object({ role: z.string(), name: z.string().default(''), email: z.string().default(''), contact: z.string().nullish(), order: z.number().default(1) });
const reasons = z.array(z.object({ say: z.string(), path: z.string().default('') })).default([]);

const cardSchema = z.object({
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

const previewSchema = z.union([
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

/** What the person chose to send. */
export interface Choice {
  template: string;
  recipients: { role: string; name: string; email: string; contact?: string }[];
}

/** What the server answered, or a sentence for the person where it did not or would not. */
export type Answer<T> = { ok: true; body: T } | { ok: false; message: string };

export interface CardClient {
  show(deal: string): Promise<Answer<Card>>;
  preview(deal: string, choice: Choice): Promise<Answer<Preview>>;
  /** `key` makes that pressing twice sends once. */
  send(deal: string, key: string, choice: Choice): Promise<Answer<unknown>>;
  remind(envelope: string): Promise<Answer<unknown>>;
  void(envelope: string, reason: string): Promise<Answer<unknown>>;
}

type Method = 'GET' | 'POST';

/** How a vendor's card calls the connector server. */
export interface CardManners {
  /** Below which the server answers the vendor's cards, such as `/cards/<vendor>`. */
  root: string;
  /** Whole address and headers of a request, or a sentence that says why none can be made. `body` is empty for GET. */
  sign(method: Method, path: string, body: string): { url: string; headers: Record<string, string> } | string;
  timeoutMs: number;
  /** How many times it asks where the server fails or does not answer. */
  tries: number;
  /** What the vendor calls the place where the answer is shown. */
  shownOn: 'card' | 'page';
}

interface Reply {
  status: number;
  body: unknown;
}
const errorSchema = z.object({ message: z.string() });

export function createCardClient({ root, sign, timeoutMs, tries, shownOn }: CardManners): CardClient {
  const post = (path: string, body: unknown) => ask(z.unknown(), 'POST', path, body);
  const envelopePath = (envelope: string) => `/envelopes/${encodeURIComponent(envelope)}`;
  return {
    show: (deal) => ask(cardSchema, 'GET', `/deals/${deal}`),
    preview: (deal, choice) => ask(previewSchema, 'POST', `/deals/${deal}/preview`, choice),
    send: (deal, key, choice) => post(`/deals/${deal}/send`, { key, ...choice }),
    remind: (envelope) => post(`${envelopePath(envelope)}/remind`, {}),
    void: (envelope, reason) => post(`${envelopePath(envelope)}/void`, { reason }),
  };

  async function ask<T>(schema: z.ZodType<T>, method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const text = method === 'POST' ? JSON.stringify(body) : '';
    let reply: Reply | null = null;
    for (let attempt = 0; attempt < tries && (reply === null || reply.status >= 500); attempt++) {
      const signed = sign(method, root + path, text);
      if (typeof signed === 'string') return { ok: false, message: signed };
      reply = await once(signed.url, { method, headers: { 'content-type': 'application/json', ...signed.headers }, ...(method === 'POST' && { body: text }) });
    }
    if (reply === null) return { ok: false, message: 'Countersign does not answer.' };
    if (reply.status < 200 || reply.status >= 300) return { ok: false, message: errorSchema.safeParse(reply.body).data?.message ?? `Countersign answered ${reply.status}.` };
    const parsed = schema.safeParse(reply.body);
    return parsed.success ? { ok: true, body: parsed.data } : { ok: false, message: `Countersign answered in a form that this ${shownOn} does not know.` };
  }

  async function once(url: string, init: RequestInit): Promise<Reply | null> {
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, body: parse(await response.text()) };
    } catch {
      return null;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
