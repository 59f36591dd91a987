import { Problem } from '#core/problem';
import type { HttpReply } from '#ports/call';
import { withDeadline } from '#lib/deadline';
import { isObject } from '#lib/json';

/** Bodies beyond this are cut off with an error: no vendor's JSON is that long. */
const BODY_BYTES = 32 * 1024 * 1024;
/** The connection was never made, so nothing was asked. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export interface WireRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  timeoutMs: number;
  /** Whether a 2xx answer is given as bytes. */
  wantBytes?: boolean;
  signal?: AbortSignal;
}

/** One request over the wire: no retry, no redirect, bounded in time and size. @throws Problem `vendor.unreachable` (surely not sent), `vendor.lost-reply` (perhaps done) */
export async function send(request: WireRequest): Promise<HttpReply> {
  try {
    return await withDeadline(request.timeoutMs, request.signal, (signal) => exchange(request, signal));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(NEVER_SENT.has(codeOf(error)) ? 'vendor.unreachable' : 'vendor.lost-reply', { cause: error });
  }
}

async function exchange({ url, method, headers, body, wantBytes = false }: WireRequest, signal: AbortSignal): Promise<HttpReply> {
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }), redirect: 'manual', signal });
  return { status: response.status, headers: response.headers, body: await readBody(response, wantBytes && response.ok) };
}

async function readBody(response: Response, asBytes: boolean): Promise<unknown> {
  const bytes = await readBytes(response);
  if (asBytes) return bytes;
  const text = new TextDecoder().decode(bytes);
  if (text === '') return null;
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Problem('vendor.odd-answer', { cause: error });
  }
}

/** Counted as it comes: a body may be sent in chunks or unpacked on the way, and its header then does not tell its length. */
async function readBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body as AsyncIterable<Uint8Array> | null) ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new Problem('vendor.odd-answer', { say: 'The vendor answered with more than 32 MiB.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function codeOf(error: unknown): string {
  const cause = isObject(error) || error instanceof Error ? (error as { cause?: unknown }).cause : undefined;
  return isObject(cause) || cause instanceof Error ? String((cause as { code?: string }).code ?? '') : '';
}
