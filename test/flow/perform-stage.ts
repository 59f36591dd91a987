import { manualClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { seededRandom } from '#lib/random';
import { Secret } from '#lib/secret';
import { newId } from '#lib/ids';
import type { Effect, EffectData } from '#core/effect';
import type { EnvelopeId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import type { Crm, Journey, RecordWrite } from '#ports/crm';
import type { Manifest } from '#ports/manifest';
import type { Sign } from '#ports/sign';
import { createDesk } from '#flow/desk/create';
import type { Flow, Vendor } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createPerform } from '#flow/perform/perform';
import type { Db } from '#store/database';
import { putInstall, type Install } from '#store/installs';
import { LANE_LEASE_MS, type OutboxEffect } from '#store/outbox';
import type { TestDatabase } from '../store/databases.ts';
import { install, NOW, put, putAccount, putEnvelope, sealer, type Account, type Signer } from '../store/fixtures.ts';
import { manifest } from '../shared/server.ts';

const never = (): never => {
  throw new Error('Nothing here asks for that.');
};
export const notNow = () => new Problem('vendor.unavailable');
export const lostReply = () => new Problem('vendor.lost-reply');
/** Never comes to an end, as the work of a process that is killed. */
export const forever = () => new Promise<never>(() => undefined);

type Joined = Parameters<NonNullable<Journey['join']>>;
type Emitted = Parameters<NonNullable<Journey['emit']>>[1];
type Attached = Parameters<NonNullable<Crm['attach']>>[1];

/** Three vendors that note what they are asked, and do as the test says. */
function createVendors() {
  const asked = {
    emitted: [] as Emitted[],
    left: [] as { list: string; members: Joined[2] }[],
    joined: [] as { list: Joined[1]; members: Joined[2]; status: Joined[3] }[],
    attached: [] as Attached[],
    documents: [] as string[],
    written: [] as RecordWrite[][],
  };
  const does = {
    emit: async (_event: Emitted): Promise<{ id: string | null }> => ({ id: 'entry-1' }),
    join: async (): Promise<{ absent: string[] }> => ({ absent: [] }),
    leave: async (): Promise<void> => undefined,
    attach: async (): Promise<{ id: string }> => ({ id: 'file-1' }),
    document: async (): Promise<Uint8Array> => new TextEncoder().encode('%PDF the signed words of Ada'),
  };
  const journey: Journey = {
    join: (_call, list, members, status) => {
      asked.joined.push({ list, members, status });
      return does.join();
    },
    leave: (_call, list, members) => {
      asked.left.push({ list, members });
      return does.leave();
    },
    emit: (_call, event) => {
      asked.emitted.push(event);
      return does.emit(event);
    },
  };
  const crm: Crm = {
    ...{ prepare: never, describe: never, read: never, list: never, task: never, changes: never },
    write: async (_call, writes) => {
      asked.written.push([...writes]);
      return writes.map(({ set }) => ({ ok: true, written: Object.keys(set), left: [] }));
    },
    attach: (_call, file) => {
      asked.attached.push(file);
      return does.attach();
    },
  };
  const sign: Sign = {
    ...{ draft: never, send: never, find: never, void: never, remind: never, templates: never, read: never, changes: never },
    document: (_call, remote) => {
      asked.documents.push(remote);
      return does.document();
    },
  };
  return { asked, does, journey, crm, sign };
}

const auth: Connector['auth'] = { authorizeUrl: never, exchange: never, refresh: never, identify: never };
const app = { clientId: '', clientSecret: new Secret(''), redirectUri: '', authorizeUrl: '', tokenUrl: '', apiUrl: '', more: {} };
const vendorOf = (id: string, slots: Partial<Connector>, more: Partial<Manifest> = {}): [string, Vendor] => [
  id,
  { connector: { manifest: { ...manifest(), id, name: id, ...more }, auth, ...slots }, app, loginAt: () => null, appId: '', webhookSecrets: [] },
];

function flowOn(db: Db, vendors: Flow['vendors'], clock: Clock): Flow {
  const bind = (to: Install): Call => ({
    install: { id: to.id, account: to.account, baseUrl: to.base_url, environment: to.environment, details: {} },
    signal: new AbortController().signal,
    webhookUrl: '',
    request: never,
    through: never,
    budget: never,
    quota: never,
  });
  return {
    ...{
      db,
      clock,
      sealer,
      vendors,
      bind,
      log: createLog('silent'),
      metrics: createMetrics(),
      random: seededRandom(1),
      publicUrl: () => 'https://countersign.example.com',
      tokenHttp: never,
      outgoing: { check: never, post: never },
    },
    ...{ wake: { inbox: () => undefined, outbox: () => undefined, cursors: () => undefined, messages: () => undefined }, coalesceMs: 0, admission: 'open', shippedMapping: never },
  };
}

export interface StageOptions {
  journey?: Partial<Manifest['journey']>;
  /** Slots that a vendor lacks. */
  without?: ('emit' | 'join' | 'leave' | 'attach' | 'document')[];
}

/** A tenant with a CRM, an e-sign account and one that journeys are told through, and processes that serve their lanes when they are asked to. */
export async function openStage({ db, peers }: TestDatabase, { journey = {}, without = [] }: StageOptions = {}) {
  const account: Account = await putAccount(db);
  const clock = manualClock(NOW);
  const played = createVendors();
  if (without.includes('attach')) delete played.crm.attach;
  if (without.includes('document')) delete played.sign.document;
  if (without.includes('join')) delete played.journey.join;
  if (without.includes('emit')) delete played.journey.emit;
  if (without.includes('leave')) delete played.journey.leave;
  const vendors = new Map([
    vendorOf('a-crm', { crm: played.crm }),
    vendorOf('a-signer', { sign: played.sign }),
    vendorOf('a-journey', { journey: played.journey }, { journey: { person: 'contact', repeatable: true, ...journey } }),
  ]);
  const target = await db.transaction().execute((tx) => putInstall(tx, account.tenant, install({ vendor: 'a-journey' }), () => 'sealed', NOW));
  const processes = peers(2).map((peer) => createPerform(flowOn(peer, vendors, clock)));
  const flow = flowOn(db, vendors, clock);
  let ordinal = 0;

  /** Puts an effect into the outbox. */
  async function ask<Kind extends 'journey.emit' | 'journey.join' | 'journey.leave' | 'document.attach' | 'record.write'>(
    kind: Kind,
    data: EffectData[Kind],
    envelope: EnvelopeId | null,
  ): Promise<void> {
    const to = kind.startsWith('journey') ? target : account.crm;
    const effect = { kind, key: newId('cor'), install: to.id, data, priority: 5, notBefore: NOW, envelope, why: 'A test.' } as Effect;
    await put(db, account, ++ordinal, effect);
  }

  const effects = (): Promise<OutboxEffect[]> => db.selectFrom('outbox').selectAll().orderBy('ordinal').execute();
  return {
    ...{ db, account, clock, flow, target, effects, ask },
    ...played,
    desk: createDesk(flow),
    /** How each effect stands, with the code of its problem. */
    states: async () => (await effects()).map(({ state, error }) => (error === null ? state : `${state} ${(JSON.parse(error) as { code: string }).code}`)),
    /** Lets a process serve lanes until nothing is due. */
    async turn(process = 0) {
      while (await processes[process]?.());
    },
    /** Lets the clock pass every pause, and serves. */
    async later(process = 0) {
      clock.advance(3_600_000);
      while (await processes[process]?.());
    },
    /** A process takes the work up and dies before it comes to an end; its lease runs out. */
    async dies(begun: () => boolean) {
      void processes[0]?.();
      const end = Date.now() + 5000;
      while (!begun()) {
        if (Date.now() > end) throw new Error('The process took nothing up.');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      clock.advance(LANE_LEASE_MS + 1);
    },
    envelope: (signers: Signer[], remote: string | null = 'remote-1') => putEnvelope(db, account, signers, { remote, status: 'completed', template_name: 'Order form' }),
    receipts: () => db.selectFrom('receipts').selectAll().orderBy('seq').execute(),
    alarms: async () => (await db.selectFrom('alarms').select('code').execute()).map(({ code }) => code),
    installs: async () => Object.fromEntries((await db.selectFrom('installs').select(['vendor', 'state']).execute()).map(({ vendor, state }) => [vendor, state])),
  };
}
export type Stage = Awaited<ReturnType<typeof openStage>>;
