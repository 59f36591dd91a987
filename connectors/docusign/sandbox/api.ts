import { Hono, type Context, type MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { isObject } from '#lib/json';
import { createEnvelope } from './creation.ts';
import { mintView } from './embedding.ts';
import type { Lifecycle } from './lifecycle.ts';
import { notePoll, refuse, type Limits } from './limits.ts';
import { listEnvelopes } from './listing.ts';
import { signedPdf } from './pdf.ts';
import { auditEvents, customFields, envelopeView, formData, notificationView, recipients, templateView, vendorTime } from './rendering.ts';
import { ACCOUNT, type SandboxState, type StoredEnvelope } from './state.ts';
import { templateOf, TEMPLATES } from './templates.ts';

export interface ApiOptions {
  state: SandboxState;
  clock: Clock;
  limits: Limits;
  lifecycle: Lifecycle;
  /** Where an embedded recipient signs, by the unguessable part. */
  viewUrl: (token: string) => string;
  /** Counting and faults, which come before everything else. */
  before: MiddlewareHandler[];
}

/** eSignature REST v2.1 of one account, the calls that an integration like ours makes. Mounted at `/restapi/v2.1/accounts/:account`. */
export function createApi({ state, clock, limits, lifecycle, viewUrl, before }: ApiOptions): Hono {
  const api = new Hono().basePath('/restapi/v2.1/accounts/:account');
  for (const middleware of before) api.use(middleware);
  api.use(async (c, next) => {
    const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (!token) return refuse(c, 401, 'USER_AUTHENTICATION_FAILED', 'One or both of Username and Password are invalid. Invalid access token');
    const grant = state.accessTokens[token];
    if (!grant || grant.expiresAt <= clock.now()) return refuse(c, 401, 'AUTHORIZATION_INVALID_TOKEN', 'The access token provided is expired, revoked or malformed.');
    if (c.req.param('account') !== ACCOUNT.id) return refuse(c, 401, 'USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT', 'The specified User is not a member of the specified Account.');
    lifecycle.passTime();
    return next();
  });

  routeTemplates(api, clock);

  api.post('/envelopes', async (c) => {
    const made = createEnvelope(state, clock, await jsonOf(c));
    if (!made.ok) return refuse(c, 400, made.errorCode, made.message);
    const { envelope } = made;
    if (made.send) {
      if (incomplete(envelope)) return refuse(c, 400, 'ENVELOPE_IS_INCOMPLETE', INCOMPLETE);
      lifecycle.send(envelope);
    }
    return c.json(
      { envelopeId: envelope.envelopeId, uri: `/envelopes/${envelope.envelopeId}`, statusDateTime: vendorTime(envelope.statusChangedAt), status: envelope.status },
      201,
    );
  });
  api.get('/envelopes', (c) => list(c, c.req.query()));
  api.put('/envelopes/status', async (c) => {
    const body = await jsonOf(c);
    const join = (value: unknown) => (Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(',') : '');
    const query = c.req.query();
    const fromBody = (name: string, member: string) => (query[name] === 'request_body' && isObject(body) ? { [name]: join(body[member]) } : {});
    return list(c, { ...query, ...fromBody('envelope_ids', 'envelopeIds'), ...fromBody('transaction_ids', 'transactionIds') });
  });
  function list(c: Context, query: Record<string, string>): Response {
    const listing = listEnvelopes(state, query, clock.now());
    if (!listing.ok) return refuse(c, 400, 'INVALID_REQUEST_PARAMETER', listing.message);
    const include = includeOf(c);
    return c.json({ ...positions(listing.start, listing.page.length, listing.total), envelopes: listing.page.map((one) => envelopeView(one, include)) });
  }

  api.get('/envelopes/:envelope', (c) => polled(c, (envelope) => c.json(envelopeView(envelope, includeOf(c)))));
  api.get('/envelopes/:envelope/recipients', (c) => polled(c, (envelope) => c.json(recipients(envelope))));
  routeParts(api, found);
  api.post('/envelopes/:envelope/views/recipient', async (c) => {
    const body = await jsonOf(c);
    return found(c, (envelope) => {
      const minted = mintView(state, clock, envelope, body);
      return minted.ok ? c.json({ url: viewUrl(minted.token) }, 201) : refuse(c, 400, minted.errorCode, minted.message);
    });
  });
  api.put('/envelopes/:envelope', async (c) => {
    const body = await jsonOf(c);
    return found(c, (envelope) => update(c, envelope, isObject(body) ? body : {}));
  });
  api.put('/folders/recyclebin', async (c) => {
    const body = await jsonOf(c);
    const ids = isObject(body) && Array.isArray(body['envelopeIds']) ? body['envelopeIds'] : [];
    for (const envelope of state.envelopes.filter(({ envelopeId }) => ids.includes(envelopeId))) lifecycle.discard(envelope);
    return c.json({ folders: [] });
  });

  function update(c: Context, envelope: StoredEnvelope, body: Record<string, unknown>): Response {
    const done = () => c.json({ envelopeId: envelope.envelopeId });
    if (c.req.query('resend_envelope') === 'true')
      return lifecycle.resend(envelope) ? done() : refuse(c, 400, 'ENVELOPE_INVALID_STATUS', 'The envelope is not in a state in which it can be sent again.');
    if (body['status'] === 'sent') {
      if (envelope.status === 'created' && incomplete(envelope)) return refuse(c, 400, 'ENVELOPE_IS_INCOMPLETE', INCOMPLETE);
      return lifecycle.send(envelope) ? done() : refuse(c, 400, 'ENVELOPE_INVALID_STATUS', `Invalid envelope status. Envelope status: ${envelope.status}.`);
    }
    if (body['status'] === 'voided') {
      const reason = body['voidedReason'];
      if (typeof reason !== 'string' || !reason) return refuse(c, 400, 'INVALID_REQUEST_PARAMETER', "Value for 'voidedReason' must be specified when voiding an envelope.");
      const allowed = lifecycle.voidOut(envelope, reason, 'Sender');
      return allowed ? done() : refuse(c, 400, 'ENVELOPE_CANNOT_VOID_INVALID_STATE', "Only envelopes in the 'Sent' or 'Delivered' states may be voided.");
    }
    return refuse(c, 400, 'INVALID_REQUEST_PARAMETER', 'The request contained at least one invalid parameter.');
  }
  function found(c: Context, answer: (envelope: StoredEnvelope) => Response): Response {
    const envelope = state.envelopes.find(({ envelopeId }) => envelopeId === c.req.param('envelope'));
    return envelope ? answer(envelope) : refuse(c, 404, 'ENVELOPE_DOES_NOT_EXIST', 'The envelope specified does not exist.');
  }
  function polled(c: Context, answer: (envelope: StoredEnvelope) => Response): Response {
    return found(c, (envelope) => {
      if (notePoll(state, clock, limits, envelope.envelopeId)) return answer(envelope);
      return refuse(c, 400, 'HOURLY_ENVELOPE_POLLING_LIMIT_EXCEEDED', 'The envelope was read more often than once in 15 minutes.');
    });
  }
  api.all('*', (c) => refuse(c, 404, 'RESOURCE_NOT_FOUND', 'The sandbox does not have this call.'));
  return api;
}

/** What an envelope holds, each part at an address of its own. */
function routeParts(api: Hono, found: (c: Context, answer: (envelope: StoredEnvelope) => Response) => Response): void {
  api.get('/envelopes/:envelope/custom_fields', (c) => found(c, (envelope) => c.json(customFields(envelope))));
  api.get('/envelopes/:envelope/audit_events', (c) => found(c, (envelope) => c.json(auditEvents(envelope))));
  api.get('/envelopes/:envelope/form_data', (c) => found(c, (envelope) => c.json(formData(envelope))));
  api.get('/envelopes/:envelope/documents/combined', (c) =>
    found(c, (envelope) => {
      if (envelope.status !== 'completed') return refuse(c, 400, 'ENVELOPE_INVALID_STATUS', `Invalid envelope status. Envelope status: ${envelope.status}.`);
      return c.body(signedPdf(envelope), 200, { 'content-type': 'application/pdf', 'content-disposition': 'file; filename="combined.pdf"' });
    }),
  );
  api.get('/envelopes/:envelope/notification', (c) => found(c, (envelope) => c.json(notificationView(envelope))));
}

function routeTemplates(api: Hono, clock: Clock): void {
  api.get('/templates', (c) => {
    const include = includeOf(c);
    const envelopeTemplates = TEMPLATES.map((template) => templateView(template, new Set([...include].filter((part) => part !== 'tabs')), clock.now()));
    return c.json({ envelopeTemplates, ...positions(0, TEMPLATES.length, TEMPLATES.length) });
  });
  api.get('/templates/:template', (c) => {
    const template = templateOf(c.req.param('template'));
    if (!template) return refuse(c, 404, 'TEMPLATE_NOT_FOUND', 'The template could not be found.');
    return c.json(templateView(template, new Set([...includeOf(c), 'recipients']), clock.now()));
  });
}

const INCOMPLETE = 'The Envelope is not Complete. A Complete Envelope Requires Documents, Recipients, Tabs, and a Subject Line.';
const incomplete = (envelope: StoredEnvelope) => envelope.recipients.some(({ email, name }) => !email || !name);
const includeOf = (c: Context) => new Set((c.req.query('include') ?? '').split(',').map((part) => part.trim()));
const jsonOf = (c: Context): Promise<unknown> => c.req.json().catch(() => null);

function positions(start: number, size: number, total: number): Record<string, string> {
  return { resultSetSize: String(size), totalSetSize: String(total), startPosition: String(start), endPosition: String(Math.max(start, start + size - 1)) };
}
