import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '#lib/clock';
import { withDeadline } from '#lib/deadline';
import { isLoopbackAddress, isPublicAddress } from '#lib/public-address';
import { Problem } from '#core/problem';
import type { Outgoing, OutgoingReply } from '#ports/outgoing';

const TIMEOUT_MS = 15_000;
const URL_CHARACTERS = 2_000;
const HTTPS_PORT = 443;
const DEFAULT_PORTS: Record<string, number> = { 'https:': HTTPS_PORT, 'http:': 80 };
/** Below are the ports of mail, databases and the like, which a posted body could be made to talk to. */
const LAST_PRIVILEGED_PORT = 1024;
/** Of an answer no more is read, bytes. */
const ANSWER_BYTES = 8 * 1024;
/** Of an answer no more is kept, characters. */
const EXCERPT_CHARACTERS = 500;
/** An endpoint that asks for more is asked again after a day all the same, milliseconds. */
const LONGEST_PAUSE_MS = 86_400_000;

type Resolve = (name: string, done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void;

export interface OutgoingOptions {
  clock: Clock;
  /** Whether this machine itself may be an endpoint, over plain http too: for trying things out. */
  loopback: boolean;
  /** The system's own look-up by default. */
  resolve?: Resolve;
  timeoutMs?: number;
  /** Ends what is under way when the server stops. */
  stopping?: AbortSignal;
}

/**
 * HTTP to addresses that tenants chose. A name is looked up once for each connection, by the connection itself, and every address that it has is checked there: what was
 * checked is what is connected to, so a name that leads elsewhere the second time gains nothing. Node's own `https` rather than `fetch`, which takes no look-up
 * of ours without undici as a dependency, and rather than a check before `fetch`, which looks the name up again.
 */
export function createOutgoing({ clock, loopback, resolve = resolveAll, timeoutMs = TIMEOUT_MS, stopping }: OutgoingOptions): Outgoing {
  const allowed = (address: string) => isPublicAddress(address) || (loopback && isLoopbackAddress(address));
  const lookup = createLookup(resolve, allowed);
  // A connection that is kept would be one that was checked for an earlier message.
  const agents = { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 }) };
  const check = (text: string) => checkUrl(text, loopback, allowed);

  return {
    check,
    async post(request) {
      const url = check(request.url);
      const body = Buffer.from(request.body);
      const options = { method: 'POST', headers: { ...request.headers, 'content-length': String(body.length), 'user-agent': 'countersign' }, lookup };
      const start = (signal: AbortSignal) =>
        url.protocol === 'https:' ? httpsRequest(url, { ...options, signal, agent: agents.https }) : httpRequest(url, { ...options, signal, agent: agents.http });
      return withDeadline(timeoutMs, stopping, (signal) => answerTo(() => start(signal), body, clock)).catch((error: unknown) => {
        if (stopping?.aborted) throw new Problem('endpoint.unreachable', { say: 'The server stopped before an answer came.', facts: { stopped: true } });
        throw problemOf(error);
      });
    },
  };
}

const refuse = (say: string) => new Problem('endpoint.refused', { say });

function checkPort(url: URL): void {
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  if (port !== HTTPS_PORT && port <= LAST_PRIVILEGED_PORT) throw refuse(`Port ${port} is not allowed. Use 443 or one above ${LAST_PRIVILEGED_PORT}.`);
}

function checkUrl(text: string, loopback: boolean, allowed: (address: string) => boolean): URL {
  if (text.length > URL_CHARACTERS) throw refuse(`The address is longer than ${URL_CHARACTERS} characters.`);
  if (!URL.canParse(text)) throw refuse('That is no address. Write it as https://example.com/hooks.');
  const url = new URL(text);
  url.hash = '';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const local = loopback && (host === 'localhost' || isLoopbackAddress(host));
  if (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))
    throw refuse('The address has to begin with https://, so that nobody on the way can read or change what is sent.');
  if (url.username !== '' || url.password !== '')
    throw refuse('The address holds a user name or a password. Leave them out: messages are signed, which is how the receiver knows us.');
  checkPort(url);
  if (isIP(host) !== 0 && !allowed(host)) throw refuse('That IP address is not one of the internet. Messages are not sent into private networks.');
  return url;
}

const resolveAll: Resolve = (name, done) => systemLookup(name, { all: true, verbatim: true }, done);

type Looked = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** A look-up as `net.connect` asks for it. One address that is not allowed refuses the name: no honest one has both kinds. */
function createLookup(resolve: Resolve, allowed: (address: string) => boolean) {
  return (name: string, options: LookupOptions, done: Looked): void => {
    resolve(name, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return done(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
      if (addresses.some(({ address }) => !allowed(address))) return done(new Refused(), '', 0);
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}

class Refused extends Error {}

function answerTo(start: () => ClientRequest, body: Buffer, clock: Clock): Promise<OutgoingReply> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const request = start();
    request.once('response', (response: IncomingMessage) => {
      answered = true;
      const status = response.statusCode ?? 0;
      readExcerpt(response, (excerpt) => resolve({ status, retryAfterMs: pauseOf(response.headers['retry-after'], clock.now()), excerpt }));
    });
    // What breaks off after the status has come no longer changes what became of the message.
    request.on('error', (error) => answered || reject(error));
    request.end(body);
  });
}

/** Reads the beginning of an answer. The status has come by then, so whatever breaks off only shortens it. */
function readExcerpt(response: IncomingMessage, done: (excerpt: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = () => done(excerptOf(Buffer.concat(chunks)));
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) response.destroy();
  });
  response.on('error', () => undefined);
  response.once('close', end);
}

/** Text that any database takes and any page shows: no control characters, cut between characters. */
function excerptOf(bytes: Buffer): string {
  const text = new TextDecoder().decode(bytes.subarray(0, ANSWER_BYTES)).replace(/[^\P{Cc}\n\t]/gu, '');
  return [...text].slice(0, EXCERPT_CHARACTERS).join('').trim();
}

/** `Retry-After`: seconds, or a date. */
function pauseOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(LONGEST_PAUSE_MS, Math.max(0, ms)) : null;
}

const SAID: Record<string, string> = {
  ECONNREFUSED: 'Nobody listens at that address.',
  ENOTFOUND: 'There is no host of that name.',
  EAI_AGAIN: 'The name of the host could not be looked up.',
  ECONNRESET: 'The connection broke off before an answer came.',
  ABORT_ERR: 'No answer came within 15 seconds.',
  CERT_HAS_EXPIRED: 'Its certificate has expired.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is signed by itself, so anybody could stand in its place.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is signed by an authority that is not known.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Its certificate comes without those that it was signed by.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name.',
};

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refused)
    return new Problem('endpoint.refused', { say: 'The name leads to an address that is not one of the internet. Messages are not sent into private networks.' });
  const { code: told } = error as { code?: unknown };
  const code = typeof told === 'string' ? told : '';
  return new Problem('endpoint.unreachable', { cause: error, say: SAID[code] ?? `The connection failed${code === '' ? '' : ` (${code})`}.` });
}
