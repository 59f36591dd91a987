import { sql } from 'kysely';
import type { InstallId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';

export interface Entry {
  crm: InstallId;
  deal: string;
  /** Empty where the CRM did not say which. */
  stage: string;
  at: number;
}

/** Keeps that a deal was heard to enter a stage. Heard again it is the same entry; one that meant nothing may mean something now. */
export async function hearEntry(tx: Tx, tenant: TenantId, { crm, deal, stage, at }: Entry): Promise<void> {
  await tx
    .insertInto('stage_entries')
    .values({ tenant, crm, deal, stage, at, rule: null, sent_at: null })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'crm', 'deal', 'stage']).doUpdateSet((eb) => ({
        at: eb.case().when('stage_entries.at', '>', at).then(eb.ref('stage_entries.at')).else(at).end(),
        rule: sql<string | null>`nullif(stage_entries.rule, '')`,
      })),
    )
    .execute();
}

/** What a read deal tells of its entry: the stage, the time where it is `dated`, and the rule that sends for it, if one does. */
export async function knowEntry(
  tx: Tx,
  tenant: TenantId,
  { crm, deal, stage, at }: Entry,
  { rule, sentAt, dated }: { rule: string | null; sentAt: number | null; dated: boolean },
): Promise<void> {
  await tx.deleteFrom('stage_entries').where('tenant', '=', tenant).where('crm', '=', crm).where('deal', '=', deal).where('rule', 'is', null).where('stage', '!=', stage).execute();
  await tx
    .insertInto('stage_entries')
    .values({ tenant, crm, deal, stage, at, rule: rule ?? '', sent_at: sentAt })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'crm', 'deal', 'stage']).doUpdateSet((eb) => ({
        at: dated ? at : eb.ref('stage_entries.at'),
        rule: rule ?? sql<string>`coalesce(stage_entries.rule, '')`,
        sent_at: sentAt ?? eb.ref('stage_entries.sent_at'),
      })),
    )
    .execute();
}

/** That a deal could not be read: nobody waits for it any more. */
export async function forgetEntry(tx: Tx, tenant: TenantId, crm: InstallId, deal: string): Promise<void> {
  await tx.updateTable('stage_entries').set({ rule: '' }).where('tenant', '=', tenant).where('crm', '=', crm).where('deal', '=', deal).where('rule', 'is', null).execute();
}

/** How many other deals entered around a time: those that a rule sends for, and those of the stage of which nobody knows yet. Neither is counted beyond `most`. */
export async function countCrowd(tx: Db, tenant: TenantId, entry: Entry & { rule: string; withinMs: number; most: number }): Promise<{ entered: number; unread: number }> {
  const { crm, deal, stage, at, rule, withinMs, most } = entry;
  const half = Math.ceil(withinMs / 2);
  const around = tx
    .selectFrom('stage_entries')
    .select('deal')
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('at', '>=', at - half)
    .where('at', '<=', at + half)
    .where('deal', '!=', deal)
    .limit(most);
  const entered = await around.where('rule', '=', rule).execute();
  const unread = await around.where('rule', 'is', null).where('stage', 'in', [stage, '']).execute();
  return { entered: entered.length, unread: unread.length };
}

/** Sends that a rule decided on by itself after a time, oldest first. */
export async function sendsSince(tx: Db, tenant: TenantId, crm: InstallId, rule: string, since: number, most: number): Promise<number[]> {
  const rows = await tx
    .selectFrom('stage_entries')
    .select('sent_at')
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('rule', '=', rule)
    .where('sent_at', '>', since)
    .orderBy('sent_at', 'desc')
    .limit(most)
    .execute();
  return rows.flatMap((row) => row.sent_at ?? []).reverse();
}

/** Removes what no ceiling looks at any more. Returns how many. */
export async function sweepEntries(db: Db, before: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('stage_entries')
    .where('at', '<', before)
    .where(({ or, eb }) => or([eb('sent_at', 'is', null), eb('sent_at', '<', before)]))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

export interface RuleRun {
  first_at: number;
  sent: number;
  reviewed_at: number | null;
}

/** What a rule has sent since it starts as it does now. One that sent before there were first runs is on none. */
export async function findRun(tx: Db, tenant: TenantId, crm: InstallId, rule: string, start: string): Promise<RuleRun | undefined> {
  return tx
    .selectFrom('rule_runs')
    .select(['first_at', 'sent', 'reviewed_at'])
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('rule', '=', rule)
    .where('start', 'in', [start, ''])
    .orderBy('reviewed_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function countRun(tx: Tx, tenant: TenantId, crm: InstallId, rule: string, start: string, now: number): Promise<void> {
  await tx
    .insertInto('rule_runs')
    .values({ tenant, crm, rule, start, first_at: now, sent: 1, reviewed_at: null, reviewed_by: null })
    .onConflict((conflict) => conflict.columns(['tenant', 'crm', 'rule', 'start']).doUpdateSet((eb) => ({ sent: eb('rule_runs.sent', '+', 1) })))
    .execute();
}

/** Somebody has looked at the first run of a rule: from now on its ceiling alone holds it. */
export async function reviewRun(tx: Tx, tenant: TenantId, crm: InstallId, rule: string, by: string, now: number): Promise<void> {
  await tx
    .updateTable('rule_runs')
    .set({ reviewed_at: now, reviewed_by: by })
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('rule', '=', rule)
    .where('reviewed_at', 'is', null)
    .execute();
}
