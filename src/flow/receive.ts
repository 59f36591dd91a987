import { isAhead } from '#lib/clock';
import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import type { Branded } from '#lib/ids';
import { createRate } from '#lib/rate';
import { Problem } from '#core/problem';
import type { RawDelivery, Notice, Verdict } from '#ports/inbound';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import type { Arrival } from '#store/arrivals';
import { UNREAD } from '#store/inbox';
import type { Ingest } from '#store/ingest';
import { findInstallByAccount, findInstallByHook, type Install } from '#store/installs';
import { getVendor, type Flow, type Vendor } from '#flow/flow';
import { secretsOf } from '#flow/webhook-keys';

export interface Answer {
  status: number;
  body: string;
  /** Of the body. */
  type: string;
}

/** How long an install is remembered without asking the database; another process may have changed it. */
const INSTALL_MEMORY_MS = 5_000;
const REMEMBERED_INSTALLS = 20_000;
/** Bad signatures in a row after which somebody is told, and again at twice as many, and so on: a wrong secret must be seen at once, a stray probe need not, and a flood must not become one of writes. */
const BAD_SIGNATURES_TO_ALARM = 3;
type Reason = (Verdict & { ok: false })['reason'];
/** What was wrong with them, and what to look at first. */
const REFUSED: Record<Reason, { was: string; look: string }> = {
  mismatch: { was: 'had a wrong signature', look: "Compare the signing secret here with the vendor's." },
  missing: { was: 'had no signature', look: 'See whether signing is switched on at the vendor, or whether somebody else sends them.' },
  stale: { was: 'were dated too long ago', look: 'Compare the clock here with a time server: it may be ahead.' },
  future: { was: 'were dated in the future', look: 'Compare the clock here with a time server: it may be behind.' },
};
/** The limit of one install holds over this time, so that a bulk edit's burst is no flood. */
const BURST_MS = 10_000;
/** No date is later, and whatever shows a later one falls over. */
const LAST_MOMENT = 8_640_000_000_000_000;
const KEPT_HEADERS = /^(x-|content-type$|user-agent$)/;

type Kept = NonNullable<Arrival['delivery']> & { body: Uint8Array };

/** What a delivery holds, and apart from that what only a person can make something of. */
interface Read {
  notices: Notice[];
  stray: { count: number; fault: string; body: Uint8Array } | null;
}

export interface Receive {
  /** Verify, split, find the install, dedupe, store, answer. Nothing else happens before the answer. @throws Problem `signature.invalid`, `request.too-many`, `store.busy` */
  (vendorId: string, hook: string | null, delivery: RawDelivery): Promise<Answer>;
}

/** `perSecond` deliveries of one install are taken, 0 for any number. What is beyond is refused with a pause, after which its vendor sends it again: nothing of it is lost, and nobody else waits. */
export function createReceive(flow: Flow, ingest: Ingest, { perSecond = 0 }: { perSecond?: number } = {}): Receive {
  const installs = rememberInstalls(flow);
  const rate = perSecond > 0 ? createRate({ most: (perSecond * BURST_MS) / 1000, windowMs: BURST_MS, keys: REMEMBERED_INSTALLS }) : null;
  /** Bad signatures in a row; 0 once a good one has come, absent before. */
  const bad = new Map<string, number>();

  return async (vendorId, hook, delivery) => {
    const vendor = getVendor(flow, vendorId);
    const { inbound, manifest } = vendor.connector;
    if (!inbound || !manifest.webhook) throw new Problem('request.not-found');
    const now = flow.clock.now();
    const asked = hook === null ? undefined : installs.byHook(vendorId, hook);
    const byHook = asked instanceof Promise ? await asked : asked;
    if (manifest.webhook.path === 'install' && !byHook) {
      flow.metrics.deliveries.inc({ vendor: vendorId, outcome: 'unknown-hook' });
      throw new Problem('request.not-found');
    }
    const subject = byHook?.id ?? vendorId;
    const verdict = inbound.verify(delivery, secretsOf(flow, vendor, byHook), now);
    if (!verdict.ok) return refuse(subject, vendorId, byHook, verdict);
    if (bad.get(subject) !== 0) await trust(subject);
    const read = split(vendorId, vendor, delivery, byHook);
    const arrived = read instanceof Problem ? [unreadable(keptOf(vendorId, delivery, now), read, byHook)] : await arrivals(vendorId, delivery, read, byHook, now);
    await Promise.all(arrived.map((one) => ingest.add(one)));
    for (const one of arrived) tell(vendorId, one);
    return manifest.webhook.answer;
  };

  /** The first line of its stories. One that was heard before ends with it. */
  function tell(vendor: string, { delivery, notices }: Arrival): void {
    if (!delivery || !flow.log.isLevelEnabled('info')) return;
    const correlations = notices.map(({ correlation }) => correlation);
    flow.log.info({ vendor, delivery: delivery.id, ...(correlations.length === 1 ? { correlation: correlations[0] } : { correlations }) }, 'delivery stored');
  }

  /** The alarm may be of a process before this one, so the first good delivery ends it too. */
  async function trust(subject: string): Promise<void> {
    await clearAlarm(flow.db, 'webhook-signature-failing', subject);
    bad.set(subject, 0);
  }

  async function refuse(subject: string, vendorId: string, install: Install | undefined, verdict: Verdict & { ok: false }): Promise<never> {
    flow.metrics.deliveries.inc({ vendor: vendorId, outcome: `refused-${verdict.reason}` });
    const count = (bad.get(subject) ?? 0) + 1;
    bad.set(subject, count);
    if (Number.isInteger(Math.log2(count / BAD_SIGNATURES_TO_ALARM))) {
      flow.log.error({ vendor: vendorId, install: install?.id, reason: verdict.reason, count }, 'webhook signatures do not match');
      const { was, look } = REFUSED[verdict.reason];
      const say = `${count} deliveries of ${getVendor(flow, vendorId).connector.manifest.name} in a row ${was} (${verdict.reason}). Nothing of them was stored. ${look}`;
      await raiseAlarm(flow.db, { code: 'webhook-signature-failing', subject, tenant: install?.tenant ?? null, say }, flow.clock.now()).catch((err: unknown) => {
        flow.log.error({ vendor: vendorId, err }, 'an alarm could not be raised');
        // Then the next one raises it.
        bad.set(subject, count - 1);
      });
    }
    throw new Problem('signature.invalid');
  }

  /** A signed delivery that can't be read is kept as a dead letter and answered well: sending it again would not help. */
  function split(vendorId: string, vendor: Vendor, delivery: RawDelivery, byHook: Install | undefined): Read | Problem {
    try {
      const notices = vendor.connector.inbound?.split(delivery) ?? [];
      const stray = byHook ? null : strayOf(notices, delivery.body);
      if (stray) {
        flow.metrics.notices.inc({ vendor: vendorId, outcome: 'malformed' }, stray.count);
        flow.log.warn({ vendor: vendorId, count: stray.count }, 'signed events that name no account');
      }
      return { notices, stray };
    } catch (error) {
      flow.metrics.deliveries.inc({ vendor: vendorId, outcome: 'malformed' });
      const problem = Problem.from(error);
      // Neither the error nor its cause is logged: a parser quotes what it could not read.
      flow.log.warn({ vendor: vendorId, code: problem.code, facts: problem.facts }, 'signed delivery that cannot be read');
      return problem;
    }
  }

  /** What is ours of a delivery; and, as a delivery of its own, what may be anybody's. */
  async function arrivals(vendorId: string, delivery: RawDelivery, { notices, stray }: Read, byHook: Install | undefined, now: number): Promise<Arrival[]> {
    const row = keptOf(vendorId, delivery, now);
    const rows = [];
    const seen = new Set<string>();
    for (const [position, notice] of notices.entries()) {
      if (!byHook && notice.account === null) continue;
      const asked = byHook ?? (notice.account === null ? undefined : installs.byAccount(vendorId, notice.account));
      const install = ownerOf(notice, asked instanceof Promise ? await asked : asked);
      flow.metrics.notices.inc({ vendor: vendorId, outcome: install ? 'stored' : 'unknown-account' });
      if (!install) continue;
      if (!seen.has(install.id)) countDelivery(install, now);
      seen.add(install.id);
      rows.push(inboxRow(row.id, position, notice, install, now));
    }
    flow.metrics.deliveries.inc({ vendor: vendorId, outcome: 'accepted' });
    const own = { delivery: rows.length > 0 ? row : null, notices: rows };
    return stray ? [own, { delivery: { ...row, id: newId('dlv', now), body: stray.body, fault: stray.fault }, notices: [] }] : [own];
  }

  /** What came to an account's own address is that account's dead letter; whose any other is, only its content could tell. */
  function unreadable(row: Kept, problem: Problem, install: Install | undefined): Arrival {
    if (!install) return { delivery: { ...row, fault: storable(problem.message) }, notices: [] };
    if (install.state === 'left') return { delivery: null, notices: [] };
    countDelivery(install, row.received_at);
    const notice = inboxRow(row.id, 0, { account: null, key: `unread:${sha256(row.body)}`, kind: UNREAD, at: 0, payload: null }, install, row.received_at);
    return { delivery: row, notices: [{ ...notice, state: 'dead', error: storable(`${problem.code}: ${problem.message}`) }] };
  }

  function countDelivery(install: Install, now: number): void {
    const wait = rate?.take(install.id, now) ?? 0;
    if (wait === 0) return;
    flow.metrics.deliveries.inc({ vendor: install.vendor, outcome: 'limited' });
    throw new Problem('request.too-many', { retryAfterMs: wait });
  }

  function ownerOf(notice: Notice, install: Install | undefined): Install | undefined {
    const strange = install && notice.account !== null && install.account !== notice.account;
    return install && !strange && install.state !== 'left' ? install : undefined;
  }
}

/** The delivery as it came. */
function keptOf(vendor: string, { headers, body }: RawDelivery, now: number): Kept {
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name));
  return { id: newId('dlv', now), vendor, received_at: now, headers: JSON.stringify(Object.fromEntries(kept)), body, fault: null };
}

/** What came to an address of all accounts and names none. It is kept without the others, which are erased with their people. */
function strayOf(notices: readonly Notice[], body: Uint8Array): Read['stray'] {
  const stray = notices.filter(({ account }) => account === null);
  const count = stray.length;
  if (count === 0) return null;
  const fault = `Of ${notices.length} events, ${count} could not be read: no account is named.`;
  return { count, fault, body: count === notices.length ? body : Buffer.from(JSON.stringify(stray.map(({ payload }) => payload))) };
}

function inboxRow(delivery: Branded<'dlv'>, position: number, notice: Notice, install: Install, now: number) {
  const id = newId('ntc', now);
  return {
    id,
    tenant: install.tenant,
    install: install.id,
    vendor: install.vendor,
    delivery,
    position,
    key: storable(notice.key),
    kind: storable(notice.kind),
    // Not every event has a time of its own.
    at: Number.isSafeInteger(notice.at) && notice.at > 0 && notice.at <= LAST_MOMENT ? notice.at : now,
    payload: null,
    state: 'ready' as const,
    attempts: 0,
    run_at: now,
    error: null,
    correlation: `cor_${id.slice(4)}` as const,
    received_at: now,
  };
}

/** As every database takes it: PostgreSQL has no NUL, and half a surrogate pair is no letter. One odd event would keep all that share its commit from being stored. */
function storable(text: string): string {
  return /[\0\ud800-\udfff]/.test(text) ? Buffer.from(text).toString().replaceAll('\0', '\ufffd') : text;
}

function rememberInstalls(flow: Flow) {
  const memory = new Map<string, { install: Install; until: number }>();
  /** Who is known is told at once: under load the promises of a delivery cost more than what they wait for. */
  function remember(key: string, find: () => Promise<Install | undefined>): Install | Promise<Install | undefined> {
    const known = memory.get(key);
    return known && isAhead(known.until, flow.clock.now(), INSTALL_MEMORY_MS) ? known.install : learn(key, find);
  }
  async function learn(key: string, find: () => Promise<Install | undefined>): Promise<Install | undefined> {
    if (memory.size >= REMEMBERED_INSTALLS) memory.clear();
    const install = await find();
    if (install) memory.set(key, { install, until: flow.clock.now() + INSTALL_MEMORY_MS });
    return install;
  }
  return {
    byAccount: (vendor: string, account: string) => remember(`${vendor}|account|${account}`, () => findInstallByAccount(flow.db, vendor, storable(account))),
    byHook: (vendor: string, hook: string) => remember(`${vendor}|hook|${hook}`, () => findInstallByHook(flow.db, vendor, storable(hook))),
  };
}
