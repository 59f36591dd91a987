import { AsyncResource } from 'node:async_hooks';
import type { Json } from '#lib/json';
import { newId } from '#lib/ids';
import { PRIORITY } from '#core/effect';
import type { InstallId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Changes } from '#ports/crm';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import { ensureCursor, STREAM } from '#store/cursors';
import { putNotices } from '#store/inbox';
import { getInstall, type Install } from '#store/installs';
import { asTenant } from '#store/scope';
import { advanceStream, claimStream, endStream, listAwaited, listHeld, renewStream, type Stream } from '#store/streams';
import { getVendor, type Flow } from '#flow/flow';
import { flagInstall } from '#flow/tokens';

/** Streams that one process keeps. Those beyond are taken by other processes, or heard of by asking alone. */
const MOST_STREAMS = 500;
/** So many begin before what runs is looked at again. */
const BEGIN_AT_ONCE = 20;
/** A stream whose process says nothing for so long is taken by another, milliseconds. */
export const STREAM_LEASE_MS = 30_000;
const RENEW_MS = STREAM_LEASE_MS / 3;
/** How often is looked for what should begin and what should end: switching off in another process ends a stream within this time and the grace. */
const LOOK_MS = 500;
/** So long may a connector take to end a stream that it was told to; nothing that it tells afterwards is stored. */
const GRACE_MS = 400;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;
/** A stream that was silent for so long and then broke did work: the pauses begin anew. */
const STEADY_MS = LONGEST_RETRY_MS;
const FAILURES_TO_ALARM = 5;
/** Until somebody asks for it: a date that people can read, as it is shown. */
const NEVER = Date.UTC(9999, 0);

export interface Listening {
  /** Ends streams that should not run, renews those that do, begins those that should. True when some began, so that more may wait. */
  turn(): Promise<boolean>;
  nextAt(): Promise<number | null>;
  /** Ends every stream; what is being stored is stored. */
  stop(): Promise<void>;
}

/** One stream that runs here. */
interface Running {
  stream: Stream;
  /** Failures in a row before it; none once it has told something. */
  failures: number;
  told: boolean;
  gone: AbortController;
  ended: Promise<void>;
}

/** Hears changes as they happen, of each install that is switched to it: one stream an install over all processes, which share the installs by leases. */
export function createListening(flow: Flow): Listening {
  const { db, clock } = flow;
  const vendors = [...flow.vendors].filter(([, { connector }]) => connector.crm?.listen !== undefined).map(([id]) => id);
  const running = new Map<InstallId, Running>();
  let stopping = false;

  async function look(): Promise<void> {
    if (running.size === 0) return;
    const held = new Map((await listHeld(db, [...running.keys()])).map((row) => [row.install, row]));
    for (const [install, { stream, gone }] of running) {
      const row = held.get(install);
      const now = clock.now();
      if (row?.started_at !== stream.started_at) gone.abort();
      else if (row.lease_until - now < STREAM_LEASE_MS - RENEW_MS && !(await renewStream(db, stream, now + STREAM_LEASE_MS))) gone.abort();
    }
  }

  async function begin(): Promise<number> {
    const room = Math.min(MOST_STREAMS - running.size, BEGIN_AT_ONCE);
    if (room <= 0) return 0;
    const awaited = await listAwaited(db, vendors, clock.now(), room);
    let begun = 0;
    for (const { tenant, install, isNew } of awaited) {
      if (stopping || running.has(install)) continue;
      const now = clock.now();
      if (isNew) await ensureCursor(db, tenant, install, STREAM, now);
      const stream = await claimStream(db, tenant, install, now, now + STREAM_LEASE_MS);
      if (!stream) continue;
      begun++;
      run(stream);
    }
    return begun;
  }

  function run(stream: Stream): void {
    const one: Running = { stream, failures: stream.failures, told: false, gone: new AbortController(), ended: Promise.resolve() };
    if (stopping) one.gone.abort();
    one.ended = asTenant(stream.tenant, () => keepStream(flow, one)).finally(() => running.delete(stream.install));
    running.set(stream.install, one);
  }

  return {
    async turn() {
      if (vendors.length === 0) return false;
      await look();
      return (await begin()) > 0;
    },
    nextAt: async () => (vendors.length === 0 ? null : clock.now() + LOOK_MS),
    async stop() {
      stopping = true;
      for (const { gone } of running.values()) gone.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/** Runs a stream to its end and gives it back. Never rejects: what cannot even be written down is taken up again when the lease has run out. */
async function keepStream(flow: Flow, one: Running): Promise<void> {
  const { stream } = one;
  try {
    // As it is now: what a stream finds out about this grant says nothing of one that is given meanwhile.
    const install = await getInstall(flow.db, stream.tenant, stream.install);
    const problem = await hear(flow, one, install);
    if (problem) await giveUp(flow, one, install, problem);
    else await endStream(flow.db, stream, { nextAt: flow.clock.now() });
  } catch (error) {
    flow.log.error({ install: stream.install, tenant: stream.tenant, err: error }, 'the end of a stream could not be kept');
  }
}

/** Listens until told to end, which is no problem, or until the stream ends by itself, which is one. */
async function hear(flow: Flow, one: Running, install: Install): Promise<Problem | null> {
  const { stream, gone } = one;
  const { crm } = getVendor(flow, install.vendor).connector;
  if (!crm?.listen) return new Problem('feature.unsupported');
  const call = flow.bind(install, PRIORITY.background, 'once', gone.signal);
  // Bound, for a page comes out of the vendor's stream and not out of our own calls.
  const sink = AsyncResource.bind(async (page: Changes): Promise<void> => {
    call.signal.throwIfAborted();
    if (await store(flow, one, install, page)) return;
    gone.abort();
    call.signal.throwIfAborted();
  });
  try {
    flow.log.info({ install: install.id, tenant: install.tenant, vendor: install.vendor }, 'stream begins');
    await Promise.race([crm.listen(call, JSON.parse(stream.cursor) as Json, sink), graceAfter(flow, call.signal)]);
    return call.signal.aborted ? null : new Problem('vendor.unavailable', { say: 'The vendor ended the stream. It is begun again by itself.' });
  } catch (error) {
    return call.signal.aborted ? null : Problem.from(error);
  }
}

/** Resolves when a stream should have ended that was told to. */
async function graceAfter({ clock }: Flow, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await clock.sleep(GRACE_MS);
}

/** Stores what a page holds and how far it came, both or neither. False where the stream is another's by now. */
async function store(flow: Flow, one: Running, install: Install, page: Changes): Promise<boolean> {
  const now = flow.clock.now();
  const notices = page.notices.map((notice) => ({
    install: install.id,
    vendor: install.vendor,
    key: notice.key,
    kind: notice.kind,
    at: notice.at,
    payload: JSON.stringify(notice.payload),
    correlation: newId('cor', now),
  }));
  const to = { cursor: page.cursor, seen: notices.length, now, until: now + STREAM_LEASE_MS };
  const fresh = await flow.db.transaction().execute(async (tx) => {
    if (!(await advanceStream(tx, one.stream, to))) return null;
    if (!one.told) await clearAlarm(tx, 'stream-failing', install.id);
    return putNotices(tx, install.tenant, notices, now);
  });
  if (fresh === null) return false;
  Object.assign(one, { told: true, failures: 0 });
  if (fresh > 0) flow.wake.inbox();
  return true;
}

async function giveUp(flow: Flow, one: Running, install: Install, problem: Problem): Promise<void> {
  const { stream } = one;
  const now = flow.clock.now();
  flow.log.warn({ install: install.id, tenant: install.tenant, code: problem.code, err: problem.cause }, 'stream ended');
  const failures = now - stream.started_at >= STEADY_MS ? 1 : one.failures + 1;
  const isOver = problem.remedy === 'unsupported';
  await endStream(flow.db, stream, { nextAt: isOver ? NEVER : now + pauseOf(problem, failures, flow), error: problem.message, failures });
  if (problem.remedy === 'reauthorize') await flagInstall(flow, install, problem);
  if (failures < FAILURES_TO_ALARM && !isOver) return;
  const say = `${install.name}: changes are not heard as they happen. ${problem.message}`;
  await raiseAlarm(flow.db, { code: 'stream-failing', subject: install.id, tenant: install.tenant, say }, now);
}

/** With jitter, for a vendor that breaks off one stream breaks off all. A named pause is obeyed exactly. */
function pauseOf(problem: Problem, failures: number, { random }: Flow): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return problem.retryAfterMs ?? Math.ceil((longest / 2) * (1 + random()));
}
