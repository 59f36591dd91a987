import { createDesk } from '#flow/desk/create';
import { installByKey } from '#flow/install';
import type { EffectId, EnvelopeId } from '#core/ids';
import { reviveEffect } from '#store/outbox';
import type { Tenant } from './base.ts';
import { moveDeal } from './crm.ts';
import type { Happening } from './plan.ts';
import type { Server } from './server.ts';
import { act, type BookedEnvelope } from './sign.ts';
import type { Stage } from './story.ts';

/** As often a person looks whether an account has to be connected again, milliseconds. */
const LOOKS_EVERY_MS = 20 * 60_000;

/** Lets one thing happen. */
export function happen(stage: Stage, happening: Happening): void {
  const { scheduler, machines, network, tell } = stage;
  if (happening.do === 'crash') return crash(stage, happening);
  if (happening.do === 'jump') {
    const machine = machines[happening.machine];
    // No clock is off by more than ten minutes.
    if (machine) machine.skewMs = Math.max(-600_000, Math.min(600_000, machine.skewMs + happening.ms));
    network.hit('jump');
    return tell(`the clock of ${machine?.name ?? ''} jumps to ${machine?.skewMs ?? 0} ms off`);
  }
  const tenant = stage.tenants[happening.tenant];
  if (!tenant) return;
  const crm = stage.crms.get(tenant.crm.account);
  const sign = stage.signs.get(tenant.sign.account);
  if (!crm || !sign) return;
  const now = scheduler.now();
  switch (happening.do) {
    case 'move':
      if (moveDeal(crm, stage.send, happening.deal, happening.stage, now)) tell(`${crm.name}: ${happening.deal} enters "${happening.stage}"`);
      return;
    case 'ask':
      stage.asked.set(`${tenant.mark}|${happening.deal}`, (stage.asked.get(`${tenant.mark}|${happening.deal}`) ?? 0) + 1);
      return byHand(stage, `asks for ${happening.deal} of ${tenant.mark}`, (server) =>
        createDesk(server.flow).send(tenant.id, happening.deal, { key: happening.key, by: `a person of ${tenant.mark}` }, 'book-crm'),
      );
    case 'void':
      return byHand(stage, `voids what is out for ${happening.deal} of ${tenant.mark}`, (server) => voidAll(stage, server, tenant, happening.deal));
    case 'grant':
    case 'withdraw':
      tell(`${crm.name}: ${happening.contact} says ${happening.do}`);
      return stage.send.send(crm, 'consent.changed', { contact: happening.contact, status: happening.do === 'grant' ? 'granted' : 'withdrawn' }, now);
    case 'outage':
    case 'storm':
    case 'clog': {
      const book = happening.side === 'crm' ? crm : sign;
      book.plight = { kind: happening.do, until: now + happening.ms };
      return tell(`${book.name}: ${happening.do} for ${Math.round(happening.ms / 1000)} s`);
    }
    case 'revoke': {
      const book = happening.side === 'crm' ? crm : sign;
      book.revoked = true;
      network.hit('revoked');
      return tell(`${book.name}: the permission is withdrawn`);
    }
    case 'view':
    case 'sign':
    case 'decline':
    case 'expire':
    case 'bounce': {
      const envelope = sign.envelopes.findLast((one: BookedEnvelope) => one.deal === happening.deal && one.status !== 'draft');
      if (envelope && act(sign, stage.send, envelope, happening.do, now)) tell(`${sign.name}: ${envelope.remote} of ${happening.deal}: ${happening.do}, so ${envelope.status}`);
    }
  }
}

/** A process dies so many steps from now, or where it does nothing, as it stands; another one begins in its place after a while. */
function crash({ servers, scheduler, network, start }: Stage, { machine, steps, downMs }: Extract<Happening, { do: 'crash' }>): void {
  const server = servers[machine];
  if (!server?.alive || server.stepsLeft !== null) return;
  network.hit('crash');
  server.stepsLeft = steps;
  const WITHIN_MS = 30_000;
  scheduler.after(WITHIN_MS, () => server.die(), null);
  scheduler.after(WITHIN_MS + downMs, () => start(machine), null);
}

/** Whatever a person does, at a server that is up. What fails is seen, and done again later. */
export function byHand(stage: Stage, what: string, run: (server: Server) => Promise<unknown>): void {
  const { scheduler, servers, tell } = stage;
  const again = () => void scheduler.after(60_000, () => byHand(stage, what, run), null);
  const server = servers.find(({ alive }) => alive);
  if (!server) return again();
  tell(`a person ${what}`);
  let done = false;
  scheduler.after(
    0,
    () =>
      void run(server).then(
        () => (done = true),
        (error: unknown) => {
          done = true;
          tell(`a person is refused: ${error instanceof Error ? error.message : ''}`);
        },
      ),
    server,
  );
  // A process that died meanwhile never answers.
  scheduler.after(60_000, () => (done ? undefined : again()), null);
}

async function voidAll(stage: Stage, { flow }: Server, tenant: Tenant, deal: string): Promise<void> {
  const open = await stage.base.disk.query<{ id: EnvelopeId }>(
    "select id from envelopes where tenant = ? and deal = ? and status in ('requested', 'sent', 'viewed', 'partially_signed') order by id",
    ...[tenant.id, deal],
  );
  for (const { id } of open) await createDesk(flow).void(tenant.id, id, 'Nobody wants it any more.', 'a person');
}

/** Somebody looks after the accounts: what has lost its permission is connected again, and dead letters are let run again. */
export async function lookAfter(stage: Stage, again = true): Promise<void> {
  const { base, scheduler } = stage;
  const lost = await base.disk.query<{ account: string; vendor: string; tenant: Tenant['id'] }>(
    "select account, vendor, tenant from installs where state = 'reauthorize' order by account",
  );
  for (const { account, vendor, tenant } of lost)
    byHand(stage, `connects ${account} again`, (server) => {
      stage.connect(account);
      return installByKey(server.flow, vendor, tenant, 'a person');
    });
  if (again) await reviveAll(stage);
  if (again) scheduler.after(LOOKS_EVERY_MS, () => void lookAfter(stage), null);
}

/** Somebody goes through the dead letters, and lets all of them run again. */
export async function reviveAll(stage: Stage): Promise<number> {
  const parked = await stage.base.disk.query<{ id: EffectId; tenant: Tenant['id']; kind: string; error: string | null }>(
    "select id, tenant, kind, error from outbox where state = 'parked' order by id",
  );
  for (const { id, tenant, kind, error } of parked) {
    stage.tell(`a person replays ${kind}, parked for ${error === null ? 'nothing' : (JSON.parse(error) as { code: string }).code}`);
    byHand(stage, 'replays a dead letter', (server) =>
      reviveEffect(server.flow.db, tenant, id, { state: 'ready' }, server.flow.clock.now()).then(() => server.kick('perform', 10)),
    );
  }
  return parked.length;
}
