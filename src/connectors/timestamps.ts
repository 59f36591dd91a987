import { Problem } from '#core/problem';
import { withDeadline } from '#lib/deadline';
import type { Timestamps } from '#ports/timestamps';

const TIMEOUT_MS = 15_000;
/** An answer with a whole chain of certificates has some 6 kB. */
const ANSWER_BYTES = 256 * 1024;

/** HTTP to the authority that the operator named. `chain` is PEM, as read at start. */
export function createTimestamps(url: string, chain: string | null, stopping: AbortSignal): Timestamps {
  return {
    url,
    chain,
    ask: (query) => withDeadline(TIMEOUT_MS, stopping, (signal) => ask(url, query, signal)),
  };
}

async function ask(url: string, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply', 'user-agent': 'countersign' };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(query), redirect: 'error', signal }).catch((cause: unknown) => {
    throw new Problem('vendor.unreachable', { say: 'The time-stamping authority did not answer.', cause });
  });
  if (!answer.ok || !answer.body) throw new Problem('vendor.odd-answer', { say: `The time-stamping authority answered with status ${answer.status}.` });
  return bounded(answer.body);
}

async function bounded(body: ReadableStream<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > ANSWER_BYTES) throw new Problem('vendor.odd-answer', { say: 'The answer of the time-stamping authority is too large.' });
    parts.push(part);
  }
  return Buffer.concat(parts);
}
