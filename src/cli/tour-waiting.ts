import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';

/** So many effects are named; of the rest their number is told. */
const NAMED = 6;

/** What is not done yet, and when it is tried again: where to look when something was waited for in vain. */
export async function sayWaiting(db: Db, tenant: TenantId, now: number): Promise<string> {
  const parts = [...(await effectsIn(db, tenant, now)), ...(await noticesIn(db, tenant, now)), ...(await roundsIn(db, tenant))];
  return parts.length > 0 ? `Not done yet: ${parts.join('; ')}.` : 'Nothing else waits.';
}

async function effectsIn(db: Db, tenant: TenantId, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['kind', 'state', 'attempts', 'run_at', 'error'])
    .where('tenant', '=', tenant)
    .where('state', 'in', ['ready', 'leased', 'held', 'parked'])
    .orderBy('run_at', 'desc')
    .execute();
  const named = rows.slice(0, NAMED).map(({ kind, state, attempts, run_at: at, error }) => {
    const code = error === null ? [] : [(JSON.parse(error) as { code: string }).code];
    return `${kind} (${[state, `${attempts} attempts`, whenOf(at - now), ...code].join(', ')})`;
  });
  return rows.length > NAMED ? [...named, `${rows.length - NAMED} more effects`] : named;
}

async function noticesIn(db: Db, tenant: TenantId, now: number): Promise<string[]> {
  const rows = await db.selectFrom('inbox').select(['state', 'run_at']).where('tenant', '=', tenant).where('state', 'in', ['ready', 'dead']).orderBy('run_at').execute();
  const [oldest] = rows;
  const dead = rows.filter(({ state }) => state === 'dead').length;
  return oldest ? [`${rows.length} notices, ${dead} of them dead (the first ${whenOf(oldest.run_at - now)})`] : [];
}

async function roundsIn(db: Db, tenant: TenantId): Promise<string[]> {
  const rows = await db.selectFrom('cursors').select(['name', 'failures', 'error']).where('tenant', '=', tenant).where('failures', '>', 0).execute();
  return rows.map(({ name, failures, error }) => `the round "${name}" (failed ${failures} times: ${error ?? ''})`);
}

const whenOf = (ms: number): string => (ms > 0 ? `due in ${Math.ceil(ms / 1000)} s` : `due for ${Math.floor(-ms / 1000)} s`);
