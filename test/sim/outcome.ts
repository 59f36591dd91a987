import { verifyLedger } from '#store/ledger';
import { LEDGERS } from '#store/ledger-schema';
import { bystander, type Disk } from './disk.ts';
import type { Stage } from './story.ts';

/*
 * What must hold of a whole story once it is quiet. What may never be at any moment is in invariants.ts. Each gives null, or says what is wrong. They read the
 * database past the product, and compare it with what vendors wrote into their own books.
 */
export type Holds = (stage: Stage, before: Ledgers) => Promise<string | null>;

/** Rows that were in the ledgers in the middle of a story, by where they lie. */
export type Ledgers = Map<string, string>;

export async function noteLedgers(disk: Disk): Promise<Ledgers> {
  const noted: Ledgers = new Map();
  for (const ledger of LEDGERS)
    for (const row of await disk.query<{ tenant: string; seq: number }>(`select * from ${ledger}`)) noted.set(`${ledger}|${row.tenant}|${row.seq}`, JSON.stringify(row));
  return noted;
}

/** No accepted delivery without its facts: what was answered well is in the inbox once, is settled, and means what it means once. */
const deliveriesHaveFacts: Holds = async ({ base: { disk, tenants }, accepted }) => {
  for (const { key, account, kind } of accepted.values()) {
    const tenant = tenants.find(({ crm, sign }) => crm.account === account || sign.account === account);
    const rows = await disk.query<{ id: string; state: string; error: string | null }>('select id, state, error from inbox where tenant = ? and key = ?', tenant?.id, key);
    const [row] = rows;
    if (!row) return `${key} (${kind}) was answered well and is nowhere.`;
    if (rows.length > 1) return `${key} is in the inbox ${rows.length} times.`;
    if (row.state !== 'done' && row.state !== 'noted') return `${key} is ${row.state} at the end. ${row.error ?? ''}`;
    const facts = await disk.query<{ id: string }>('select id from facts where notice = ?', row.id);
    if (facts.length !== (row.state === 'done' ? 1 : 0)) return `${key} is ${row.state} and has ${facts.length} facts.`;
  }
  return null;
};

const RANK: Record<string, number> = { requested: 0, failed: 1, sent: 2, viewed: 3, partially_signed: 4, completed: 9, declined: 9, voided: 9, expired: 9 };

/** An envelope's state is reachable from its facts: told again in their order, by rules written down here, they lead to the state that is stored. */
const statesFollowFromFacts: Holds = async ({ base: { disk } }) => {
  const envelopes = await disk.query<{ tenant: string; id: string; status: string }>('select tenant, id, status from envelopes');
  for (const { tenant, id, status } of envelopes) {
    const facts = await disk.query<{ type: string; data: string }>('select type, data from facts where tenant = ? and envelope = ? order by seq', tenant, id);
    let state = 'requested';
    let unwanted = false;
    for (const { type, data } of facts) {
      if (type === 'envelope.void-requested') unwanted = true;
      const heard = type === 'envelope.status' ? statusIn(data) : type === 'envelope.create-failed' ? 'failed' : null;
      const meant = heard === 'expired' && unwanted ? 'voided' : heard;
      if (meant !== null && (RANK[meant] ?? 0) > (RANK[state] ?? 0)) state = meant;
    }
    // A void that the rules ask for is no fact of its own, so an expiry may stand for one.
    if (state !== status && !(state === 'expired' && status === 'voided')) return `${id} is ${status}, and its ${facts.length} facts lead to ${state}.`;
  }
  return null;
};

function statusIn(data: string): string {
  const { status, recipients } = JSON.parse(data) as { status: string; recipients: { status: string }[] };
  if ((RANK[status] ?? 0) >= 9 || status === 'requested') return status;
  const implied = recipients.some((one) => one.status === 'signed') ? 'partially_signed' : recipients.some((one) => one.status === 'viewed') ? 'viewed' : 'sent';
  return (RANK[implied] ?? 0) > (RANK[status] ?? 0) ? implied : status;
}

/** No effect without a fact: each names by its place the fact that caused it, of the same tenant. */
const effectsFollowFromFacts: Holds = async ({ base: { disk } }) => {
  const [odd] = await disk.query<{ id: string; kind: string; key: string }>(
    'select o.id, o.kind, o.key from outbox o left join facts f on f.tenant = o.tenant and f.seq = o.ordinal / 1000 where f.seq is null limit 1',
  );
  return odd ? `${odd.kind} ${odd.key} follows from no fact.` : null;
};

/** No intent with two envelopes at the provider: neither two with one id of ours, nor more sent for a deal than were ever called for. */
const oneEnvelopeAnIntent: Holds = async ({ base: { disk }, tenants, signs, crms, asked }) => {
  for (const { id: tenant, mark, sign, crm } of tenants) {
    const book = signs.get(sign.account)?.envelopes ?? [];
    for (const { envelope } of book) {
      const same = book.filter((one) => one.envelope === envelope);
      if (same.filter(({ sentAt }) => sentAt !== null).length > 1) return `${envelope} was sent twice: ${same.map(({ remote }) => remote).join(', ')}.`;
      if (same.filter(({ status }) => status !== 'voided').length > 1)
        return `${envelope} is there ${same.length} times: ${same.map(({ remote, status }) => `${remote} ${status}`).join(', ')}.`;
    }
    const [twice] = await disk.query<{ intent: string }>('select intent from envelopes where tenant = ? group by crm, intent having count(*) > 1', tenant);
    if (twice) return `The intent ${twice.intent} has two envelopes.`;
    for (const deal of new Set(book.map((one) => one.deal))) {
      const sent = book.filter((one) => one.deal === deal && one.sentAt !== null);
      const called = (crms.get(crm.account)?.entries.get(deal) ?? 0) + (asked.get(`${mark}|${deal}`) ?? 0) + sent.filter(({ status }) => status === 'expired').length;
      if (sent.length > called) return `${sent.length} envelopes went out for ${deal} of ${mark}, and ${called} were called for.`;
    }
  }
  return null;
};

/** Attribution and ledgers unchanged: every chain holds, what stood in the middle of the story stands, and nothing is frozen twice. */
const ledgersUnchanged: Holds = async ({ base: { disk }, tenants }, before) => {
  const db = disk.open(bystander());
  for (const { id } of tenants)
    for (const ledger of LEDGERS) {
      const check = await verifyLedger(db, id, ledger);
      if (!check.ok) return `${ledger} of ${id}: ${check.say}`;
    }
  const after = await noteLedgers(disk);
  for (const [place, row] of before) if (after.get(place) !== row) return `${place} says something else than it did.`;
  const [twice] = await disk.query<{ envelope: string; point: string }>(
    'select envelope, point from attributions where corrects is null group by tenant, envelope, point having count(*) > 1',
  );
  return twice ? `The attribution of ${twice.envelope} was frozen twice at "${twice.point}".` : null;
};

/** Nothing waits any more but for a time that is to come. */
const nothingIsLeft: Holds = async ({ base: { disk }, scheduler }) => {
  const [notice] = await disk.query<{ key: string; state: string; error: string | null }>("select key, state, error from inbox where state not in ('done', 'noted') limit 1");
  if (notice) return `The notice ${notice.key} is ${notice.state}. ${notice.error ?? ''}`;
  const [effect] = await disk.query<{ kind: string; state: string; error: string | null; attempts: number; run_at: number }>(
    "select kind, state, error, attempts, run_at from outbox where state not in ('done', 'cancelled') and not (kind = 'envelope.wait' and run_at > ?) limit 1",
    scheduler.now(),
  );
  return effect ? `${effect.kind} is ${effect.state} after ${effect.attempts} attempts, due ${effect.run_at - scheduler.now()} ms from the end. ${effect.error ?? ''}` : null;
};

/** After quiet and one reconciliation, our envelopes are the provider's, and nothing of ours lies about there. */
const providerAgrees: Holds = async ({ base: { disk }, tenants, signs }) => {
  for (const { id: tenant, sign } of tenants) {
    const book = signs.get(sign.account)?.envelopes ?? [];
    for (const there of book) {
      const [here] = await disk.query<{ status: string; remote: string | null }>('select status, remote from envelopes where tenant = ? and id = ?', tenant, there.envelope);
      if (!here) return `${there.remote} carries ${there.envelope}, which nobody here knows.`;
      if (there.sentAt === null && there.status === 'voided') continue;
      if (here.remote !== there.remote) return `${there.remote} is ${there.status} at the provider, and ${there.envelope} is ${here.remote ?? 'nothing'} here.`;
      const same = here.status === there.status || (here.status === 'voided' && there.status === 'expired');
      if (!same) return `${there.envelope} is ${here.status}, and ${there.status} at the provider.`;
    }
    const [lost] = await disk.query<{ id: string; status: string }>(
      "select id, status from envelopes where tenant = ? and remote is null and status not in ('failed', 'voided')",
      tenant,
    );
    if (lost) return `${lost.id} is ${lost.status}, and the provider has nothing of it.`;
  }
  return null;
};

/** After quiet and one reconciliation, the CRM says what the provider says: of the newest envelope of each deal that is out or completed. */
const crmAgrees: Holds = async ({ base: { disk }, tenants, crms }) => {
  for (const { id: tenant, mark, crm } of tenants) {
    for (const deal of crms.get(crm.account)?.deals.values() ?? []) {
      const { sign_status: status, sign_envelope: told } = deal.fields;
      const [newest] = await disk.query<{ id: string; status: string }>(
        "select id, status from envelopes where tenant = ? and deal = ? and status in ('requested', 'sent', 'viewed', 'partially_signed', 'completed') order by id desc limit 1",
        ...[tenant, deal.id],
      );
      if (newest && status !== 'blocked' && (told !== newest.id || status !== newest.status))
        return `${deal.id} of ${mark} says ${String(told)} is ${String(status)}, and ${newest.id} is ${newest.status}.`;
      const [named] = typeof told === 'string' && told !== '' ? await disk.query<{ status: string }>('select status from envelopes where tenant = ? and id = ?', tenant, told) : [];
      if (named && status !== 'blocked' && named.status !== status) return `${deal.id} of ${mark} says ${String(told)} is ${String(status)}, and it is ${named.status}.`;
      if (deal.stage !== 'contract' || deal.enteredAt < 1_760_000_000_001) continue;
      const [heard] = await disk.query(
        "select id from facts where tenant = ? and type = 'deal.read' and deal = ? and json_extract(data, '$.enteredAt') = ?",
        tenant,
        deal.id,
        deal.enteredAt,
      );
      if (!heard) return `${deal.id} of ${mark} entered "contract" and nobody here has read it since.`;
    }
  }
  return null;
};

export const INVARIANTS: Record<string, Holds> = {
  ...{ deliveriesHaveFacts, statesFollowFromFacts, effectsFollowFromFacts, oneEnvelopeAnIntent, ledgersUnchanged, nothingIsLeft, providerAgrees, crmAgrees },
};
