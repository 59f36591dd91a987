import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from '#lib/log';
import { Problem } from '#core/problem';
import type { Flow } from '#flow/flow';
import type { Receive } from '#flow/receive';
import { asServer } from '#store/scope';
import { setRetryAfter, type Gate } from '#http/gate';
import { readDelivery } from '#http/requests';

/** What a sender is told when we are full or the database is: come back soon. */
const RETRY_AFTER_SECONDS = '5';

/** `POST /webhooks/<vendor>` and `/webhooks/<vendor>/<hook>`: the bytes go to `receive`, and its answer goes back. */
export function webhooks(flow: Flow, receive: Receive, gate: Gate): Hono {
  const app = new Hono();
  for (const [id, { connector }] of flow.vendors) {
    const { webhook } = connector.manifest;
    if (!webhook) continue;
    const path = webhook.path === 'app' ? `/webhooks/${id}` : `/webhooks/${id}/:hook`;
    app.post(path, async (c) => {
      const answer = await gate.refusals(c, async () => {
        const delivery = await readDelivery(c, flow.publicUrl(), webhook.maxBytes);
        // Whose it is, is what is being found out, and one delivery may be of several tenants.
        return asServer(() => receive(id, c.req.param('hook') ?? null, delivery));
      });
      const status = answer.status as ContentfulStatusCode;
      return answer.body === '' ? c.body(null, status) : c.body(answer.body, status, { 'content-type': answer.type });
    });
  }
  app.onError((error, c) => refuse(c, Problem.from(error), flow.log));
  return app;
}

const STATUS: Partial<Record<Problem['code'], ContentfulStatusCode>> = {
  'signature.invalid': 401,
  'request.too-large': 413,
  'request.too-many': 429,
  'request.not-found': 404,
  'request.malformed': 400,
};

/** Never a 2xx for what is not stored; no reason to somebody who could not sign. */
function refuse(c: Context, problem: Problem, log: Logger): Response {
  const status = STATUS[problem.code] ?? 503;
  setRetryAfter(c, problem);
  if (status === 503) {
    log.error({ err: problem.cause ?? problem, code: problem.code }, 'a delivery could not be stored');
    c.header('retry-after', RETRY_AFTER_SECONDS);
  }
  return c.json({ error: { code: problem.code, message: problem.message } }, status);
}
