import { PRIORITY, type Effect } from '#core/effect';
import { person } from '#connectors/hubspot/sandbox/account';
import { chunk } from '#lib/group';
import { openDatabase, type Db } from '#store/database';
import { putNotices } from '#store/inbox';
import { putEffects } from '#store/outbox';
import type { Fact } from '#core/fact';
import { freshRemote } from '../bench/events.ts';
import { atMost, shown } from '../bench/figures.ts';
import { databaseFaults } from './books.ts';
import type { Fault } from './fault.ts';
import { onStage, type Stage } from './stage.ts';

const A_TRANSACTION = 1_000;
/** So several writes to one deal merge. */
const WRITES_A_DEAL = 5;
const INTO_WORK_MS = 1_500;
const someone = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });

/** A process is killed with SIGKILL while `rounds` effects and as many notices wait, in the middle of its turns. How long until the next one is ready, and until it goes on. */
export const recovery: Fault = ({ rounds: count, engine, say }) =>
  onStage({ engine, environment: { LOG_LEVEL: 'fatal' } }, async (stage) => {
    const { front, seeded } = stage;
    await stage.processes[0]?.kill();
    const db = openDatabase(stage.database);
    const deals = Array.from(
      { length: Math.ceil(count / WRITES_A_DEAL) },
      (_, place) => front.sandbox.hubspot.account.create('deals', { dealname: `Deal ${place}`, dealstage: 'proposal', pipeline: 'default' }, someone).id,
    );
    await fill(db, stage, deals, count);
    await db.destroy();
    say(`${count} effects and ${count} notices wait`);

    const first = stage.start(0);
    await first.ready;
    await calls(stage);
    await new Promise((resolve) => setTimeout(resolve, INTO_WORK_MS));
    await first.kill();
    const leased = await stage.look(
      async (some) => (await some.selectFrom('outbox').select('id').where('tenant', '=', seeded.tenant).where('state', '=', 'leased').execute()).length,
    );
    say(`killed with ${leased} effects in hand`);

    front.calls.length = 0;
    const begun = performance.now();
    const second = stage.start(0);
    const readyMs = await second.ready;
    const before = await stage.look(facts);
    await calls(stage);
    const effectMs = performance.now() - begun;
    await stage.until('the next fact', async () => (await stage.look(facts)) > before);
    const noticeMs = performance.now() - begun;
    await second.kill();
    return {
      faults: await stage.look(databaseFaults),
      figures: [
        shown('effects that waited', count, 'effects'),
        shown('in hand at the kill', leased, 'effects'),
        atMost('from the start to ready', readyMs, 'ms', 5_000),
        atMost('from the start to the first effect', effectMs, 'ms', engine === 'sqlite' ? 10_000 : 90_000),
        atMost('from the start to the first notice', noticeMs, 'ms', 15_000),
      ],
    };
  });

const facts = async (db: Db): Promise<number> =>
  (
    await db
      .selectFrom('facts')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
  ).count;
const calls = (stage: Stage): Promise<void> => stage.until('a call to the CRM', () => stage.front.calls.some(({ what }) => what.includes('deals/batch/update')));

/** Writes to deals, and what strangers' envelopes became. */
async function fill(db: Db, { seeded: { tenant, crm, sign } }: Stage, deals: readonly string[], count: number): Promise<void> {
  const now = Date.now();
  const places = Array.from({ length: count }, (_, place) => place);
  for (const some of chunk(places, A_TRANSACTION)) {
    const effects = some.map((place): Effect => {
      const data = { record: { type: 'deal' as const, id: deals[place % deals.length] ?? '' }, set: { esign_reason: `Try ${place}` } };
      return { kind: 'record.write', key: `recovery|${place}`, install: crm.id, data, priority: PRIORITY.event, notBefore: now, envelope: null, why: 'A try.' };
    });
    const notices = some.map((place) => {
      const told: Fact[] = [{ type: 'envelope.status', at: now, data: { remote: freshRemote(), envelope: null, status: 'sent', seenBy: 'call', recipients: [] } }];
      return { install: sign.id, vendor: 'countersign', key: `recovery|${place}`, kind: 'envelope.create', at: now, payload: JSON.stringify(told) };
    });
    await db.transaction().execute(async (tx) => {
      await putEffects(tx, tenant, effects, { ordinal: some[0] ?? 0, correlation: 'cor_recovery' }, now);
      await putNotices(tx, tenant, notices, now);
    });
  }
}
