import { PRIORITY } from '#core/effect';
import type { EnvelopeId, TenantId } from '#core/ids';
import type { PlannedWrite } from '#core/plan';
import { Problem } from '#core/problem';
import { viewOf } from '#core/state';
import type { Rules } from '#core/decide/situation';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import { listClosedEnvelopes, type EnvelopeWithRecipients } from '#store/envelopes';
import { audited } from '#flow/desk/audit';
import { toState } from '#flow/envelope-state';
import { getVendor, type Flow } from '#flow/flow';
import { accountsOf, createRuleBook } from '#flow/rule-book';

/** Envelopes read at a time; their writes make one job or a few. */
const ENVELOPES_A_PAGE = 2_000;
/** Of all that was refused, so many are named. */
const MOST_NAMED = 100;
/** Records of our own, the parent first: they can't be changed by anybody else meanwhile, and a closed envelope changes no more. */
const OURS = ['envelope', 'recipient'] as const;

export interface Backfill {
  /** Of a CRM, by its connector's id, where there are several. */
  crm?: string | undefined;
  /** Only what was asked for since then, milliseconds since the epoch. */
  since: number;
  by: string;
}
export interface Backfilled {
  envelopes: number;
  records: number;
  failed: number;
  /** The first of them. */
  refused: { record: string; say: string }[];
}

/**
 * Writes the CRM's own records of every envelope that has come to its end, by the mapping in force: for an org whose package was installed after its first
 * envelopes, or rebuilt. Absolute values, so that doing it again is harmless. `told` hears of progress now and then.
 * @throws Problem `feature.unsupported` where the CRM takes no such job
 */
export async function backfill(flow: Flow, tenant: TenantId, asked: Backfill, told: (so: Backfilled) => void): Promise<Backfilled> {
  const accounts = await accountsOf(flow, flow.db, tenant, { vendor: asked.crm });
  const { manifest, crm } = getVendor(flow, accounts.crm.vendor).connector;
  if (!crm?.bulkWrite || !accounts.schema?.fields.envelope)
    throw new Problem('feature.unsupported', { say: `${manifest.name} has no place for a history of envelopes in this account.` });
  const { rules } = await createRuleBook().active(flow.db, tenant, accounts);
  const call = flow.bind(accounts.crm, PRIORITY.background, 'insistent');
  const provider = accounts.sign ? getVendor(flow, accounts.sign.vendor).connector.manifest.name : '';
  const done: Backfilled = { envelopes: 0, records: 0, failed: 0, refused: [] };
  for (let after: EnvelopeId | null = null; ;) {
    const page: EnvelopeWithRecipients[] = await listClosedEnvelopes(flow.db, tenant, accounts.crm.id, { after, since: asked.since, limit: ENVELOPES_A_PAGE });
    const last = page.at(-1);
    if (!last) break;
    const writes = page.flatMap((one) => ownWrites(rules, toState(flow, one, provider)));
    for (const type of OURS)
      await writeAll(
        crm.bulkWrite,
        call,
        writes.filter(({ record }) => record.type === type),
        done,
        told,
      );
    done.envelopes += page.length;
    told(done);
    after = last.envelope.id;
  }
  await audited(flow, tenant, {
    by: asked.by,
    action: 'install.backfilled',
    subject: accounts.crm.id,
    detail: { envelopes: done.envelopes, records: done.records, failed: done.failed },
  });
  return done;
}

function ownWrites(rules: Rules, state: ReturnType<typeof toState>): PlannedWrite[] {
  return rules.writes(viewOf(state)).filter(({ record }) => record.type === 'envelope' || record.type === 'recipient');
}

async function writeAll(bulkWrite: NonNullable<Crm['bulkWrite']>, call: Call, writes: PlannedWrite[], done: Backfilled, told: (so: Backfilled) => void): Promise<void> {
  if (writes.length === 0) return;
  const before = { records: done.records, failed: done.failed };
  const outcomes = await bulkWrite(call, writes, ({ done: records, failed }) => told({ ...done, records: before.records + records, failed: before.failed + failed }));
  outcomes.forEach((outcome, index) => {
    // A record that landed without one of its fields is written, and told of all the same.
    const problem = outcome.ok ? outcome.left[0]?.problem : outcome.problem;
    if (outcome.ok) done.records += 1;
    else done.failed += 1;
    if (problem && done.refused.length < MOST_NAMED) done.refused.push({ record: writes[index]?.record.id ?? '', say: problem.message });
  });
}
