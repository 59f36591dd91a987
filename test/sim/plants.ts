import { CompiledQuery } from 'kysely';
import type { Connector } from '#ports/connector';
import type { Sign } from '#ports/sign';
import type { Crm, Journey } from '#ports/crm';
import type { Flow, Vendor } from '#flow/flow';
import type { Db } from '#store/database';
import { FAIR } from './base.ts';
import { planOf, type Happening, type Plan } from './plan.ts';
import type { ServerOptions } from './server.ts';

/** A bug put into the product on purpose, from outside: what a mistake in that place would look like to everybody else. */
export interface Plant {
  /** What is wrong. */
  say: string;
  /** Which invariants may find it. */
  foundBy: readonly string[];
  /** A story that leads there, where chance seldom does: 50 seeds told none. */
  plan?: (seed: number) => Plan;
  server?: Pick<ServerOptions, 'answer' | 'meddle' | 'hearing'>;
  vendors?: (vendors: Flow['vendors']) => Flow['vendors'];
}

/** Changes what a statement answers. */
const answering = (pattern: RegExp, change: (rows: Row[]) => unknown[]): Pick<ServerOptions, 'answer'> => ({
  answer: (sql, rows) => (pattern.test(sql) ? change(rows as Row[]) : rows),
});
type Row = Record<string, unknown>;

function withConnector(vendors: Flow['vendors'], id: string, change: (connector: Connector) => Connector): Flow['vendors'] {
  const changed = new Map(vendors);
  const vendor = vendors.get(id);
  if (vendor) changed.set(id, { ...vendor, connector: change(vendor.connector) } satisfies Vendor);
  return changed;
}
const withSign = (vendors: Flow['vendors'], change: (sign: Sign) => Partial<Sign>) =>
  withConnector(vendors, 'book-sign', (connector) => (connector.sign ? { ...connector, sign: { ...connector.sign, ...change(connector.sign) } } : connector));
const withCrm = (vendors: Flow['vendors'], change: (crm: Crm) => Partial<Crm>) =>
  withConnector(vendors, 'book-crm', (connector) => (connector.crm ? { ...connector, crm: { ...connector.crm, ...change(connector.crm) } } : connector));

const joinAndTell =
  (journey: Journey): NonNullable<Journey['join']> =>
  async (call, list, members, status) => {
    for (const member of members) await journey.emit?.(call, { name: 'looked', member, data: {}, key: `${list}|${member.contact}` });
    return (await journey.join?.(call, list, members, status)) ?? { absent: [] };
  };

const told = (seed: number, happenings: Happening[]): Plan => ({ ...planOf(seed, 0), happenings, weather: FAIR, pauseMs: 0 });

/** Does something to the database, past the product, whenever effects were written. */
const onWake =
  (change: (db: Db) => Promise<unknown>) =>
  (flow: Flow): Flow => ({
    ...flow,
    wake: {
      ...flow.wake,
      outbox() {
        void change(flow.db);
        flow.wake.outbox();
      },
    },
  });

export const PLANTS: Record<string, Plant> = {
  'answers-before-storing': {
    say: 'A webhook is answered before it is stored, so a process that dies meanwhile takes it along.',
    foundBy: ['deliveriesHaveFacts'],
    server: {
      hearing: (receive) => async (vendor, hook, delivery) => {
        receive(vendor, hook, delivery).catch(() => undefined);
        return { status: 200, body: 'ok', type: 'text/plain' };
      },
    },
  },
  'forgets-what-it-knows': {
    say: 'A webhook is known by when it came and not by its own key, so one that comes twice is two.',
    foundBy: ['deliveriesHaveFacts'],
    server: {
      hearing: (receive) => (vendor, hook, delivery) => {
        const again = JSON.parse(Buffer.from(delivery.body).toString()) as { key: string }[];
        const body = Buffer.from(JSON.stringify(again.map((event) => ({ ...event, key: `${event.key}|${Date.now()}` }))));
        return receive(vendor, hook, { ...delivery, body });
      },
    },
  },
  'turns-a-deaf-ear': {
    say: 'What a provider tells is taken to mean nothing.',
    foundBy: ['providerAgrees', 'crmAgrees'],
    vendors: (vendors) => withConnector(vendors, 'book-sign', ({ inbound, ...rest }) => (inbound ? { ...rest, inbound: { ...inbound, decode: () => [] } } : rest)),
  },
  'makes-anew-after-silence': {
    say: 'After a lost reply nobody looks whether the envelope was made.',
    foundBy: ['oneEnvelopeAnIntent', 'providerAgrees'],
    vendors: (vendors) => withSign(vendors, () => ({ find: async () => null })),
  },
  'writes-what-was': {
    say: 'A write that is tried again does not ask whether a later one was written meanwhile.',
    foundBy: ['noOlderWrite', 'crmAgrees'],
    server: answering(/^select "data" from "outbox" where "tenant" = \? and "record" = \? and "ordinal" > \?/, () => []),
  },
  'forgets-objections': {
    say: 'Withdrawals are left out when it is asked what a person agreed to.',
    foundBy: ['noJourneyWithoutConsent'],
    plan: (seed) =>
      told(seed, [
        { at: 0, do: 'move', tenant: 0, deal: 'deal-1', stage: 'contract' },
        { at: 120_000, do: 'withdraw', tenant: 0, contact: 'contact-1' },
        { at: 900_000, do: 'view', tenant: 0, deal: 'deal-1' },
      ]),
    server: answering(/^select \* from "consents"/, (rows) => rows.filter(({ status }) => status !== 'withdrawn')),
  },
  'reaches-whoever-it-likes': {
    say: 'An event goes out that nobody was asked about.',
    foundBy: ['noJourneyWithoutConsent'],
    vendors: (vendors) => withConnector(vendors, 'book-crm', ({ journey, ...rest }) => (journey ? { ...rest, journey: { ...journey, join: joinAndTell(journey) } } : rest)),
  },
  'mixes-tenants-up': {
    say: 'Now and then a call is bound to an account of another tenant.',
    foundBy: ['noForeignBytes'],
    server: {
      meddle(flow) {
        let last: Parameters<Flow['bind']>[0] | null = null;
        return {
          ...flow,
          bind(install, ...rest) {
            const other = last && last.vendor === install.vendor && last.tenant !== install.tenant ? last : install;
            last = install;
            return flow.bind(other, ...rest);
          },
        };
      },
    },
  },
  'looks-no-further': {
    say: 'Reconciliation asks, and does nothing with the answer.',
    foundBy: ['providerAgrees', 'crmAgrees'],
    vendors: (vendors) =>
      withSign(
        withCrm(vendors, (crm) => ({ changes: async (...ask) => ({ ...(await crm.changes(...ask)), notices: [] }) })),
        (sign) => ({
          changes: async (...ask) => ({ ...(await sign.changes(...ask)), notices: [] }),
        }),
      ),
  },
  'sets-aside-quietly': {
    say: 'Some effects are set aside, and nobody is told.',
    foundBy: ['nothingIsLeft'],
    server: { meddle: onWake((db) => db.updateTable('outbox').set({ state: 'held' }).where('state', '=', 'ready').where('kind', '=', 'journey.join').execute()) },
  },
  'breaks-down': {
    say: 'Looking for waiting work fails where nothing waits.',
    foundBy: ['noTurnFails'],
    server: answering(/^select "run_at" from "inbox"/, (rows) => {
      if (rows.length === 0) throw new Error('There is no first row.');
      return rows;
    }),
  },
  'moves-by-itself': {
    say: 'Envelopes that are out are taken for completed without anybody having said so.',
    foundBy: ['statesFollowFromFacts'],
    server: { meddle: onWake((db) => db.updateTable('envelopes').set({ status: 'completed' }).where('status', '=', 'sent').execute()) },
  },
  'acts-unasked': {
    say: 'Effects lose the place of the fact that caused them.',
    foundBy: ['effectsFollowFromFacts'],
    server: { meddle: onWake((db) => db.updateTable('outbox').set({ ordinal: 9_999_000 }).where('state', '=', 'done').execute()) },
  },
  'tidies-the-ledger': {
    say: 'A sentence in the ledger is put better afterwards, behind the back of the guard that refuses it.',
    foundBy: ['ledgersUnchanged'],
    server: {
      meddle: onWake(async (db) => {
        const guards = await db.executeQuery<{ name: string }>(CompiledQuery.raw("select name from sqlite_master where type = 'trigger' and tbl_name = 'facts'"));
        for (const { name } of guards.rows) await db.executeQuery(CompiledQuery.raw(`drop trigger "${name}"`));
        await db.updateTable('facts').set({ why: 'Somebody had a better idea.' }).where('seq', '=', 1).execute();
      }),
    },
  },
};
