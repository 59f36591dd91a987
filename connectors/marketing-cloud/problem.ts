import { Problem } from '#core/problem';
import { isObject } from '#lib/json';
import type { HttpReply } from '#ports/call';

/** The vendor throttles an account for as long as it sees fit and publishes no number; asked again after this where it names no time. */
const PAUSE_MS = 30_000;

/** A refusal as a Problem. `values` are what was sent: the vendor quotes what it refuses, and people's data goes no further than the call. */
export function problemOf(reply: HttpReply, values: readonly string[] = []): Problem {
  const { status } = reply;
  const facts = factsOf(reply, values);
  const pause = retryAfterMs(reply);
  if (status === 429) return new Problem('vendor.rate-limited', { facts, retryAfterMs: pause ?? PAUSE_MS });
  if (status >= 500) return new Problem('vendor.unavailable', { facts, ...(pause === null ? {} : { retryAfterMs: pause }) });
  if (status === 401) return new Problem('install.unauthorized', { facts });
  if (status === 403) {
    const say = 'The installed package may not do this. Give its API integration the scope list_and_subscribers_read, and the user the right to read contacts; then connect again.';
    return new Problem('install.missing-scope', { say, facts });
  }
  return new Problem('vendor.rejected', { facts });
}

/** The vendor's own words, with whatever names a person left out. */
export function factsOf(reply: HttpReply, values: readonly string[] = []): Record<string, string | number> {
  const { code, message } = errorOf(reply.body);
  return { status: reply.status, ...(code ? { code } : {}), ...(message ? { message: withoutValues(message, values).slice(0, 300) } : {}) };
}

/** REST answers `{message, errorcode}`, the token server `{error, error_description}`. */
function errorOf(body: unknown): { code: string; message: string } {
  if (!isObject(body)) return { code: '', message: '' };
  const text = (...names: string[]) => names.map((name) => body[name]).find((value) => typeof value === 'string' || typeof value === 'number') ?? '';
  return { code: String(text('errorcode', 'error')).slice(0, 100), message: String(text('message', 'error_description')).slice(0, 2000) };
}

function withoutValues(text: string, values: readonly string[]): string {
  // The longest first, so that no rest of one is left where a shorter stands inside it.
  const sent = values.filter((value) => value.length > 1).sort((a, b) => b.length - a.length);
  const hidden = sent.reduce((left, value) => left.replaceAll(new RegExp(value.replaceAll(/[^\w\s]/g, String.raw`\$&`), 'gi'), '…'), text);
  return hidden.replaceAll(/[^\s@'"<>(),;]+@[^\s@'"<>(),;]+/g, '…');
}

function retryAfterMs(reply: HttpReply): number | null {
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
