import { sql } from 'kysely';
import type { LedgerName } from '#store/ledger-schema';
import { isPostgres, type Db } from '#store/database';
import { verifyLedger } from '#store/ledger';
import { listTenants } from '#store/installs';
import type { Stories } from './stories.ts';

const LEDGERS: LedgerName[] = ['facts', 'receipts', 'audit', 'consents', 'attributions'];
const SHOWN = 5;

/** What is wrong; empty where every book says the same. */
export type Faults = string[];

/** How often each event is kept, by its mark. */
async function keptEvents(db: Db): Promise<Map<string, number>> {
  const kept = new Map<string, number>();
  for (const { key } of await db.selectFrom('inbox').select('key').where('vendor', '=', 'docusign').execute()) {
    const mark = key.split('|')[2] ?? '';
    kept.set(mark, (kept.get(mark) ?? 0) + 1);
  }
  return kept;
}

/** Events that were acknowledged and are gone. */
export async function lostEvents(db: Db, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const kept = await keptEvents(db);
  return [...acknowledged].filter((mark) => !kept.has(mark));
}

/** Every event that was acknowledged is there, and no event twice. */
export async function eventFaults(db: Db, acknowledged: ReadonlySet<string>): Promise<Faults> {
  const twice = [...(await keptEvents(db))].filter(([mark, times]) => times > 1 && acknowledged.has(mark)).map(([mark]) => mark);
  return [...told('acknowledged and gone', await lostEvents(db, acknowledged)), ...told('kept twice', twice)];
}

/** Each notice became its facts once. Only once nothing waits any more. */
export async function factFaults(db: Db, acknowledged: ReadonlySet<string>): Promise<Faults> {
  const known = new Map<string, number>();
  for (const { data } of await db.selectFrom('facts').select('data').where('type', '=', 'envelope.status').where('envelope', 'is', null).execute()) {
    const { remote } = JSON.parse(data) as { remote: string };
    known.set(remote, (known.get(remote) ?? 0) + 1);
  }
  return [
    ...told(
      'without a fact',
      [...acknowledged].filter((mark) => !known.has(mark)),
    ),
    ...told(
      'with two facts',
      [...known].filter(([, times]) => times > 1).map(([mark]) => mark),
    ),
  ];
}

/** One envelope a deal, everybody was told its end, and nobody twice. */
export function storyFaults(stories: Stories): Faults {
  const odd: Faults = [];
  for (const [deal, ending] of stories.deals) {
    const out = stories.remotes(deal).filter(({ sentAt }) => sentAt !== null);
    const drafts = stories.remotes(deal).filter(({ status }) => status === 'created');
    if (out.length !== 1) odd.push(`deal ${deal} has ${out.length} envelopes that went out`);
    if (drafts.length > 0) odd.push(`deal ${deal} has ${drafts.length} drafts that nobody takes care of`);
    if (stories.status(deal) !== ending) odd.push(`deal ${deal} says "${String(stories.status(deal))}" and should say "${ending}"`);
    const tasks = ending === 'declined' ? 1 : 0;
    if (stories.tasks(deal) !== tasks) odd.push(`deal ${deal} has ${stories.tasks(deal)} tasks and should have ${tasks}`);
  }
  return told('story', odd);
}

/** The database is whole, its ledgers hold, and no effect was settled twice. */
export async function databaseFaults(db: Db): Promise<Faults> {
  const faults: Faults = [];
  if (!isPostgres(db)) {
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db);
    if (rows[0]?.integrity_check !== 'ok') faults.push(`integrity: ${rows.map((row) => row.integrity_check).join('; ')}`);
  }
  for (const { id } of await listTenants(db))
    for (const ledger of LEDGERS) {
      const check = await verifyLedger(db, id, ledger);
      if (!check.ok) faults.push(`the ledger of ${ledger} does not hold: ${JSON.stringify(check)}`);
    }
  const twice = await db
    .selectFrom('receipts')
    .select('effect')
    .where('outcome', 'in', ['done', 'partly'])
    .groupBy('effect')
    .having(({ fn }) => fn.countAll(), '>', 1)
    .execute();
  return [
    ...faults,
    ...told(
      'effects settled twice',
      twice.map(({ effect }) => effect),
    ),
  ];
}

/** All of these books. */
export async function everyFault(db: Db, acknowledged: ReadonlySet<string>, stories: Stories): Promise<Faults> {
  return [...storyFaults(stories), ...(await eventFaults(db, acknowledged)), ...(await factFaults(db, acknowledged)), ...(await databaseFaults(db))];
}

/** What still waits, or stands aside for a person. */
export async function leftOver(db: Db): Promise<{ waiting: number; aside: number }> {
  const inbox = await db
    .selectFrom('inbox')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('state', 'in', ['ready', 'dead'])
    .groupBy('state')
    .execute();
  const outbox = await db
    .selectFrom('outbox')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('run_at', '<', Date.now() + 60_000)
    .where('state', 'in', ['ready', 'leased', 'parked', 'held'])
    .groupBy('state')
    .execute();
  const sum = (states: string[]) => [...inbox, ...outbox].filter(({ state }) => states.includes(state)).reduce((total, { count }) => total + Number(count), 0);
  return { waiting: sum(['ready', 'leased']), aside: sum(['dead', 'parked', 'held']) };
}

function told(what: string, which: readonly string[]): Faults {
  return which.length === 0 ? [] : [`${which.length} ${what}: ${which.slice(0, SHOWN).join(', ')}`];
}
