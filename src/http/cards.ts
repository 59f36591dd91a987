import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import * as z from 'zod';
import type { SendRequest } from '#core/fact';
import type { EnvelopeId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Desk } from '#flow/desk';
import type { Flow, Vendor } from '#flow/flow';
import { ownKeys } from '#flow/webhook-keys';
import { findInstallByAccount } from '#store/installs';
import { asServer, bindTenant } from '#store/scope';
import { Secret } from '#lib/secret';
import { setRetryAfter, type Gate } from '#http/gate';
import { parseBody, readDelivery } from '#http/requests';

const BODY_BYTES = 256 * 1024;
const TEXT = z.string().trim().min(1).max(300);
const choice = z.object({
  template: TEXT.optional(),
  rule: TEXT.optional(),
  recipients: z
    .array(z.object({ role: TEXT, name: TEXT, email: z.email('is not an e-mail address').max(254), contact: TEXT.nullish() }))
    .max(50)
    .optional(),
});
const sendBody = choice.extend({ key: TEXT });
const voidBody = z.object({ reason: TEXT });

interface Caller {
  tenant: TenantId;
  user: string;
  body: Record<string, unknown>;
}

/** The JSON API behind CRM cards: `/cards/<vendor>/deals/<id>` and its actions. Every request is signed by the CRM, which vouches for account and user. */
export function cards(flow: Flow, desk: Desk, gate: Gate): Hono {
  const app = new Hono();
  for (const [id, vendor] of flow.vendors) if (vendor.connector.cards) app.route(`/cards/${id}`, vendorCards(flow, desk, gate, id, vendor));
  app.onError((error, c) => {
    const problem = Problem.from(error);
    if (problem.remedy === 'bug') flow.log.error({ err: problem.cause ?? problem }, 'a card request failed');
    return answer(c, problem);
  });
  return app;
}

function vendorCards(flow: Flow, desk: Desk, gate: Gate, id: string, vendor: Vendor): Hono {
  const app = new Hono();
  const caller = async (c: Context) => {
    const found = await gate.refusals(c, () => identify(flow, id, vendor, c));
    gate.account('cards', found.tenant);
    return found;
  };

  app.get('/deals/:deal', async (c) => {
    const { tenant } = await caller(c);
    return c.json(await desk.card(tenant, c.req.param('deal'), id));
  });
  app.post('/deals/:deal/preview', async (c) => {
    const { tenant, user, body } = await caller(c);
    const { decision, writes } = await desk.dryRun(tenant, c.req.param('deal'), {}, requestOf(parse(choice, body), 'preview', user), id);
    if (!decision.send) return c.json({ send: false, reasons: decision.reasons.map(({ say, path }) => ({ say, path })) });
    return c.json({ send: true, plan: decision.plan, writes: writes.find(({ status }) => status === 'sent')?.writes ?? [] });
  });
  app.post('/deals/:deal/send', async (c) => {
    const { tenant, user, body } = await caller(c);
    const parsed = parse(sendBody, body);
    return c.json(await desk.send(tenant, c.req.param('deal'), requestOf(parsed, parsed.key, user), id), 202);
  });
  app.post('/envelopes/:envelope/void', async (c) => {
    const { tenant, user, body } = await caller(c);
    await desk.void(tenant, c.req.param('envelope') as EnvelopeId, parse(voidBody, body).reason, user);
    return c.json({}, 202);
  });
  app.post('/envelopes/:envelope/remind', async (c) => {
    const { tenant, user } = await caller(c);
    await desk.remind(tenant, c.req.param('envelope') as EnvelopeId, user);
    return c.json({}, 202);
  });
  return app;
}

/** Nothing of what a request says of itself is believed before its signature is found good: an account that is not here is told no more than a wrong key. */
async function identify(flow: Flow, id: string, vendor: Vendor, c: Context): Promise<Caller> {
  const delivery = await readDelivery(c, flow.publicUrl(), BODY_BYTES);
  const { cards } = vendor.connector;
  if (!cards) throw new Problem('request.not-found');
  if (cards.keys === 'app' && !cards.verify(delivery, vendor.webhookSecrets, flow.clock.now()).ok) throw new Problem('signature.invalid');
  const { account, user } = cards.identify(delivery);
  const install = await asServer(() => findInstallByAccount(flow.db, id, account));
  const keys = install ? (ownKeys(flow, install) ?? []).map((key) => new Secret(key)) : [];
  if (cards.keys === 'install' && !cards.verify(delivery, keys, flow.clock.now()).ok) throw new Problem('signature.invalid');
  if (!install || install.state === 'left') throw new Problem('install.absent', { say: 'Countersign is not installed in this account. Install it, then open the record again.' });
  bindTenant(install.tenant);
  return { tenant: install.tenant, user, body: parseBody(delivery.body) };
}

function requestOf(body: z.infer<typeof choice>, key: string, by: string): SendRequest {
  const recipients = body.recipients?.map(({ role, name, email, contact }) => ({ role, name, email, ...(contact ? { contact } : {}) }));
  return {
    key,
    by,
    ...(body.rule === undefined ? {} : { rule: body.rule }),
    ...(body.template === undefined ? {} : { template: body.template }),
    ...(recipients ? { recipients } : {}),
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Problem('request.malformed', { say: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') });
}

const STATUS: Partial<Record<Problem['code'], ContentfulStatusCode>> = {
  'signature.invalid': 401,
  'install.absent': 404,
  'request.not-found': 404,
  'vendor.not-found': 404,
  'request.too-large': 413,
  'request.too-many': 429,
  'request.malformed': 400,
  'envelope.final': 409,
};
const BY_REMEDY: Record<Problem['remedy'], ContentfulStatusCode> = { retry: 503, reauthorize: 409, reject: 422, unsupported: 422, bug: 500 };

function answer(c: Context, problem: Problem): Response {
  setRetryAfter(c, problem);
  return c.json({ code: problem.code, message: problem.message }, STATUS[problem.code] ?? BY_REMEDY[problem.remedy]);
}
