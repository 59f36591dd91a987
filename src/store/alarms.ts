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

/** Says an alarm as it is now, of something that goes on: each change is not another alarm. */
export async function tellAlarm(db: Db, alarm: Alarm, now: number): Promise<void> {
  const row = { ...alarm, id: `${alarm.code}|${alarm.subject}`, count: 1, first_at: now, last_at: now };
  await db
    .insertInto('alarms')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ last_at: now, say: alarm.say }))
    .execute();
}

/** Clears an alarm: what it told of is over. */
export async function clearAlarm(db: Db, code: string, subject: string): Promise<void> {
  await db.deleteFrom('alarms').where('id', '=', `${code}|${subject}`).execute();
}

/** Clears the alarms of a kind whose subjects are not among those that it is still true of. */
export async function clearAlarmsBut(db: Db, code: string, subjects: readonly string[]): Promise<void> {
  const alarms = db.deleteFrom('alarms').where('code', '=', code);
  await (subjects.length === 0 ? alarms : alarms.where('subject', 'not in', subjects)).execute();
}

/** Every alarm that stands, over all tenants, newest first: for the operator. */
export async function listAlarms(db: Db): Promise<(Alarm & { count: number })[]> {
  return db.selectFrom('alarms').select(['code', 'subject', 'say', 'tenant', 'count']).orderBy('last_at', 'desc').limit(200).execute();
}

/** Clears what tells of dead letters where none are left, and of streams that nobody wants any more. */
export async function clearSettledAlarms(db: Db): Promise<void> {
  await db
    .deleteFrom('alarms')
    .where('code', '=', 'dead-letters')
    .where(({ not, exists, selectFrom, ref }) =>
      not(exists(selectFrom('outbox').select('outbox.id').where('outbox.install', '=', ref('alarms.subject').$castTo<InstallId>()).where('outbox.state', '=', 'parked'))),
    )
    .execute();
  await db
    .deleteFrom('alarms')
    .where('code', '=', 'stream-failing')
    .where(({ not, exists, selectFrom, ref }) =>
      not(
        exists(
          selectFrom('installs')
            .select('installs.id')
            .where('installs.id', '=', ref('alarms.subject').$castTo<InstallId>())
            .where('listening', '=', 1)
            .where('state', '!=', 'left'),
        ),
      ),
    )
    .execute();
}
