import type { RecordWrite } from '#ports/crm';
import type { Base } from './base.ts';
import type { CrmBook } from './crm.ts';
import * as invariants from './invariants.ts';
import type { Asked } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { Server } from './server.ts';
import type { SignBook } from './sign.ts';

export interface Violation {
  invariant: string;
  say: string;
  at: number;
}

/** Watches what reaches vendors, at the moment at which it does, and notes what may never be. */
export interface Referee {
  violations: Violation[];
  accuse(invariant: string, say: string | null): void;
  called(asked: Asked, server: Server | null): void;
  wrote(book: CrmBook, write: RecordWrite, landed: string[]): void;
  reached(book: CrmBook, contact: string, what: { list?: string; event?: string }): void;
  polled(book: SignBook, remote: string): void;
  turned(verb: string, error: unknown): Promise<void>;
  /** How far each tenant's ledger of consents had come, and when that was seen. */
  consents: invariants.Seen[];
}

export function createReferee(base: Base, scheduler: Scheduler, tell: (line: string) => void): Referee {
  const { disk } = base;
  const violations: Violation[] = [];
  const written: invariants.Written = new Map();
  const consents: invariants.Seen[] = [];
  const accuse = (invariant: string, say: string | null) => {
    if (say === null) return;
    tell(`BROKEN ${invariant}: ${say}`);
    violations.push({ invariant, say, at: scheduler.now() });
  };
  const tenantOf = (account: string) => base.tenants.find(({ crm, sign }) => crm.account === account || sign.account === account);

  return {
    violations,
    consents,
    accuse,
    called(asked, server) {
      tell(`${server?.name ?? 'somebody'} asks ${asked.place.name} to ${asked.name}`);
      const tenant = tenantOf(asked.place.name);
      if (!tenant) return accuse('noForeignBytes', `A call to ${asked.place.name}, which nobody here knows.`);
      void invariants.noForeignBytes(disk, base.tenants, tenant, asked).then((say) => accuse('noForeignBytes', say));
    },
    wrote(book, write, landed) {
      const tenant = tenantOf(book.name);
      if (tenant) void invariants.noOlderWrite(disk, tenant, written, write, landed).then((say) => accuse('noOlderWrite', say));
    },
    reached(book, contact, what) {
      tell(`${book.name}: ${contact} is reached by ${what.list ?? what.event ?? ''}`);
      const tenant = tenantOf(book.name);
      if (tenant) void invariants.noJourneyWithoutConsent(disk, tenant, consents, scheduler.now(), contact, what).then((say) => accuse('noJourneyWithoutConsent', say));
    },
    polled: () => undefined,
    async turned(verb, error) {
      if (error) accuse('noTurnFails', `${verb}: ${error instanceof Error ? (error.stack ?? error.message) : 'something was thrown'}`);
      if (verb === 'advance') await invariants.noteConsents(disk, consents, scheduler.now());
    },
  };
}
