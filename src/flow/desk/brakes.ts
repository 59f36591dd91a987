import { newId } from '#lib/ids';
import type { JsonObject } from '#lib/json';
import type { HeldSendId, HoldId, InstallId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { reviewRun } from '#store/entries';
import { getHold, takeHeld, type Hold } from '#store/holds';
import { listTenants } from '#store/installs';
import { append } from '#store/ledger';
import { asServer, asTenant } from '#store/scope';
import { endServerStop, endStop, putServerStop, putStop } from '#store/stops';
import { tellHold } from '#flow/brakes';
import { ruleStates, type RuleState } from '#flow/desk/rules';
import type { Flow } from '#flow/flow';
import { readAgain } from '#flow/held';
import { thaw } from '#flow/thaw';

/** What is stopped: one rule of one CRM, or with null the whole tenant. */
export type Stoppable = { crm: InstallId; rule: string } | null;

/** What people do to keep sends back and to let them go. Each is recorded in the audit ledger with `by`. @throws Problem `request.not-found`, `request.malformed` */
export interface BrakeDesk {
  /** Stops sends, reminders and journey messages, in every process at once. Stopped again it stays as it was. */
  stop(tenant: TenantId, what: Stoppable, because: string, by: string): Promise<void>;
  /** Lets go what the stop has held. */
  resume(tenant: TenantId, what: Stoppable, by: string): Promise<void>;
  /** For operators: stops and resumes every tenant. */
  stopServer(because: string, by: string): Promise<void>;
  resumeServer(by: string): Promise<void>;
  /** Sends what is held, all of it or what is named, from each deal as it is by then. Returns how many. */
  release(tenant: TenantId, hold: HoldId, only: readonly HeldSendId[] | null, by: string): Promise<number>;
  /** The send rules of the active mappings, with what keeps each back. */
  rules(tenant: TenantId): Promise<RuleState[]>;
  /** Never sends it, and says so on the deals. Returns how many. */
  discard(tenant: TenantId, hold: HoldId, only: readonly HeldSendId[] | null, by: string): Promise<number>;
}

const BECAUSE_CHARACTERS = 300;
/** Held sends that one transaction takes. */
const A_TRANSACTION = 200;
export const SENDING_STOPPED = 'sending-stopped';

export function createBrakeDesk(flow: Flow): BrakeDesk {
  return {
    ...createStops(flow),
    rules: (tenant) => ruleStates(flow, tenant),
    release: (tenant, hold, only, by) => decideHeld(flow, tenant, hold, { verdict: 'release', by, only }),
    discard: (tenant, hold, only, by) => decideHeld(flow, tenant, hold, { verdict: 'discard', by, only }),
  };
}

const auditRow = (now: number, by: string, action: string, subject: string, detail: JsonObject) => ({
  id: newId('aud', now),
  at: now,
  actor: by,
  action,
  subject,
  detail: JSON.stringify(detail),
});
const subjectOf = (tenant: TenantId, what: Stoppable): string => (what ? `rule ${what.rule}` : tenant);
const alarmOf = (tenant: TenantId, what: Stoppable): string => (what ? `${tenant}|${what.crm}|${what.rule}` : tenant);

function createStops(flow: Flow): Pick<BrakeDesk, 'stop' | 'resume' | 'stopServer' | 'resumeServer'> {
  return {
    async stop(tenant, what, because, by) {
      const said = { because: reasonOf(because), by };
      const now = flow.clock.now();
      await flow.db.transaction().execute(async (tx) => {
        if ((await putStop(tx, tenant, what, said, now)) === null) return;
        const say = `${what ? `The rule "${what.rule}" is` : 'Sending is'} stopped: ${said.because}`;
        await raiseAlarm(tx, { code: SENDING_STOPPED, subject: alarmOf(tenant, what), tenant, say }, now);
        await append(tx, tenant, 'audit', [auditRow(now, by, 'sending.stopped', subjectOf(tenant, what), { because: said.because })]);
      });
    },

    async resume(tenant, what, by) {
      const now = flow.clock.now();
      const ended = await flow.db.transaction().execute(async (tx) => {
        const stop = await endStop(tx, tenant, what, by, now);
        if (stop === null) return null;
        await clearAlarm(tx, SENDING_STOPPED, alarmOf(tenant, what));
        await append(tx, tenant, 'audit', [auditRow(now, by, 'sending.resumed', subjectOf(tenant, what), {})]);
        return stop;
      });
      if (ended !== null) await thaw(flow, tenant, by);
    },

    async stopServer(because, by) {
      const said = { because: reasonOf(because), by };
      const now = flow.clock.now();
      const stop = await asServer(() =>
        flow.db.transaction().execute(async (tx) => {
          const made = await putServerStop(tx, said, now);
          if (made !== null) await raiseAlarm(tx, { code: SENDING_STOPPED, subject: 'server', tenant: null, say: `Sending on this server is stopped: ${said.because}` }, now);
          return made;
        }),
      );
      if (stop === null) return;
      flow.log.warn({ stop }, 'sending is stopped for the whole server');
      await eachTenant(flow, (tx, tenant) => append(tx, tenant, 'audit', [auditRow(now, by, 'sending.stopped', 'server', { because: said.because })]));
    },

    async resumeServer(by) {
      const now = flow.clock.now();
      const stop = await asServer(() =>
        flow.db.transaction().execute(async (tx) => {
          const ended = await endServerStop(tx, by, now);
          if (ended !== null) await clearAlarm(tx, SENDING_STOPPED, 'server');
          return ended;
        }),
      );
      if (stop === null) return;
      flow.log.warn({ stop }, 'sending is resumed for the whole server');
      await eachTenant(
        flow,
        (tx, tenant) => append(tx, tenant, 'audit', [auditRow(now, by, 'sending.resumed', 'server', {})]),
        (tenant) => thaw(flow, tenant, by),
      );
    },
  };
}

/** After the stop itself, which holds from its commit on: of ten thousand tenants the last may read of it some seconds later. */
async function eachTenant(flow: Flow, write: (tx: Tx, tenant: TenantId) => Promise<unknown>, after?: (tenant: TenantId) => Promise<unknown>): Promise<void> {
  for (const { id } of await asServer(() => listTenants(flow.db)))
    await asTenant(id, async () => {
      await flow.db.transaction().execute((tx) => write(tx, id));
      await after?.(id);
    });
}

function reasonOf(because: string): string {
  const text = because.trim();
  if (text === '') throw new Problem('request.malformed', { say: 'Say why sending is stopped: whoever finds it stopped has to know.' });
  if (text.length > BECAUSE_CHARACTERS) throw new Problem('request.malformed', { say: `The reason is longer than ${BECAUSE_CHARACTERS} characters.` });
  return text;
}

interface Decided {
  verdict: 'release' | 'discard';
  by: string;
  only: readonly HeldSendId[] | null;
}
const STATE_OF = { release: 'released', discard: 'discarded' } as const;

/** A run of sends at a time, each run whole: what was taken is decided on, and what was not waits on. */
async function decideHeld(flow: Flow, tenant: TenantId, id: HoldId, { verdict, by, only }: Decided): Promise<number> {
  const hold = await getHold(flow.db, tenant, id);
  if (hold.cause === 'stop' && verdict === 'release') throw new Problem('request.malformed', { say: 'Sending is stopped. Resume it, and what it holds goes on.' });
  let count = 0;
  for (;;) {
    const taken = await flow.db.transaction().execute((tx) => takeRun(flow, tx, hold, { verdict, by, only }));
    count += taken;
    if (taken < A_TRANSACTION) break;
  }
  flow.wake.outbox();
  return count;
}

async function takeRun(flow: Flow, tx: Tx, hold: Hold, { verdict, by, only }: Decided): Promise<number> {
  const { tenant, id } = hold;
  const now = flow.clock.now();
  const taken = await takeHeld(tx, tenant, id, { state: STATE_OF[verdict], by, limit: A_TRANSACTION, ...(only ? { only } : {}) }, now);
  if (taken.length === 0) return 0;
  await readAgain(tx, taken, verdict, now);
  if (verdict === 'release') await reviewRun(tx, tenant, hold.crm, hold.rule, by, now);
  const after = await getHold(tx, tenant, id);
  if (after.closed_at === null) await tellHold(tx, after, now);
  else await clearAlarm(tx, 'sends-held', id);
  await append(tx, tenant, 'audit', [auditRow(now, by, `hold.${STATE_OF[verdict]}`, id, { rule: hold.rule, deals: taken.map(({ deal }) => deal) })]);
  return taken.length;
}
