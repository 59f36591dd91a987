import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { Problem } from '#core/problem';
import type { RawDelivery } from '#ports/inbound';

/** The raw request as it came, for checking a signature: its bytes before any parser, and our configured address with the raw path and query. */
export async function readDelivery(c: Context, publicUrl: string): Promise<RawDelivery> {
  const { incoming } = c.env as HttpBindings;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return { method: c.req.method, url: publicUrl + (incoming.url ?? ''), headers, body: new Uint8Array(await c.req.arrayBuffer()) };
}

/** A JSON body as an object. @throws Problem `request.malformed` */
export function parseBody(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new Problem('request.malformed', { cause: error });
  }
  throw new Problem('request.malformed', { say: 'The body has to be a JSON object.' });
}
