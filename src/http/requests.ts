import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { Problem } from '#core/problem';
import type { RawDelivery } from '#ports/inbound';

/**
 * The raw request as it came, for checking a signature: its bytes before any parser, and our configured address with the raw path and query.
 * @throws Problem `request.too-large`, before more than `maxBytes` are kept, `request.malformed` where it is compressed
 */
export async function readDelivery(c: Context, publicUrl: string, maxBytes: number): Promise<RawDelivery> {
  const { incoming } = c.env as HttpBindings;
  // No vendor compresses what it signs. Read as it came, a bomb is a few bytes that fit no signature; unpacked, it would be ours to hold.
  if (!/^(identity)?$/i.test(incoming.headers['content-encoding'] ?? '')) throw new Problem('request.malformed', { say: 'Send the body without compression.' });
  const body = await readBody(incoming, maxBytes);
  const headers: Record<string, string> = {};
  for (const name in incoming.headers) headers[name] = textOf(incoming.headers[name]);
  return { method: incoming.method ?? '', url: publicUrl + (incoming.url ?? ''), headers, body };
}

/** Most headers are one text; `set-cookie` is a list in any case. */
const textOf = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : (value ?? []).join(', '));

/** Read from Node's own stream: hono's body limit asks for a web stream, for which a `Request` and two streams were made of each delivery, about 90 of its 350 µs. */
function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const keep = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return void chunks.push(chunk);
      incoming.off('data', keep);
      reject(new Problem('request.too-large'));
    };
    const brokeOff = () => reject(new Problem('request.malformed', { say: 'The request broke off.' }));
    if (Number(incoming.headers['content-length']) > maxBytes) return reject(new Problem('request.too-large'));
    incoming.on('data', keep);
    incoming.once('close', brokeOff);
    incoming.once('end', () => {
      incoming.off('close', brokeOff);
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
  });
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
