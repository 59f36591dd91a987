import { connect, type Socket } from 'node:net';
import { newToken } from '#lib/ids';
import { createSealer } from '#lib/seal';
import { PRIORITY, type Effect } from '#core/effect';
import { person } from '#connectors/hubspot/sandbox/account';
import { openDatabase, type Db } from '#store/database';
import { createTenant, putInstall, type Install } from '#store/installs';
import { putEffects } from '#store/outbox';
import { KEY } from '../bench/seed.ts';
import { atMost, median, shown, type Figure } from '../bench/figures.ts';
import { eventFaults, type Faults } from './books.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { startSender } from './sender.ts';
import { onStage, SANDBOX_KEY, type Stage } from './stage.ts';

const SLOW_MS = 30_000;
/** More than a process serves at once, so that the slow ones could take all of it. */
const SLOW_TENANTS = 12;
const SAMPLES = 8;
const HALF_OPEN = 300;
const HANG_UP_MS = 75_000;
const BOUND = 2;
const someone = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });

/** Vendors that answer after 30 s or never, and clients that begin a request and say no more: whoever is not concerned does not notice. */
export const slow: Fault = async ({ say }) => {
  const slowTokens = new Set<string>();
  const state = { mode: 'well' as 'well' | 'slow' | 'silent', calls: 0 };
  const through = async (request: Request, land: () => Promise<Response>): Promise<Response> => {
    const token = request.headers.get('authorization')?.slice('Bearer '.length) ?? '';
    if (state.mode === 'well' || !slowTokens.has(token)) return land();
    state.calls += 1;
    await new Promise((resolve) => setTimeout(resolve, state.mode === 'slow' ? SLOW_MS : 10 * SLOW_MS).unref());
    return land();
  };
  return onStage({ engine: 'sqlite', front: { through }, environment: { LOG_LEVEL: 'fatal' } }, async (stage) => {
    const db = openDatabase(stage.database);
    const figures: Figure[] = [];
    const faults: Faults = [];
    try {
      const quiet = await addTenant(stage, db, 'Quiet');
      const noisy = await Promise.all(Array.from({ length: SLOW_TENANTS }, (_, place) => addTenant(stage, db, `Slow ${place}`)));
      for (const { token } of noisy) slowTokens.add(token);
      const alone = await median3(() => written(stage, db, quiet.install));
      figures.push(shown('a quiet tenant, from effect to CRM, alone', alone, 'ms'));
      for (const mode of ['slow', 'silent'] as const) {
        for (const count of [1, SLOW_TENANTS]) {
          state.mode = mode;
          for (const { install } of noisy.slice(0, count)) await ask(stage, db, install);
          await new Promise((resolve) => setTimeout(resolve, 2_500));
          const beside = await median3(() => written(stage, db, quiet.install));
          const what = mode === 'slow' ? `whose CRM answers after ${SLOW_MS / 1000} s` : 'whose CRM never answers';
          figures.push(atMost(`the same beside ${count} ${what}`, beside / alone, 'x', BOUND));
          say(`${count} ${mode}: ${Math.round(beside)} ms beside, ${Math.round(alone)} ms alone`);
        }
      }
      state.mode = 'well';
      figures.push(...(await halfOpen(stage, faults)));
    } finally {
      await db.destroy();
    }
    return { figures, faults };
  });
};

/** Another customer, whose account lies in the same sandbox under a token of its own. */
async function addTenant(stage: Stage, db: Db, name: string): Promise<{ install: Install; token: string }> {
  const now = Date.now();
  const token = newToken(24);
  stage.front.sandbox.hubspot.world().tokens[token] = now + 86_400_000;
  const tenant = await createTenant(db, name, now);
  const { base_url: baseUrl } = stage.seeded.crm;
  const tokens = JSON.stringify({ accessToken: token, refreshToken: token, expiresAt: now + 86_400_000, scopes: [] });
  const account = { vendor: 'hubspot', account: newToken(6), name, baseUrl, environment: 'test' as const, details: '{}', scopes: [], expiresAt: now + 86_400_000 };
  const seal = (id: string) => createSealer(KEY).seal(tokens, `${tenant}|installs|tokens|${id}`);
  return { install: await db.transaction().execute((tx) => putInstall(tx, tenant, account, seal, now)), token };
}

/** Puts one write to a new deal into an account's lane. */
async function ask(stage: Stage, db: Db, install: Install): Promise<string> {
  const deal = stage.front.sandbox.hubspot.account.create('deals', { dealname: 'Slow', dealstage: 'proposal', pipeline: 'default' }, someone).id;
  const data = { record: { type: 'deal' as const, id: deal }, set: { esign_status: 'sent' } };
  const effect: Effect = { kind: 'record.write', key: `slow|${deal}`, install: install.id, data, priority: PRIORITY.event, notBefore: 0, envelope: null, why: 'A try.' };
  await db.transaction().execute((tx) => putEffects(tx, install.tenant, [effect], { ordinal: 1, correlation: 'cor_slow' }, Date.now()));
  return deal;
}

/** Milliseconds until a write has reached the CRM. The product hears of it when it next looks, for it did not write the effect itself. */
async function written(stage: Stage, db: Db, install: Install): Promise<number> {
  const deal = await ask(stage, db, install);
  const begun = performance.now();
  await stage.until('the write of a quiet tenant', () => stage.front.sandbox.hubspot.deal(deal)?.properties['esign_status'] === 'sent', 120_000);
  return performance.now() - begun;
}

async function median3(sample: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let time = 0; time < SAMPLES; time++) all.push(await sample());
  return median(all);
}

/** Clients that send half a request and vanish, others that do not wait for the answer, beside senders that go on. */
async function halfOpen(stage: Stage, faults: Faults): Promise<Figure[]> {
  const next = strangers(stage.seeded, SANDBOX_KEY);
  const port = stage.anyPort();
  const open = new Set<Socket>();
  for (let made = 0; made < HALF_OPEN; made++) {
    const text = next().request();
    const socket = connect(port, '127.0.0.1', () => socket.write(text.slice(0, made % 2 === 0 ? 40 : text.length - 100)));
    open.add(socket.on('error', () => undefined).on('close', () => open.delete(socket)));
    socket.resume();
  }
  const begun = performance.now();
  const impatient = new Set<string>();
  for (let made = 0; made < SAMPLES; made++) {
    const { mark, request } = next();
    impatient.add(mark);
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(request(), 'latin1', resolve));
      socket.on('error', () => undefined).resume();
    });
  }
  const sender = startSender({ to: () => port, connections: 4, paceMs: 50, next });
  await stage
    .until('half-open connections to be closed', () => open.size === 0, HANG_UP_MS)
    .catch(() => faults.push(`${open.size} half-open connections are still open after ${HANG_UP_MS} ms`));
  const closedMs = performance.now() - begun;
  const left = await sender.finish(10_000);
  faults.push(...left.map((mark) => `never answered: ${mark}`), ...(await stage.look((db) => eventFaults(db, new Set([...sender.acknowledged, ...impatient])))));
  return [shown(`until ${HALF_OPEN} half-open connections were closed`, closedMs / 1000, 's'), atMost('slowest answer beside them', sender.slowestMs(), 'ms', 4000)];
}
