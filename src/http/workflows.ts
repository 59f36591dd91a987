import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Problem } from '#core/problem';
import type { Desk } from '#flow/desk';
import type { Flow, Vendor } from '#flow/flow';
import { startAction } from '#flow/workflow';
import type { Workflow } from '#ports/workflow';
import { findInstallByAccount } from '#store/installs';
import { asServer, bindTenant } from '#store/scope';
import { setRetryAfter, type Gate } from '#http/gate';
import { readDelivery } from '#http/requests';

const BODY_BYTES = 256 * 1024;

/** `POST /workflow/<vendor>/actions/send`: a workflow of the CRM asks for a send, and waits. Signed by the CRM, which vouches for the account. */
export function workflows(flow: Flow, desk: Desk, gate: Gate): Hono {
  const app = new Hono();
  for (const [id, vendor] of flow.vendors) {
    const { workflow } = vendor.connector;
    if (workflow) app.post(`/workflow/${id}/actions/send`, (c) => gate.refusals(c, () => send(flow, desk, { id, vendor, workflow }, c)));
  }
  app.onError((error, c) => refuse(c, flow, Problem.from(error)));
  return app;
}

async function send(flow: Flow, desk: Desk, { id, vendor, workflow }: { id: string; vendor: Vendor; workflow: Workflow }, c: Context): Promise<Response> {
  const delivery = await readDelivery(c, flow.publicUrl(), BODY_BYTES);
  if (!workflow.verify(delivery, vendor.webhookSecrets, flow.clock.now()).ok) throw new Problem('signature.invalid');
  const action = workflow.read(delivery);
  const install = await asServer(() => findInstallByAccount(flow.db, id, action.account));
  if (!install || install.state === 'left') throw new Problem('install.absent', { say: 'Countersign is not installed in this account. Install it, then run the workflow again.' });
  bindTenant(install.tenant);
  await startAction(flow, desk, { tenant: install.tenant, install: install.id, vendor: id, waitMs: workflow.waitMs }, action);
  return c.json(workflow.waiting());
}

const STATUS: Partial<Record<Problem['code'], ContentfulStatusCode>> = {
  'signature.invalid': 401,
  'install.absent': 404,
  'request.too-large': 413,
  'request.too-many': 429,
  'request.malformed': 400,
};

/** A 4xx ends the workflow's step for good, but for 429, which is asked again after its pause; whatever else may pass is a 503, after which the CRM asks again. */
function refuse(c: Context, flow: Flow, problem: Problem): Response {
  const status = STATUS[problem.code] ?? 503;
  setRetryAfter(c, problem);
  if (status === 503) flow.log.error({ err: problem.cause ?? problem, code: problem.code }, 'a workflow could not be served');
  return c.json({ code: problem.code, message: problem.message }, status);
}
