import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import { PRIORITY, type EffectData } from '#core/effect';
import { isClosed } from '#core/envelope';
import type { Fact } from '#core/fact';
import type { Correlation, InstallId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import type { JsonObject } from '#lib/json';
import { getEnvelope } from '#store/envelopes';
import { dropFaulty, putOwnNotice, reviveNotice } from '#store/inbox';
import { append } from '#store/ledger';
import { getEffect, reviveEffect, type OutboxEffect } from '#store/outbox';
import { asServer } from '#store/scope';
import type { Desk } from '#flow/desk';
import { canonical, dealCard, dryRun } from '#flow/desk/plan';
import { createAttributionDesk } from '#flow/desk/attribution';
import { audited } from '#flow/desk/audit';
import { createBrakeDesk } from '#flow/desk/brakes';
import { createEndpointDesk } from '#flow/desk/endpoints';
import { createCaptureDesk } from '#flow/capture/desk';
import { createConsentDesk } from '#flow/desk/consents';
import { createProofDesk } from '#flow/proof/desk';
import { createInstallDesk } from '#flow/desk/installs';
import { checkMappings, createMappingDesk } from '#flow/desk/mappings';
import { getVendor, type Flow } from '#flow/flow';
import { accountsOf } from '#flow/rule-book';

const DEALS_TO_CHOOSE_FROM = 25;

/** What people can do, over the same line that webhooks take. */
export function createDesk(flow: Flow): Desk {
  const audit = (tenant: TenantId, by: string, action: string, subject: string, detail?: JsonObject) => audited(flow, tenant, { by, action, subject, detail });

  /** Puts what a person asks for on the line and into the audit, both or neither. Asked again with the same key, it is the same. */
  async function ask(
    tenant: TenantId,
    by: string,
    asked: { install: InstallId; key: string; subject: string; correlation: Correlation; fact: Fact; detail?: JsonObject },
  ): Promise<void> {
    const { install, key, subject, correlation, fact, detail = {} } = asked;
    const now = flow.clock.now();
    await flow.db.transaction().execute(async (tx) => {
      if (!(await putOwnNotice(tx, tenant, { install, key, kind: fact.type, at: fact.at, correlation, facts: [fact] }, now))) return;
      await append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor: by, action: fact.type, subject, detail: JSON.stringify(detail) }]);
    });
    flow.wake.inbox();
  }

  /** A send that was refused has failed for good, and says so on the deal: what follows is another envelope. */
  async function refuseFinal(tenant: TenantId, { kind, envelope: id }: OutboxEffect): Promise<void> {
    if (kind !== 'envelope.create' || id === null) return;
    const { envelope } = await getEnvelope(flow.db, tenant, id);
    if (isClosed(envelope.status))
      throw new Problem('envelope.final', { say: `The envelope is ${envelope.status} already. Correct what is wrong, then send again from the deal.` });
  }

  return {
    ...createMappingDesk(flow),
    ...createInstallDesk(flow),
    brakes: createBrakeDesk(flow),
    endpoints: createEndpointDesk(flow),
    capture: createCaptureDesk(flow),
    ...createConsentDesk(flow),
    ...createProofDesk(flow),
    ...createAttributionDesk(flow),
    checkMappings: (tenant, texts, crm) => checkMappings(flow, tenant, texts, crm),

    async send(tenant, asked, request, vendor) {
      const { crm } = await accountsOf(flow, flow.db, tenant, { vendor });
      const deal = canonical(flow, crm.vendor, asked);
      const at = flow.clock.now();
      const { key } = request;
      // Of the key, so that each repeat of a request is answered with the one story.
      const correlation: Correlation = `cor_${sha256(`${tenant}|${crm.id}|${deal}|${key}`).slice(0, 26)}`;
      const fact: Fact = { type: 'send.requested', at, data: { deal, key }, personal: { request } };
      await ask(tenant, request.by, { install: crm.id, key: `request|${deal}|${key}`, subject: deal, correlation, fact, detail: { key } });
      return { correlation };
    },

    async void(tenant, id, reason, by) {
      const { envelope } = await getEnvelope(flow.db, tenant, id);
      if (isClosed(envelope.status)) throw new Problem('envelope.final', { say: `The envelope is ${envelope.status} already.` });
      const at = flow.clock.now();
      const fact: Fact = { type: 'envelope.void-requested', at, data: { envelope: id, by }, personal: { reason } };
      await ask(tenant, by, { install: envelope.crm, key: `void|${id}|${at}`, subject: id, correlation: envelope.correlation, fact });
    },

    async remind(tenant, id, by) {
      const { envelope } = await getEnvelope(flow.db, tenant, id);
      if (isClosed(envelope.status)) throw new Problem('envelope.final', { say: `The envelope is ${envelope.status} already.` });
      const at = flow.clock.now();
      const fact: Fact = { type: 'envelope.remind-requested', at, data: { envelope: id, by } };
      await ask(tenant, by, { install: envelope.crm, key: `remind|${id}|${at}`, subject: id, correlation: envelope.correlation, fact });
    },

    dryRun: (tenant, deal, texts, request, crm) => dryRun(flow, tenant, deal, texts ?? {}, request, crm),
    card: (tenant, deal, crm) => dealCard(flow, tenant, deal, crm),

    async deals(tenant, text, vendor) {
      const { crm } = await accountsOf(flow, flow.db, tenant, { vendor });
      const { connector } = getVendor(flow, crm.vendor);
      return (await connector.crm?.list(flow.bind(crm, PRIORITY.click, 'insistent'), { ...(text ? { text } : {}), limit: DEALS_TO_CHOOSE_FROM })) ?? [];
    },

    async replayEffect(tenant, id, by, set) {
      const effect = await getEffect(flow.db, tenant, id);
      await refuseFinal(tenant, effect);
      const data = set && effect.kind === 'record.write' ? mended(effect, set) : undefined;
      await reviveEffect(flow.db, tenant, id, { state: 'ready', ...(data === undefined ? {} : { data }) }, flow.clock.now());
      await audit(tenant, by, 'effect.replayed', id, { changed: Object.keys(set ?? {}) });
      flow.wake.outbox();
    },

    async discardEffect(tenant, id, by) {
      await reviveEffect(flow.db, tenant, id, { state: 'cancelled' }, flow.clock.now());
      await audit(tenant, by, 'effect.discarded', id);
    },

    async replayNotice(tenant, id, by) {
      await reviveNotice(flow.db, tenant, id, 'ready', flow.clock.now());
      await audit(tenant, by, 'notice.replayed', id);
      flow.wake.inbox();
    },

    async discardNotice(tenant, id, by) {
      await reviveNotice(flow.db, tenant, id, 'noted', flow.clock.now());
      await audit(tenant, by, 'notice.discarded', id);
    },

    async discardDelivery(id, by) {
      await asServer(() => dropFaulty(flow.db, id));
      flow.log.info({ delivery: id, by }, 'a delivery that could not be read was discarded');
    },
  };
}

/** A write with corrected values; those that were not corrected stay. */
function mended({ data }: OutboxEffect, set: Record<string, FieldValue>): string {
  const write = JSON.parse(data) as EffectData['record.write'];
  return JSON.stringify({ ...write, set: { ...write.set, ...set } });
}
