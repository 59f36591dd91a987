import { seededRandom } from '#lib/random';
import type { InstallId, TenantId } from '#core/ids';
import { GROUND, installByKey } from '#flow/install';
import { createTenant } from '#store/installs';
import { createChance } from './chance.ts';
import { CrmBook } from './crm.ts';
import { openDisk, type Disk } from './disk.ts';
import { createNetwork, type Weather } from './network.ts';
import { playPlatform } from './platform.ts';
import { createScheduler } from './scheduler.ts';
import { Server } from './server.ts';
import { SignBook } from './sign.ts';
import { vendorsOf } from './vendors.ts';

export const FAIR: Weather = { lost: 0, repeated: 0, late: 0, forged: 0, lostReply: 0, unavailable: 0, tooMany: 0, torn: 0, slow: 0, refused: 0 };

/** A tenant as every story finds it: connected, its ground read, nothing sent. */
export interface Tenant {
  id: TenantId;
  mark: string;
  crm: { account: string; install: InstallId };
  sign: { account: string; install: InstallId; hook: string };
}
export interface Base {
  disk: Disk;
  tenants: Tenant[];
  /** When stories begin. */
  start: number;
  /** Tokens given to each account so far, and until when the last is good. */
  grants: Map<string, { given: number; validUntil: number }>;
}

const START = 1_760_000_000_000;
/** What accounts have is read again long after: compiling mappings anew was a tenth of each story, and they never change there. */
const GROUND_AFTER_MS = 48 * 3_600_000;
const MARKS = ['ada', 'ben'];

/** Two tenants, connected by the product itself in fair weather. Made once for a process; each story begins from it. */
export async function openBase(): Promise<Base> {
  const random = seededRandom(1);
  const scheduler = createScheduler(START, random);
  const restore = playPlatform({ now: scheduler.now, random, after: (ms, run) => scheduler.after(ms, run) });
  try {
    const disk = await openDisk();
    const network = createNetwork({ scheduler, chance: createChance(1), weather: () => FAIR, watch: () => undefined });
    const crms = new Map(MARKS.map((mark) => [`crm-${mark}`, new CrmBook(`crm-${mark}`, mark, scheduler.now)]));
    const signs = new Map(MARKS.map((mark) => [`sign-${mark}`, new SignBook(`sign-${mark}`, scheduler.now)]));
    let connecting = '';
    const vendors = vendorsOf({ network, scheduler, crms, signs, connecting: () => connecting, sender: { send: () => undefined } });
    const addressOf = () => ({ vendor: '', hook: null });
    const server = new Server({ machine: { name: 'first', skewMs: 0 }, seed: 1, disk, scheduler, vendors, addressOf, pauseMs: 0, tell: () => undefined, turned: failLoudly });
    const tenants: Tenant[] = [];
    const connect = async () => {
      for (const mark of MARKS) {
        const id = await createTenant(server.flow.db, `Tenant ${mark}`, scheduler.now());
        connecting = `crm-${mark}`;
        const crm = await installByKey(server.flow, 'book-crm', id, 'setup');
        connecting = `sign-${mark}`;
        const sign = await installByKey(server.flow, 'book-sign', id, 'setup');
        tenants.push({ id, mark, crm: { account: crm.account, install: crm.id }, sign: { account: sign.account, install: sign.id, hook: sign.hook } });
      }
      server.start();
    };
    scheduler.after(0, () => void connect(), server);
    await scheduler.run(START + 60_000);
    server.die();
    if (tenants.length < MARKS.length) throw new Error('The tenants of the stories could not be connected.');
    await disk.query('update cursors set next_at = ? where name = ?', scheduler.now() + GROUND_AFTER_MS, GROUND);
    const grants = new Map([...crms, ...signs].map(([name, { given, validUntil }]) => [name, { given, validUntil }]));
    return { disk, tenants, start: scheduler.now(), grants };
  } finally {
    restore();
  }
}

function failLoudly(_verb: string, error: unknown): void {
  if (error) throw new Error('The stories could not be set up.', { cause: error });
}
