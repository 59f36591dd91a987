import type { EffectData } from '#core/effect';
import type { Fact } from '#core/fact';
import type { InstallId, TenantId } from '#core/ids';
import type { WorkflowAction } from '#ports/workflow';
import { findCallback, putCallback } from '#store/callbacks';
import type { Db, Tx } from '#store/database';
import type { EnvelopeWithRecipients } from '#store/envelopes';
import { getEffect } from '#store/outbox';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';

/** Tells requests of workflows from those of people. */
const PREFIX = 'workflow|';

/** Asks for the send that a workflow wants and waits for. Asked again it is the same one, whatever got lost in between: the wait is kept first. */
export async function startAction(flow: Flow, desk: Desk, at: { tenant: TenantId; install: InstallId; vendor: string; waitMs: number }, action: WorkflowAction): Promise<void> {
  const now = flow.clock.now();
  const { callback, deal, rule, template, by } = action;
  await putCallback(flow.db, at.tenant, { install: at.install, callback, deal, created_at: now, expires_at: now + at.waitMs });
  const request = { key: `${PREFIX}${callback}`, by, ...(rule === null ? {} : { rule }), ...(template === null ? {} : { template }) };
  await desk.send(at.tenant, deal, request, at.vendor);
}

/** The workflow that waits for what a fact is about. */
export async function callbackIn(tx: Tx, tenant: TenantId, crm: InstallId, fact: Fact, subject: EnvelopeWithRecipients | undefined): Promise<string | null> {
  const key = subject ? keyOfIntent(subject.envelope) : await keyOfFact(tx, tenant, fact);
  if (key === null || !key.startsWith(PREFIX)) return null;
  return (await findCallback(tx, tenant, crm, key.slice(PREFIX.length)))?.callback ?? null;
}

function keyOfIntent({ intent, deal }: { intent: string; deal: string }): string | null {
  const request = `request|${deal}|`;
  return intent.startsWith(request) ? intent.slice(request.length) : null;
}

async function keyOfFact(db: Db, tenant: TenantId, fact: Fact): Promise<string | null> {
  if (fact.type === 'send.requested') return fact.data.key;
  if (fact.type === 'deal.read') return fact.data.purpose.kind === 'request' ? fact.data.purpose.key : null;
  if (fact.type !== 'deal.read-failed') return null;
  const { data } = await getEffect(db, tenant, fact.data.effect);
  const { purpose } = JSON.parse(data) as EffectData['deal.read'];
  if (purpose.kind !== 'request') return null;
  // Once it is done the effect keeps the key and forgets the people.
  return 'key' in purpose && typeof purpose.key === 'string' ? purpose.key : purpose.request.key;
}
