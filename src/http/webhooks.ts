import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from '#lib/log';
import { Problem } from '#core/problem';
import type { Flow } from '#flow/flow';
import type { Receive } from '#flow/receive';
import { asServer } from '#store/scope';
import { createAdmission } from '#http/admission';
import { setRetryAfter, type Gate } from '#http/gate';
import { readDelivery } from '#http/requests';

/** What a sender is told when we are full or the database is: come back soon. */
const RETRY_AFTER_SECONDS = '5';
/** A flood is no reason for one of lines. */
const TELL_EVERY_MS = 10_000;

/** `POST /webhooks/<vendor>` and `/webhooks/<vendor>/<hook>`: the bytes go to `receive`, and its answer goes back. */
export function webhooks(flow: Flow, receive: Receive, gate: Gate): Hono {
  const app = new Hono();
  const admission = createAdmission();
  const turnAway = createTurnAway(flow);
  for (const [id, { connector }] of flow.vendors) {
    const { webhook } = connector.manifest;
    if (!webhook) continue;
    const path = webhook.path === 'app' ? `/webhooks/${id}` : `/webhooks/${id}/:hook`;
    const take = async (c: Context<object, '/:hook'>) => {
      const answer = await gate.refusals(c, async () => {
        const delivery = await readDelivery(c, flow.publicUrl(), webhook.maxBytes);
        const leave = admission.enter();
        try {
          // Whose it is, is what is being found out, and one delivery may be of several tenants.
          return await asServer(() => receive(id, c.req.param('hook') ?? null, delivery));
        } finally {
          leave();
        }
      });
      const status = answer.status as ContentfulStatusCode;
      return answer.body === '' ? c.body(null, status) : c.body(answer.body, status, { 'content-type': answer.type });
    };
    // Before anything of it is read: refusing has to cost a small part of what taking does.
    app.post(path, (c) => (admission.isOpen() ? take(c) : turnAway(c, id)));
  }
  app.onError((error, c) => refuse(c, Problem.from(error), flow.log));
  return app;
}

/** More comes than can be stored. It is said in the metrics, and in the log now and then. */
function createTurnAway(flow: Flow): (c: Context, vendor: string) => Promise<Response> {
  const { code, message } = new Problem('store.busy');
  const body = JSON.stringify({ error: { code, message } });
  const headers = { 'content-type': 'application/json', 'retry-after': RETRY_AFTER_SECONDS };
  let toldAt = -Infinity;
  let commit: Promise<void> | null = null;
  return async (c, vendor) => {
    flow.metrics.deliveries.inc({ vendor, outcome: 'overload' });
    if (performance.now() - toldAt > TELL_EVERY_MS) {
      toldAt = performance.now();
      flow.log.error({ vendor, code }, 'more deliveries come than can be stored; those beyond are refused');
    }
    // Not at once: senders that are refused come again while the loop still reads, and those that were taken would wait for their commit until it has read enough.
    commit ??= new Promise((resolve) => setImmediate(resolve)).then(() => void (commit = null));
    await commit;
    slowDown(c);
    return c.body(body, 503, headers);
  };
}

/** How long nothing more is read of a connection whose delivery was turned away. */
const HELD_BACK_MS = 500;

/**
 * Whoever is turned away is read again after a while: what it sends at once would be turned away as well. Each turn of the loop reads whoever has sent something and takes one new
 * connection: with all of a flood to be read, the last new one waited for 15 s, and so 4 to 6 s.
 */
function slowDown(c: Context): void {
  const { socket } = (c.env as HttpBindings).incoming;
  socket.pause();
  setTimeout(() => socket.resume(), HELD_BACK_MS).unref();
}

const STATUS: Partial<Record<Problem['code'], ContentfulStatusCode>> = {
  'signature.invalid': 401,
  'request.too-large': 413,
  'request.too-many': 429,
  'request.not-found': 404,
  'request.malformed': 400,
};

const NOTHING_ACCEPTED = 'Something went wrong on our side. Nothing was accepted; send it again.';

/** Never a 2xx for what is not stored; no reason to somebody who could not sign. */
function refuse(c: Context, problem: Problem, log: Logger): Response {
  const { code } = problem;
  const status = STATUS[code] ?? 503;
  setRetryAfter(c, problem);
  if (status === 503) {
    log.error({ err: problem.cause ?? problem, code }, 'a delivery could not be stored');
    c.header('retry-after', RETRY_AFTER_SECONDS);
  }
  return c.json({ error: { code, message: code === 'internal.bug' ? NOTHING_ACCEPTED : problem.message } }, status);
}
