import { Hono } from 'hono';
import { seededRandom } from '#lib/random';
import type { Json } from '#lib/json';
import { NO_FAULTS, type Faults, type Sandbox, type SandboxOptions } from '#ports/sandbox';
import { placeOf } from '#shared/sandbox/account.tsx';
import { misbehave } from '#shared/sandbox/misbehave';
import { servePages } from '#shared/sandbox/page.tsx';
import { createApi } from './sandbox/api.ts';
import { createConnect } from './sandbox/connect.ts';
import { Lifecycle } from './sandbox/lifecycle.ts';
import { createQuota, DEFAULT_LIMITS, POLL_WINDOW_MS, refuse, type Limits } from './sandbox/limits.ts';
import { createOauth } from './sandbox/oauth.ts';
import { routePages } from './sandbox/routes.ts';
import { restoreState, type StoredEnvelope, type StoredRecipient } from './sandbox/state.ts';

export { ACCOUNT } from './sandbox/state.ts';
export { EXPIRY_REASON } from './sandbox/lifecycle.ts';
export { TEMPLATES } from './sandbox/templates.ts';
export type { StoredEnvelope } from './sandbox/state.ts';

export interface DocuSignSandboxOptions extends SandboxOptions {
  /** PEM (SPKI) with which JWT assertions are checked; any signature passes where absent. */
  jwtPublicKey?: string;
  limits?: Partial<Limits>;
}

/** What tests and the tour do in place of a person. Each acts at once, as the pages do; false where the envelope's state does not allow it. */
export interface DocuSignHandles {
  envelopes(): readonly StoredEnvelope[];
  open(envelopeId: string, role: string): boolean;
  sign(envelopeId: string, role: string, name?: string, ticked?: readonly string[]): boolean;
  /** The sender writes over a field of an envelope that is out, in the vendor's own pages. */
  correct(envelopeId: string, role: string, label: string, value: string): void;
  decline(envelopeId: string, role: string, reason: string): boolean;
  bounce(envelopeId: string, role: string): boolean;
  expire(envelopeId: string): boolean;
  /** The sender voids it in the vendor's own pages, without us. */
  voidBySender(envelopeId: string, reason: string): boolean;
  /** Ends every token and the consent, as a person does in the vendor's settings. */
  revokeGrant(): void;
  /** Reads of one envelope in the last 15 minutes: the vendor's rule is one at most. */
  polls(envelopeId: string): number;
}

const TICK_MS = 1000;

/** DocuSign's side of the wire. @throws Error from a handle that names an unknown envelope or role */
export function createDocuSignSandbox(options: DocuSignSandboxOptions): Sandbox & DocuSignHandles {
  const { clock, baseUrl } = options;
  const state = restoreState(options.state);
  const faults: Faults = { ...NO_FAULTS };
  const random = seededRandom(options.seed);
  const calls: Record<string, number> = {};
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const connect = createConnect({ state, clock, random, faults, keys: options.webhookKeys });
  const signingUrl = (recipient: StoredRecipient) => `${baseUrl()}/sign/${recipient.token}`;
  const viewUrl = (token: string) => `${baseUrl()}/view/${token}`;
  const lifecycle = new Lifecycle({ state, clock, mail: options.mail, signingUrl, announce: connect.announce });
  const quota = createQuota(clock, limits);
  const faulty = misbehave(faults, random, calls, {
    rateLimited: quota.rateLimited,
    unavailable: (c) => refuse(c, 503, 'UNSPECIFIED_ERROR', 'Service temporarily unavailable.'),
  });

  const app = new Hono();
  servePages(app);
  const place = () => placeOf(options, { vendor: 'DocuSign', accent: 'blue', home: 'Envelopes' });
  app.route(
    '/',
    createOauth({
      state,
      clock,
      baseUrl,
      clientId: options.app.clientId,
      clientSecret: options.app.clientSecret,
      redirectUri: options.app.redirectUri,
      jwtPublicKey: options.jwtPublicKey,
      place,
    }),
  );
  app.route('/', createApi({ state, clock, limits, lifecycle, viewUrl, before: [quota.middleware, faulty] }));
  routePages(app, { state, clock, faults, lifecycle, place });

  const timer = setInterval(() => lifecycle.passTime(), TICK_MS);
  timer.unref();

  function envelopeOf(id: string): StoredEnvelope {
    const envelope = state.envelopes.find(({ envelopeId }) => envelopeId === id);
    if (!envelope) throw new Error(`The sandbox has no envelope ${id}.`);
    return envelope;
  }
  function withRole<T>(id: string, role: string, act: (envelope: StoredEnvelope, recipient: StoredRecipient) => T): T {
    const envelope = envelopeOf(id);
    const recipient = envelope.recipients.find((one) => one.role === role);
    if (!recipient) throw new Error(`The envelope ${id} has no role ${role}.`);
    return act(envelope, recipient);
  }

  return {
    app,
    faults,
    state: () => JSON.parse(JSON.stringify(state)) as Json,
    quiet: connect.quiet,
    calls: () => ({ ...calls }),
    close() {
      clearInterval(timer);
      connect.close();
    },
    envelopes: () => state.envelopes,
    open: (id, role) => withRole(id, role, (envelope, recipient) => lifecycle.open(envelope, recipient)),
    sign: (id, role, name, ticked) => withRole(id, role, (envelope, recipient) => lifecycle.sign(envelope, recipient, name ?? recipient.name, ticked)),
    correct: (id, role, label, value) => withRole(id, role, (_, recipient) => void (recipient.fields[label] = value)),
    decline: (id, role, reason) => withRole(id, role, (envelope, recipient) => lifecycle.decline(envelope, recipient, reason)),
    bounce: (id, role) => withRole(id, role, (envelope, recipient) => lifecycle.bounce(envelope, recipient)),
    expire: (id) => lifecycle.expire(envelopeOf(id)),
    voidBySender: (id, reason) => lifecycle.voidOut(envelopeOf(id), reason, 'Sender'),
    revokeGrant() {
      Object.assign(state, { consented: false, codes: {}, accessTokens: {}, refreshTokens: {} });
    },
    polls: (id) => (state.polls[id] ?? []).filter((at) => at > clock.now() - POLL_WINDOW_MS).length,
  };
}
