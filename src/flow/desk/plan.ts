import { PRIORITY } from '#core/effect';
import type { EnvelopeStatus } from '#core/envelope';
import type { SendRequest } from '#core/fact';
import type { EnvelopeId, TenantId } from '#core/ids';
import type { EnvelopeView, SendPlan } from '#core/plan';
import { Problem } from '#core/problem';
import type { Snapshot } from '#core/records';
import type { Rules } from '#core/decide/situation';
import { parseMapping } from '#core/mapping/parse';
import { waitingFor } from '#core/state';
import { listEnvelopesOfDeal } from '#store/envelopes';
import { activeMappings, MAPPING_KINDS, type MappingKind } from '#store/mappings';
import type { DealCard, DryRun } from '#flow/desk';
import { imagineJourney } from '#flow/desk/journey';
import { checkMappings } from '#flow/desk/mappings';
import { toState } from '#flow/envelope-state';
import { envelopeUrl, getVendor, type Flow } from '#flow/flow';
import { compileRules } from '#flow/rules';
import { withTexts } from '#flow/shown-texts';
import { accountsOf, type Accounts } from '#flow/rule-book';
import { sight, touchedNames } from '#flow/sighting';

/** Statuses that a dry run shows, in the order of a story that goes well, and the ends that it may have instead. */
const SHOWN: EnvelopeStatus[] = ['requested', 'sent', 'viewed', 'partially_signed', 'completed', 'declined', 'voided', 'expired'];

/** A deal's id as the CRM itself would write it. */
export const canonical = (flow: Flow, vendor: string, id: string): string => getVendor(flow, vendor).connector.crm?.canonical?.(id) ?? id;

export async function readDeal(flow: Flow, accounts: Accounts, deal: string): Promise<Snapshot> {
  const { connector } = getVendor(flow, accounts.crm.vendor);
  const [snapshot] = (await connector.crm?.read(flow.bind(accounts.crm, PRIORITY.click, 'insistent'), [deal])) ?? [];
  if (!snapshot) throw new Problem('vendor.not-found', { say: 'There is no such deal in the account.' });
  return snapshot;
}

/** The active mappings, with `texts` in the place of some. */
export async function rulesWith(
  flow: Flow,
  tenant: TenantId,
  accounts: Accounts,
  texts: Partial<Record<MappingKind, string>>,
): Promise<{ rules: Rules; all: Record<MappingKind, string> }> {
  const active = await activeMappings(flow.db, tenant, accounts.crm.vendor);
  const entries = MAPPING_KINDS.map((kind) => [kind, texts[kind] ?? active.get(kind)?.text ?? ''] as const);
  const all = Object.fromEntries(entries) as Record<MappingKind, string>;
  const rules = compileRules(all, { schema: accounts.schema, templates: accounts.templates });
  return { all, rules: await withTexts(flow.db, tenant, rules, flow.clock.now()) };
}

export async function dryRun(flow: Flow, tenant: TenantId, deal: string, texts: Partial<Record<MappingKind, string>>, request?: SendRequest, crm?: string): Promise<DryRun> {
  const accounts = await accountsOf(flow, flow.db, tenant, { vendor: crm });
  const { rules } = await rulesWith(flow, tenant, accounts, texts);
  const snapshot = await readDeal(flow, accounts, deal);
  const sighting = sight(rules, snapshot, request ? { kind: 'request', request } : { kind: 'stage' });
  const touched = sighting ? await touchedNames(flow, flow.db, tenant, accounts.crm, sighting) : {};
  const decision = decisionFor(rules, snapshot, request, touched);
  const shown = decision.send ? SHOWN.map((status) => imagine(flow, tenant, accounts, snapshot, decision.plan, status)) : [];
  return {
    deal: { id: snapshot.deal.id, name: snapshot.deal.name, stage: stageLabel(accounts, snapshot), url: snapshot.deal.url },
    decision,
    writes: shown.map((view) => ({ status: view.status, writes: rules.writes(view) })).filter(({ writes }) => writes.length > 0),
    steps: decision.send ? await imagineJourney(flow, tenant, accounts.crm.id, { rules, plan: decision.plan, views: shown }) : [],
  };
}

function decisionFor(rules: Rules, snapshot: Snapshot, request: SendRequest | undefined, touched: Readonly<Record<string, string>> = {}) {
  const decision = rules.plan(snapshot, request ? { kind: 'request', request } : { kind: 'stage' }, touched);
  if (!decision.send) return decision;
  const reasons = rules.preflight();
  return reasons.length > 0 ? { send: false as const, rule: decision.plan.rule, reasons } : decision;
}

/** The envelope as it would be in a status, if everything went as planned now. */
function imagine(flow: Flow, tenant: TenantId, accounts: Accounts, snapshot: Snapshot, plan: SendPlan, status: EnvelopeStatus): EnvelopeView {
  const id: EnvelopeId = 'env_example';
  const now = new Date(snapshot.readAt).toISOString();
  const reached = (...in_: EnvelopeStatus[]) => (in_.includes(status) ? now : null);
  const first = Math.min(...plan.recipients.map(({ order }) => order));
  const statusOf = (order: number) => {
    if (status === 'completed') return 'signed';
    if (status === 'partially_signed') return order === first ? 'signed' : 'sent';
    if (status === 'declined' && order === first) return 'declined';
    if (status === 'viewed' && order === first) return 'viewed';
    return status === 'requested' || order !== first ? 'waiting' : 'sent';
  };
  const recipients = plan.recipients.map(
    ({ role, order, contact }) =>
      ({
        role,
        order,
        contact,
        lead: snapshot.contacts.find((one) => one.id === contact)?.lead ?? null,
        status: statusOf(order),
        signedAt: statusOf(order) === 'signed' ? now : null,
      }) as const,
  );
  const states = recipients.map((recipient) => ({ ...recipient, id: 'sgn_example' as const, remote: null, viewedAt: null, signedAt: null }));
  return {
    id,
    deal: snapshot.deal.id,
    company: snapshot.company?.id ?? null,
    status,
    rule: plan.rule,
    template: plan.template.name,
    provider: accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '',
    url: envelopeUrl(flow, tenant, id),
    requestedAt: now,
    sentAt: status === 'requested' ? null : now,
    viewedAt: reached('viewed', 'partially_signed', 'completed'),
    completedAt: reached('completed'),
    closedAt: reached('completed', 'declined', 'voided', 'expired'),
    expiresAt: plan.policies.expiresAfterDays === null ? null : new Date(snapshot.readAt + plan.policies.expiresAfterDays * 86_400_000).toISOString(),
    recipients,
    waitingFor: waitingFor({ status, recipients: states }),
    reason: status === 'declined' ? '(the reason that the signer gives)' : '',
    attribution: plan.attribution,
  };
}

function stageLabel({ schema }: Accounts, { deal }: Snapshot): string {
  const stages = schema?.pipelines.find((pipeline) => pipeline.id === deal.pipeline)?.stages ?? [];
  return stages.find((stage) => stage.id === deal.stage)?.label ?? deal.stage;
}

/** What a CRM card shows of a deal: its envelopes, and what a press of Send for signature would start from. */
export async function dealCard(flow: Flow, tenant: TenantId, asked: string, crm?: string): Promise<DealCard> {
  const accounts = await accountsOf(flow, flow.db, tenant, { vendor: crm });
  const deal = canonical(flow, accounts.crm.vendor, asked);
  const { rules, all } = await rulesWith(flow, tenant, accounts, {});
  const snapshot = await readDeal(flow, accounts, deal);
  const request: SendRequest = { key: 'card', by: 'card' };
  const decision = decisionFor(rules, snapshot, request);
  const provider = accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '';
  const envelopes = (await listEnvelopesOfDeal(flow.db, tenant, accounts.crm.id, deal)).map((one) => toState(flow, one, provider));
  const why = !accounts.sign ? 'No e-signature account is connected yet.' : accounts.sign.state === 'active' ? null : `${accounts.sign.name} has to be authorised again.`;
  return {
    canSend: why === null,
    why,
    rules: requestableRules(all.send),
    templates: accounts.templates ?? [],
    suggested: decision.send ? { template: decision.plan.template.id, recipients: decision.plan.recipients } : null,
    reasons: [...(decision.send ? [] : decision.reasons.map(({ say, path }) => ({ say, path }))), ...(await misfits(flow, tenant, accounts.crm.vendor))],
    envelopes: envelopes.map((one) => ({
      id: one.id,
      status: one.status,
      template: one.template.name,
      waitingFor: waitingFor(one),
      url: one.url,
      recipients: one.recipients.map(({ role, status }) => ({ role, status })),
    })),
  };
}

/** A stage or a template may have been renamed since the mapping was saved: whoever looks at the deal learns why nothing happens. */
async function misfits(flow: Flow, tenant: TenantId, crm: string): Promise<DealCard['reasons']> {
  const faults = await checkMappings(flow, tenant, {}, crm);
  return faults.filter(({ kind, level }) => kind === 'send' && level === 'error').map(({ say, path }) => ({ say: `The mapping does not fit the account: ${say}`, path }));
}

function requestableRules(text: string): DealCard['rules'] {
  const parsed = parseMapping('send', text);
  return parsed.ok ? parsed.mapping.rules.map(({ id, title }) => ({ id, title })) : [];
}
