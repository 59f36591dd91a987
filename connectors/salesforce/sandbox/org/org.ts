import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock';
import type { Random } from '#lib/random';
import type { ChangeEvent, ChangeEventLog, ChangeType } from '../change-events.ts';
import { fieldOf } from './definitions.ts';
import type { Change } from './journal.ts';
import type { Value } from './metadata.ts';
import { momentOf } from './moments.ts';
import { schemaOf, type Access, type Schema } from './schema.ts';
import type { OrgState, Row } from './state.ts';
import { createStore, type Store } from './store.ts';
import { openTransaction, type Actor, type Transaction } from './transaction.ts';

export const ORIGIN_OF_PAGES = 'com/salesforce/api/soap/67.0;client=SfdcInternalAPI/';
export const INTEGRATION_SET = 'Countersign_Integration';
/** Not in change events: what Salesforce works out anew from other fields. */
const SILENT = new Set(['Id', 'IsDeleted', 'SystemModstamp', 'IsClosed', 'IsWon', 'HasOpportunityLineItem', 'FiscalYear', 'FiscalQuarter']);

/** How the org is troubled just now; not kept over a restart. */
export interface Troubles {
  /** Records that somebody else holds, and how often any record is held. */
  locks: Set<string>;
  lockRate: number;
  /** How long a transaction takes from the stamp to the moment at which others see it, milliseconds. */
  commitLagMs: number;
}

export interface Org {
  state: OrgState;
  store: Store;
  clock: Clock;
  events: ChangeEventLog;
  troubles: Troubles;
  /** As the person in front of the pages, an admin, and with all rights. */
  person(): Actor;
  /** As a program that `userId` let in. */
  program(userId: string, client: string | null, defaultNamespace: string | null): Actor;
  schema(access?: Partial<Access>): Schema;
  open(actor: Actor): Transaction;
  /** Opens, works, commits; what is thrown undoes it all. */
  write<T>(actor: Actor, work: (tx: Transaction) => T): T;
  /** Whether the package's permission set for programs is assigned to the user. */
  permitted(userId: string): boolean;
}

export interface OrgParts {
  state: OrgState;
  clock: Clock;
  random: Random;
  events: ChangeEventLog;
  /** Told after each commit. */
  committed: (changes: Change[]) => void;
}

export function createOrg({ state, clock, random, events, committed }: OrgParts): Org {
  const store = createStore(state);
  const troubles: Troubles = { locks: new Set(), lockRate: 0, commitLagMs: 0 };
  const everything: Access = { everything: true, packaged: true, defaultNamespace: state.package.namespace };

  const org: Org = {
    state,
    store,
    clock,
    events,
    troubles,
    person: () => ({ userId: store.all('User')[0]?.id ?? '', origin: ORIGIN_OF_PAGES, schema: org.schema() }),
    program: (userId, client, defaultNamespace) => ({
      userId,
      origin: `com/salesforce/api/rest/67.0${client === null ? '' : `;client=${client}`}`,
      schema: org.schema({ everything: false, packaged: org.permitted(userId), defaultNamespace }),
    }),
    schema: (access) => schemaOf(state, { ...everything, defaultNamespace: state.package.namespace, ...access }),
    open: (actor) => openTransaction({ state, store, now: clock.now() - troubles.commitLagMs, actor, locked, committed: publish }),
    write(actor, work) {
      const tx = org.open(actor);
      try {
        const result = work(tx);
        tx.commit();
        return result;
      } catch (error) {
        tx.rollback();
        throw error;
      }
    },
    permitted: (userId) =>
      (store.by('PermissionSetAssignment', 'AssigneeId', userId) ?? []).some(
        (row) => !row.deleted && store.find('PermissionSet', String(row.values.PermissionSetId))?.values.Name === INTEGRATION_SET,
      ),
  };
  return org;

  function locked(ids: string[]): boolean {
    return ids.some((id) => troubles.locks.has(id)) || (troubles.lockRate > 0 && random() < troubles.lockRate);
  }

  function publish(changes: Change[], actor: Actor): void {
    for (const event of eventsOf(mergeOf(changes), actor)) events.append(event);
    committed(changes);
  }

  function eventsOf(changes: Change[], actor: Actor): ChangeEvent[] {
    const groups = new Map<string, { kind: ChangeType; ids: string[]; changed: ChangeEvent['changed'] }>();
    for (const { type, id, kind, changed } of changes) {
      if (type !== 'Opportunity') continue;
      const shown = kind === 'DELETE' ? {} : shownOf(changed, kind === 'CREATE', store.find(type, id));
      const key = `${kind} ${JSON.stringify(shown)}`;
      const group = groups.get(key) ?? { kind, ids: [], changed: shown };
      group.ids.push(id);
      groups.set(key, group);
    }
    if (groups.size === 0) return [];
    const commit = ++state.commits;
    const at = clock.now();
    const common = {
      entity: 'Opportunity' as const,
      changeOrigin: actor.origin,
      transactionKey: transactionKey(state.orgId, commit),
      commitTimestamp: at,
      commitUser: actor.userId,
    };
    return [...groups.values()].map(({ kind, ids, changed }, index) => ({
      ...common,
      recordIds: ids,
      changeType: kind,
      sequenceNumber: index + 1,
      commitNumber: 10_585_193_000_000 + commit,
      changed,
    }));
  }

  function shownOf(changed: Record<string, Value>, whole: boolean, row: Row | undefined): ChangeEvent['changed'] {
    const { installed, namespace } = state.package;
    const dated = { ...changed, LastModifiedDate: row?.values.LastModifiedDate ?? null };
    return Object.fromEntries(
      Object.entries(dated).flatMap(([own, value]): [string, Value][] => {
        const def = fieldOf('Opportunity', own);
        if (!def || SILENT.has(own) || (whole && value === null) || (def.packaged && !installed) || (def.multiCurrency && !state.multiCurrency)) return [];
        const name = def.packaged && namespace !== null ? `${namespace}__${own}` : own;
        return [[name, def.type === 'datetime' && typeof value === 'string' ? new Date(momentOf(value)).toISOString() : value]];
      }),
    );
  }
}

/** What one record went through in a transaction is told once: made and changed is made, changed twice is changed. */
function mergeOf(changes: Change[]): Change[] {
  const merged = new Map<string, Change>();
  for (const change of changes) {
    const known = merged.get(change.id);
    if (!known || change.kind !== 'UPDATE') merged.set(change.id, { ...change, changed: { ...known?.changed, ...change.changed } });
    else known.changed = { ...known.changed, ...change.changed };
  }
  // A save that changed nothing is no event.
  return [...merged.values()].filter(({ kind, changed }) => kind !== 'UPDATE' || Object.keys(changed).some((name) => !SILENT.has(name)));
}

function transactionKey(orgId: string, commit: number): string {
  const hash = createHash('sha256').update(`${orgId} ${commit}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
}
