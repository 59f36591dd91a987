import { PassThrough } from 'node:stream';
import type { Connection, HttpRequest, HttpResponse } from 'jsforce';
import { Problem } from '#core/problem';
import { withDeadline } from '#lib/deadline';
import type { Call } from '#ports/call';
import { RefusedAnswer } from './problem.ts';

/** Bodies beyond this are cut off: a query's page is 2,000 records, and no describe is that long. */
const MOST_BYTES = 64 * 1024 * 1024;
const MULTIPLE_CHOICES = 300;
const NO_CONTENT = 204;

/** The connection was never made, so nothing was asked. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|HOSTNAME_MISMATCH|EPROTO|ERR_SSL)/;

type Transport = Connection['_transport'];

/**
 * The wire below jsforce's Connection, in place of its own, which retries five times, waits half an hour, follows redirects with the token, takes its proxy
 * from the environment and hangs where an answer breaks off. It carries one request: whoever needs two asks the limiter twice.
 */
export function oneRequest(call: Call, bound: { baseUrl: string; timeoutMs: number }): Transport {
  let used = false;
  return {
    httpRequest(request) {
      const answer = used ? Promise.reject(new Problem('internal.bug', { say: 'More than one request was made in one call to Salesforce.' })) : send(call, bound, request);
      used = true;
      return Object.assign(answer, { stream: () => new PassThrough() });
    },
    getRequestStreamCreator() {
      throw new Problem('internal.bug', { say: 'Salesforce is not asked by streams.' });
    },
  };
}

async function send(call: Call, bound: { baseUrl: string; timeoutMs: number }, request: HttpRequest): Promise<HttpResponse> {
  const url = checkedUrl(bound.baseUrl, request.url);
  if (call.signal.aborted) throw new Problem('vendor.unreachable', { say: 'The server stopped before it asked.' });
  const { response, body } = await withDeadline(bound.timeoutMs, call.signal, (signal) => exchange(url, request, signal));
  tellQuota(call, response.headers.get('sforce-limit-info'));
  const headers = Object.fromEntries(response.headers);
  if (response.status >= MULTIPLE_CHOICES) throw new RefusedAnswer(response.status, body, headers);
  checkBody(response.status, headers['content-type'] ?? '', body);
  return { statusCode: response.status, headers, body };
}

/** Addresses come from answers too (`nextRecordsUrl`): the token goes to the org's own API and nowhere else. */
function checkedUrl(baseUrl: string, address: string): URL {
  const url = new URL(address);
  if (!url.href.startsWith(`${new URL(baseUrl).href.replace(/\/$/, '')}/services/`)) throw new Problem('host.refused', { say: `Salesforce may not be called at ${url.host}.` });
  return url;
}

async function exchange(url: URL, { method, headers = {}, body }: HttpRequest, signal: AbortSignal): Promise<{ response: Response; body: string }> {
  // The length that jsforce counted is counted again by fetch, which refuses one that differs.
  const { 'content-length': _length, ...kept } = headers;
  try {
    const response = await fetch(url, { method, headers: { accept: 'application/json', 'user-agent': 'countersign', ...kept }, body: bodyOf(body), redirect: 'manual', signal });
    return { response, body: await textOf(response) };
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    throw new Problem(UNSENT.test(codeOf(thrown)) ? 'vendor.unreachable' : 'vendor.lost-reply', { cause: thrown });
  }
}

function bodyOf(body: HttpRequest['body']): string | Uint8Array<ArrayBuffer> | null {
  if (body === undefined || body === null || body === '') return null;
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  throw new Problem('internal.bug', { say: 'Salesforce is not sent streams.' });
}

/** Counted as it comes: a body may be sent in chunks or unpacked on the way, and its header then does not tell its length. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body as AsyncIterable<Uint8Array> | null) ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Problem('vendor.odd-answer', { say: 'Salesforce answered with more than 64 MiB.' });
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** jsforce hands on as text what it cannot parse; a proxy's login page would be taken for an answer. */
function checkBody(status: number, type: string, body: string): void {
  if (status === NO_CONTENT || body === '' || /\bcsv\b/.test(type)) return;
  try {
    if (!/\bjson\b/.test(type)) throw new Error(`The answer is ${type || 'of no type'}.`);
    JSON.parse(body);
  } catch (cause) {
    throw new Problem('vendor.odd-answer', { facts: { status }, cause });
  }
}

/** `api-usage=18/5000`, at times followed by `per-app-api-usage=…`, which is another count. */
function tellQuota(call: Call, header: string | null): void {
  const [, used, limit] = /(?:^|[\s;,])api-usage=(\d{1,15})\/(\d{1,15})/.exec(header ?? '') ?? [];
  if (used !== undefined && limit !== undefined && Number(limit) > 0) call.quota({ used: Number(used), limit: Number(limit) });
}

function codeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
