import type { InstallId, TenantId } from '#core/ids';
import type { Db } from '#store/database';

export interface Alarm {
  code: string;
  /** What it is about, such as an install's id. */
  subject: string;
  /** A sentence for the tenant. */
  say: string;
  tenant: TenantId | null;
}

/** Raises an alarm, or counts it again. */
export async function raiseAlarm(db: Db, alarm: Alarm, now: number): Promise<void> {
  const row = { ...alarm, id: `${alarm.code}|${alarm.subject}`, count: 1, first_at: now, last_at: now };
  await db
    .insertInto('alarms')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet((eb) => ({ count: eb('alarms.count', '+', 1), last_at: now, say: alarm.say })))
    .execute();
}

/** Clears an alarm: what it told of is over. */
export async function clearAlarm(db: Db, code: string, subject: string): Promise<void> {
  await db.deleteFrom('alarms').where('id', '=', `${code}|${subject}`).execute();
}

/** Every alarm that stands, over all tenants, newest first: for the operator. */
export async function listAlarms(db: Db): Promise<(Alarm & { count: number })[]> {
  return db.selectFrom('alarms').select(['code', 'subject', 'say', 'tenant', 'count']).orderBy('last_at', 'desc').limit(200).execute();
}

/** Clears what tells of dead letters where none are left. */
export async function clearSettledAlarms(db: Db): Promise<void> {
  await db
    .deleteFrom('alarms')
    .where('code', '=', 'dead-letters')
    .where(({ not, exists, selectFrom, ref }) =>
      not(exists(selectFrom('outbox').select('outbox.id').where('outbox.install', '=', ref('alarms.subject').$castTo<InstallId>()).where('outbox.state', '=', 'parked'))),
    )
    .execute();
}
