import * as z from 'zod';
import { Problem } from '#core/problem';
import type { RawDelivery } from '#ports/inbound';
import type { Workflow, WorkflowAction } from '#ports/workflow';
import { replyProblem } from './problem.ts';
import { verifySignature } from './signature.ts';

/** Longer than most contracts take; HubSpot's own default, a week, is shorter than many. */
const WAIT_DAYS = 84;
const DAY_MS = 86_400_000;
/** No form of the id is documented; ours keeps it in an address. */
const LONGEST_ID = 200;
const LONGEST_REASON = 500;

const id = z.union([z.number().int(), z.string().regex(/^\d+$/)]).transform(String);
const field = z
  .string()
  .trim()
  .max(200)
  .nullish()
  .transform((text) => text || null);
const fields = z.object({ rule: field, template: field });
const bodyShape = z.object({
  callbackId: z.string().min(1).max(LONGEST_ID),
  origin: z.object({ portalId: id }),
  context: z.object({ workflowId: id.nullish() }).nullish(),
  object: z.object({ objectId: id, objectType: z.string().nullish() }),
  inputFields: fields.nullish(),
  // What older definitions call the same.
  fields: fields.nullish(),
});
/** Types as HubSpot names deals; an action that is for deals alone may not say. */
const DEAL = ['DEAL', 'DEALS', '0-3'];

/** A step of HubSpot's workflows: it asks for a send about the enrolled deal, holds the deal where it is, and lets it go on with what became of the envelope. */
export const workflow: Workflow = {
  waitMs: WAIT_DAYS * DAY_MS,
  verify: verifySignature,
  read,
  waiting: () => ({ outputFields: { hs_execution_state: 'BLOCK', hs_expiration_duration: `P${WAIT_DAYS}D` } }),
  async complete(call, { callback, outcome, envelope, reason }) {
    const outputFields = {
      // Whatever is not a signature leaves a trace in the workflow's history, and the workflow goes on: what follows asks for the outcome.
      hs_execution_state: outcome === 'completed' ? 'SUCCESS' : 'FAIL_CONTINUE',
      esign_outcome: outcome,
      esign_envelope: envelope ?? '',
      esign_reason: reason.slice(0, LONGEST_REASON),
    };
    const path = `/automation/v4/actions/callbacks/${encodeURIComponent(callback)}/complete`;
    const reply = await call.request({ method: 'POST', path, json: { outputFields, typedOutputs: {} } });
    if (reply.status >= 200 && reply.status < 300) return true;
    // It has ended or been taken out, or its time was over.
    if (reply.status === 404) return false;
    if (reply.status === 403)
      throw new Problem('feature.unsupported', {
        say: 'HubSpot did not grant the permission "automation", without which no workflow is told anything. Connect the account again, then replay.',
      });
    throw replyProblem(reply);
  },
};

function read({ body }: RawDelivery): WorkflowAction {
  const parsed = bodyShape.safeParse(jsonOf(body));
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the body').join(', ');
    throw new Problem('request.malformed', { say: `The workflow's request is not of the form that is expected: ${places}.` });
  }
  const { callbackId, origin, context, object, inputFields, fields: older } = parsed.data;
  if (object.objectType != null && !DEAL.includes(object.objectType.toUpperCase()))
    throw new Problem('request.malformed', { say: 'Only deals can be sent for signature. Use a workflow that enrols deals.' });
  const { rule = null, template = null } = inputFields ?? older ?? {};
  const by = context?.workflowId == null ? 'HubSpot workflow' : `HubSpot workflow ${context.workflowId}`;
  return { account: origin.portalId, callback: callbackId, deal: object.objectId, rule, template, by };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new Problem('request.malformed', { say: 'The body is not JSON.', cause });
  }
}
