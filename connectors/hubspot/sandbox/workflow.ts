import { Hono } from 'hono';
import type { Clock } from '#lib/clock';
import { hmacBase64 } from '#lib/hmac';
import { isObject } from '#lib/json';
import type { SandboxOptions } from '#ports/sandbox';
import { fail, notFound } from './errors.ts';
import { bodyOf } from './objects.ts';
import type { Waiting, World } from './world.ts';

const TIMEOUT_MS = 15_000;

const waitingIn = (world: World): Record<string, Waiting> => (world.waiting ??= {});

/** `/automation/v4/actions`: steps of the app's that hold a workflow are told to let it go on. */
export function workflowRoutes(world: () => World): Hono {
  const api = new Hono();
  api.post('/callbacks/:callback/complete', async (c) => {
    if (!world().grant?.scopes.includes('automation')) return fail(c, 403, 'MISSING_SCOPES', "This app hasn't been granted all required scopes to make this call.");
    const held = waitingIn(world())[c.req.param('callback')];
    if (!held || held.outputs !== null) return notFound(c);
    const { outputFields, typedOutputs } = await bodyOf(c);
    if (!isObject(outputFields) || !isObject(typedOutputs)) return fail(c, 400, 'VALIDATION_ERROR', 'outputFields and typedOutputs are required');
    held.outputs = Object.fromEntries(Object.entries(outputFields).map(([name, value]) => [name, String(value)]));
    return c.body(null, 204);
  });
  return api;
}

/** A workflow comes to the app's step for a deal. */
export interface ActionStart {
  deal: string;
  fields?: Record<string, string>;
  /** The same callback again, as HubSpot does where it got no answer. */
  callback?: string;
}

/** Asks the app as HubSpot's workflows do, and holds the callback where the app says so. */
export function createWorkflow(world: () => World, options: SandboxOptions, clock: Clock): (start: ActionStart) => Promise<{ status: number; callback: string }> {
  return async ({ deal, fields = {}, callback = `ap-${world().portalId}-${world().nextId++}-1-0` }) => {
    const url = `${options.serverUrl()}/workflow/hubspot/actions/send`;
    const body = JSON.stringify({
      callbackId: callback,
      origin: { portalId: world().portalId, actionDefinitionId: 71, actionDefinitionVersion: 1 },
      context: { source: 'WORKFLOWS', workflowId: 4711 },
      object: { objectId: Number(deal), objectType: 'DEAL', properties: {} },
      inputFields: fields,
    });
    const timestamp = String(clock.now());
    const headers = {
      'content-type': 'application/json',
      'x-hubspot-request-timestamp': timestamp,
      'x-hubspot-signature-v3': hmacBase64(options.app.clientSecret, 'POST', url, body, timestamp),
    };
    const reply = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer: unknown = await reply.json().catch(() => null);
    const outputs = isObject(answer) && isObject(answer.outputFields) ? answer.outputFields : {};
    if (outputs.hs_execution_state === 'BLOCK') waitingIn(world())[callback] ??= { deal, expiration: String(outputs.hs_expiration_duration), outputs: null };
    return { status: reply.status, callback };
  };
}
