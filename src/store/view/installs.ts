import type { InstallId, TenantId } from '#core/ids';
import type { CrmSchema } from '#core/records';
import type { Db } from '#store/database';
import { constant } from '#store/view/page';
import type { CursorsTable, GroundsTable, InstallsTable } from '#store/schema';

export type InstallView = Omit<InstallsTable, 'tokens' | 'webhook_keys' | 'details'> & {
  /** Whether webhook keys are set; the keys themselves never leave the store for a page. */
  keyed: boolean;
  cursors: Omit<CursorsTable, 'cursor'>[];
  grounds: Pick<GroundsTable, 'kind' | 'read_at'>[];
  /** Effects that wait for the install to be connected again. */
  held: number;
};

const COLUMNS = [
  'id',
  'tenant',
  'vendor',
  'account',
  'name',
  'environment',
  'base_url',
  'scopes',
  'state',
  'reason',
  'expires_at',
  'refresh_until',
  'hook',
  'send_allowed',
  'day_share',
  'day_use',
  'budgets',
  'listening',
  'granted_at',
  'created_at',
  'updated_at',
  'last_ok_at',
  'webhook_keys',
] as const;

/** The tenant's installs, oldest first, those that left last. Few by nature, so not paged. */
export async function listInstalls(db: Db, tenant: TenantId): Promise<InstallView[]> {
  const installs = await db.selectFrom('installs').select(COLUMNS).where('tenant', '=', tenant).orderBy('id').execute();
  if (installs.length === 0) return [];
  const ids = installs.map((install) => install.id);
  const cursors = await db
    .selectFrom('cursors')
    .select(['tenant', 'install', 'name', 'next_at', 'lease_until', 'started_at', 'last_ok_at', 'error', 'failures', 'seen', 'gaps', 'gaps_total'])
    .where('tenant', '=', tenant)
    .where('install', 'in', ids)
    .orderBy('name')
    .execute();
  const grounds = await db.selectFrom('grounds').select(['install', 'kind', 'read_at']).where('tenant', '=', tenant).where('install', 'in', ids).execute();
  const held = await db
    .selectFrom('outbox')
    .select((select) => ['install', select.fn.countAll<number>().as('count')])
    .where('install', 'in', ids)
    .where('state', '=', constant('held'))
    .groupBy('install')
    .execute();
  const views = installs.map(({ webhook_keys, ...install }) => ({
    ...install,
    keyed: webhook_keys !== null,
    cursors: cursors.filter((cursor) => cursor.install === install.id),
    grounds: grounds.filter((ground) => ground.install === install.id),
    held: Number(held.find((row) => row.install === install.id)?.count ?? 0),
  }));
  return views.sort((a, b) => Number(a.state === 'left') - Number(b.state === 'left'));
}

export async function findInstall(db: Db, tenant: TenantId, install: InstallId): Promise<InstallView | undefined> {
  return (await listInstalls(db, tenant)).find((view) => view.id === install);
}

/** What people call the stages of the tenant's CRMs, by their ids, as last read. */
export async function stageLabels(db: Db, tenant: TenantId): Promise<Map<string, string>> {
  const installs = db.selectFrom('installs').select('id').where('tenant', '=', tenant);
  const grounds = await db.selectFrom('grounds').select('data').where('tenant', '=', tenant).where('install', 'in', installs).where('kind', '=', 'schema').execute();
  const stages = grounds.flatMap((ground) => (JSON.parse(ground.data) as CrmSchema).pipelines.flatMap((pipeline) => pipeline.stages));
  return new Map(stages.map((stage) => [stage.id, stage.label]));
}
