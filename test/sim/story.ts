import { createHash } from 'node:crypto';
import { seededRandom } from '#lib/random';
import type { RuleBook } from '#flow/rule-book';
import { FAIR, type Base, type Tenant } from './base.ts';
import { createChance } from './chance.ts';
import { CrmBook } from './crm.ts';
import { createSender, type Accepted } from './hooks.ts';
import type { Flow } from '#flow/flow';
import { createNetwork, type Network } from './network.ts';
import type { Plan } from './plan.ts';
import type { Plant } from './plants.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { Server, type Machine } from './server.ts';
import { SignBook } from './sign.ts';
import { createReferee, type Referee } from './referee.ts';
import { vendorsOf } from './vendors.ts';

/** Everything that there is while a story is told. */
export interface Stage {
  base: Base;
  plan: Plan;
  tenants: readonly Tenant[];
  scheduler: Scheduler;
  network: Network;
  crms: Map<string, CrmBook>;
  signs: Map<string, SignBook>;
  accepted: Accepted;
  send: ReturnType<typeof createSender>;
  referee: Referee;
  /** One process for each machine; dead ones too. */
  servers: Server[];
  machines: Machine[];
  /** Begins a process on a machine, in the place of the one before. */
  start(machine: number): void;
  /** Which account a person is about to connect. */
  connect(account: string): void;
  /** Requests that people made, by deal. */
  asked: Map<string, number>;
  /** What happened, in order: its hash is the story's. */
  tell(line: string): void;
  lines: string[];
  hash(): string;
  /** From then on nothing goes wrong any more. */
  calm(): void;
}

const MACHINES = 2;
/** Lines of a story that are kept for whoever reads it; all of them are in its hash. */
const KEPT_LINES = 4_000;

/** Sets the stage: two machines, the vendors' books as the base left them, the seed's weather. */
export function openStage(base: Base, plan: Plan, rules: RuleBook, plant: Plant | null): Stage {
  const chance = createChance(plan.seed);
  const random = seededRandom(plan.seed);
  const scheduler = createScheduler(base.start, random);
  let weather = plan.weather;
  const hash = createHash('sha256');
  const lines: string[] = [];
  const tell = (line: string) => {
    const said = `${sayTime(scheduler.now() - base.start)}  ${line}`;
    hash.update(said).update('\n');
    if (lines.length < KEPT_LINES) lines.push(said);
  };
  const crms = new Map(base.tenants.map(({ crm, mark }) => [crm.account, granted(base, new CrmBook(crm.account, mark, scheduler.now))]));
  const signs = new Map(base.tenants.map(({ sign }) => [sign.account, granted(base, new SignBook(sign.account, scheduler.now))]));
  const referee = createReferee(base, scheduler, tell);
  const network = createNetwork({ scheduler, chance, weather: () => weather, watch: (asked, owner) => referee.called(asked, owner as Server | null) });
  const servers: Server[] = [];
  const send = createSender({ scheduler, chance, network, weather: () => weather, servers: () => servers });
  let connecting = '';
  const played = vendorsOf({ network, scheduler, crms, signs, connecting: () => connecting, sender: send, watch: referee, polled: referee.polled });
  const vendors: Flow['vendors'] = plant?.vendors ? plant.vendors(played) : played;
  const machines = Array.from({ length: MACHINES }, (_, n): Machine => ({ name: `process ${n + 1}`, skewMs: 0 }));
  const addressOf = (account: string) => {
    const tenant = base.tenants.find(({ sign }) => sign.account === account);
    return tenant ? { vendor: 'book-sign', hook: tenant.sign.hook } : { vendor: 'book-crm', hook: null };
  };
  let started = 0;

  const stage: Stage = {
    ...{ base, plan, tenants: base.tenants, scheduler, network, crms, signs, accepted: send.accepted, send, referee, servers, machines, asked: new Map(), tell, lines },
    hash: () => hash.copy().digest('hex'),
    calm() {
      weather = FAIR;
    },
    connect(account) {
      connecting = account;
    },
    start(n) {
      const machine = machines[n];
      if (!machine) throw new Error('There is no such machine.');
      const turned: ConstructorParameters<typeof Server>[0]['turned'] = (verb, error) => void referee.turned(verb, error);
      const server = new Server({
        ...{ machine, seed: plan.seed * 1000 + started++, disk: base.disk, scheduler, vendors, addressOf, rules, pauseMs: plan.pauseMs, tell, turned },
        ...(plant?.server ?? {}),
      });
      servers[n] = server;
      server.start();
    },
  };
  return stage;
}

function granted<Book extends CrmBook | SignBook>(base: Base, book: Book): Book {
  return Object.assign(book, base.grants.get(book.name));
}

export function sayTime(ms: number): string {
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms / 1000) % 60];
  return `${hours}:${String(minutes).padStart(2, '0')}:${seconds.toFixed(3).padStart(6, '0')}`;
}
