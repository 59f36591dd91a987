import { groupBy } from '#lib/group';
import { withLogContext } from '#lib/log';
import { signWebhook } from '#lib/standard-webhooks';
import { GIVE_UP_MS, pauseAfter, restAfter } from '#core/endpoint-patience';
import type { EndpointId } from '#core/ids';
import { Problem } from '#core/problem';
import type { OutgoingReply } from '#ports/outgoing';
import { raiseAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { disableEndpoint, noteAttempt, type Endpoint } from '#store/endpoints';
import { claimMessages, releaseMessages, settleMessage, type Message } from '#store/messages';
import { asTenant } from '#store/scope';
import { liveSecrets } from '#flow/endpoint-secrets';
import { present, type Flow } from '#flow/flow';
import { giveBack } from '#flow/give-back';

/** Messages that one turn takes of an endpoint. Were they all of one envelope, and slow, a turn would still end before its lease. */
const MESSAGES_A_TURN = 8;
/** How long an endpoint is left alone after a fault of ours, milliseconds. */
const AFTER_FAULT_MS = 60_000;
const GONE = 410;
/** Statuses whose `Retry-After` is obeyed. */
const ASKS_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

/** Serves the endpoint that is named, or the one that has waited longest, for one turn. False when it has nothing due. */
export function createDeliver(flow: Flow): (endpoint?: EndpointId) => Promise<boolean> {
  return async (named) => {
    const claimed = await claimMessages(flow.db, present(flow), MESSAGES_A_TURN, named);
    if (!claimed) return false;
    await asTenant(claimed.endpoint.tenant, () => serve(flow, claimed));
    return true;
  };
}

async function serve(flow: Flow, { endpoint, messages }: { endpoint: Endpoint; messages: Message[] }): Promise<void> {
  let closedUntil = flow.clock.now() + AFTER_FAULT_MS;
  try {
    const secrets = liveSecrets(flow, endpoint, flow.clock.now());
    // Those of one envelope go one after the other, so that their order is usually kept; different ones go at once.
    const lines = [...groupBy(messages, (message) => message.envelope ?? message.id).values()];
    closedUntil = Math.max(0, ...(await Promise.all(lines.map((line) => deliverLine(flow, endpoint, secrets, line)))));
  } finally {
    await giveBack(flow, () => releaseMessages(flow.db, endpoint, closedUntil));
  }
}

/** Delivers messages in turn up to the first that fails. Returns until when the endpoint is to be left alone. */
async function deliverLine(flow: Flow, endpoint: Endpoint, secrets: string[], line: Message[]): Promise<number> {
  for (const message of line) {
    const answer = await withLogContext({ correlation: message.correlation, message: message.id }, () => attempt(flow, endpoint, secrets, message));
    if (answer === 'stopped') return 0;
    const closedUntil = await settle(flow, endpoint, message, answer);
    if (answer.problem !== null) return closedUntil;
  }
  return 0;
}

/** What came of one attempt; `problem` is null where it succeeded. */
interface Answer {
  reply: OutgoingReply | null;
  problem: string | null;
}

async function attempt(flow: Flow, endpoint: Endpoint, secrets: string[], { id, payload }: Message): Promise<Answer | 'stopped'> {
  const headers = { ...signWebhook({ id, at: flow.clock.now(), body: payload }, secrets), 'content-type': 'application/json' };
  try {
    const reply = await flow.outgoing.post({ url: endpoint.url, headers, body: payload });
    return { reply, problem: faultOf(reply.status) };
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.facts['stopped']) return 'stopped';
    if (problem.remedy === 'bug') flow.log.error({ endpoint: endpoint.id, err: error }, 'a message could not be sent');
    return { reply: null, problem: problem.message };
  }
}

function faultOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status === GONE) return 'It answered 410: the endpoint is gone.';
  if (status >= 300 && status < 400) return `It answered ${status}, which leads elsewhere. Redirects are not followed: give the address that it leads to.`;
  return `It answered ${status}.`;
}

/** Writes down what became of a message and how the endpoint fares, in one transaction. Returns until when the endpoint is to be left alone. */
async function settle(flow: Flow, endpoint: Endpoint, message: Message, { reply, problem }: Answer): Promise<number> {
  const now = flow.clock.now();
  const asked = reply && ASKS_TO_WAIT.has(reply.status) ? reply.retryAfterMs : null;
  const pause = problem === null || reply?.status === GONE || message.type === 'endpoint_test' ? null : pauseAfter(message.attempts + 1, flow.random(), asked);
  const state = problem === null ? 'done' : pause === null ? 'failed' : 'ready';
  const told = { status: reply?.status ?? null, answer: reply?.excerpt ?? null, error: problem };
  flow.metrics.messages.inc({ type: message.type, outcome: state === 'ready' ? 'retry' : state });
  const line = { endpoint: endpoint.id, message: message.id, tenant: endpoint.tenant, correlation: message.correlation, status: told.status };
  if (problem === null) flow.log.info(line, 'a message came through');
  else flow.log.warn(line, 'a message did not come through');
  return flow.db.transaction().execute(async (tx) => {
    const since = await noteAttempt(tx, endpoint, problem === null, now);
    const ours = since !== undefined && (await settleMessage(tx, endpoint.tenant, message, { state, ...(pause === null ? {} : { runAt: now + pause }), ...told }, now));
    if (!ours || problem === null) return 0;
    if (reply?.status === GONE) await disable(flow, tx, endpoint, 'It answered 410: the endpoint is gone, and wants no more messages.', now);
    else if (now - since >= GIVE_UP_MS) await disable(flow, tx, endpoint, `Nothing has come through for five days. The last attempt: ${problem}`, now);
    if (reply === null) return now + restAfter(now - since);
    return asked === null ? 0 : now + asked;
  });
}

async function disable(flow: Flow, tx: Tx, { tenant, id, url }: Endpoint, reason: string, now: number): Promise<void> {
  if (!(await disableEndpoint(tx, tenant, id, reason, now))) return;
  const say = `The webhook endpoint at ${new URL(url).host} is disabled, and hears of nothing until a person enables it. ${reason}`;
  await raiseAlarm(tx, { code: 'endpoint-disabled', subject: id, tenant, say }, now);
  flow.log.error({ endpoint: id, tenant }, 'an endpoint was disabled');
}
