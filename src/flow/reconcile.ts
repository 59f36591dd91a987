import type { Json } from '#lib/json';
import { newId } from '#lib/ids';
import { PRIORITY } from '#core/effect';
import { rememberLabels } from '#core/mapping/stages';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Changes, Crm } from '#ports/crm';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import { advanceCursor, claimCursor, finishRound, type Cursor, type Round } from '#store/cursors';
import { findGround, putGround } from '#store/grounds';
import { putNotices } from '#store/inbox';
import { getInstall, listInstalls, type Install } from '#store/installs';
import { asTenant } from '#store/scope';
import { checkMappings } from '#flow/desk/mappings';
import { getVendor, type Flow } from '#flow/flow';
import { giveBack } from '#flow/give-back';
import { CHANGES, GROUND } from '#flow/install';
import { flagInstall } from '#flow/tokens';
import { problemOf } from '#flow/weather';

/** A round may take this long before another process takes it over, milliseconds. */
const LEASE_MS = 10 * 60_000;
/** Fields, stages and templates are read again this often, milliseconds. */
const GROUND_MS = 3_600_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;
/** One failed round is weather; this many in a row is something for a person. */
const FAILURES_TO_ALARM = 5;
/** Pages in one round: what is more waits for the next, whose cursor goes on from here. */
const PAGES_A_ROUND = 200;

/** Runs the round that is named, or the most overdue one: asks a vendor what is true and puts it on the line as notices. False when it is not due. */
export function createReconcile(flow: Flow): (round?: Round) => Promise<boolean> {
  return async (round) => {
    const cursor = await claimCursor(flow.db, flow.clock.now(), LEASE_MS, round);
    if (!cursor) return false;
    await asTenant(cursor.tenant, () => runRound(flow, cursor));
    return true;
  };
}

async function runRound(flow: Flow, cursor: Cursor): Promise<void> {
  const install = await getInstall(flow.db, cursor.tenant, cursor.install);
  try {
    const everyMs = await (cursor.name === GROUND ? readGround(flow, install) : readChanges(flow, install, cursor));
    const now = flow.clock.now();
    await finishRound(flow.db, cursor, { nextAt: now + everyMs, now, error: null });
    await clearAlarm(flow.db, 'reconcile-failing', `${install.id}|${cursor.name}`);
  } catch (error) {
    await giveUp(flow, install, cursor, problemOf(error));
  }
}

async function giveUp(flow: Flow, install: Install, cursor: Cursor, problem: Problem): Promise<void> {
  const now = flow.clock.now();
  flow.log.warn({ install: install.id, tenant: install.tenant, round: cursor.name, code: problem.code, err: problem.cause }, 'reconciliation round failed');
  const pause = problem.retryAfterMs ?? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** cursor.failures);
  await giveBack(flow, () => finishRound(flow.db, cursor, { nextAt: now + pause, now, error: problem.message }));
  if (problem.remedy === 'reauthorize') await flagInstall(flow, install, problem);
  if (cursor.failures + 1 < FAILURES_TO_ALARM) return;
  const say = `${install.name}: reading "${cursor.name}" fails. ${problem.message}`;
  await raiseAlarm(flow.db, { code: 'reconcile-failing', subject: `${install.id}|${cursor.name}`, tenant: install.tenant, say }, now);
}

/** What the account has: fields made where they lack, then fields, stages and templates read. */
export async function readGround(flow: Flow, install: Install): Promise<number> {
  const { connector } = getVendor(flow, install.vendor);
  const call = flow.bind(install, PRIORITY.background, 'insistent');
  const now = flow.clock.now();
  if (connector.crm) {
    await prepareAccount(flow, install, connector.crm, call);
    const before = await findGround(flow.db, install.tenant, install.id, 'schema');
    const schema = rememberLabels(before?.data ?? null, await connector.crm.describe(call));
    await putGround(flow.db, install.tenant, install.id, 'schema', schema, now);
  }
  if (connector.sign) await putGround(flow.db, install.tenant, install.id, 'templates', await connector.sign.templates(call), now);
  await watchMappings(flow, install);
  return GROUND_MS;
}

/** What only an admin of the account can mend is told at once; what the account does have is read all the same. */
async function prepareAccount(flow: Flow, install: Install, crm: Crm, call: Call): Promise<void> {
  const { id, tenant } = install;
  try {
    const made = await crm.prepare(call);
    if (made.length > 0) flow.log.info({ install: id, tenant, made: made.length }, 'made what the account lacked');
    await clearAlarm(flow.db, 'account-incomplete', id);
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.remedy !== 'reject' && problem.remedy !== 'unsupported') throw problem;
    await raiseAlarm(flow.db, { code: 'account-incomplete', subject: id, tenant, say: `${install.name}: ${problem.message}` }, flow.clock.now());
  }
}

/** Somebody may have renamed a stage or a template since the mapping was saved: that is told before a deal meets it. */
async function watchMappings(flow: Flow, { tenant }: Install): Promise<void> {
  const present = (await listInstalls(flow.db, tenant)).filter(({ state, vendor }) => state !== 'left' && flow.vendors.get(vendor)?.connector.crm !== undefined);
  const errors = (await Promise.all(present.map(({ vendor }) => checkMappings(flow, tenant, {}, vendor)))).flat().filter((fault) => fault.level === 'error');
  const [first] = errors;
  if (!first) return clearAlarm(flow.db, 'mapping-failed', tenant);
  const say = `The mappings do not fit the accounts (${errors.length} errors). The first: ${first.kind} ${first.path}: ${first.say}`;
  await raiseAlarm(flow.db, { code: 'mapping-failed', subject: tenant, tenant, say }, flow.clock.now());
}

async function readChanges(flow: Flow, install: Install, cursor: Cursor): Promise<number> {
  const { connector } = getVendor(flow, install.vendor);
  const ask = connector.crm?.changes ?? connector.sign?.changes;
  if (!ask || cursor.name !== CHANGES) return GROUND_MS;
  if (cursor.gaps === 0) await clearAlarm(flow.db, 'reconcile-gaps', install.id);
  const call = flow.bind(install, PRIORITY.background, 'insistent');
  let at = JSON.parse(cursor.cursor) as Json;
  let seen = 0;
  for (let page = 0; page < PAGES_A_ROUND; page++) {
    const changes = await ask(call, at, flow.clock.now());
    seen += changes.notices.length;
    await store(flow, install, changes);
    // The cursor moves only after what it passed is stored.
    await advanceCursor(flow.db, cursor, { cursor: changes.cursor, seen });
    at = changes.cursor;
    if (!changes.more) return connector.manifest.limits.pollMs;
  }
  return 0;
}

async function store(flow: Flow, install: Install, changes: Changes): Promise<void> {
  const now = flow.clock.now();
  const notices = changes.notices.map((notice) => ({
    install: install.id,
    vendor: install.vendor,
    key: notice.key,
    kind: notice.kind,
    at: notice.at,
    payload: JSON.stringify(notice.payload),
    correlation: newId('cor', now),
  }));
  if ((await putNotices(flow.db, install.tenant, notices, now)) > 0) flow.wake.inbox();
}
