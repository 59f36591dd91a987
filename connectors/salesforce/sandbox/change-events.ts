import type { Clock } from '#lib/clock';

/** As in `ChangeEventHeader.changeType` of Salesforce's change events. */
export type ChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE' | 'GAP_CREATE' | 'GAP_UPDATE' | 'GAP_DELETE' | 'GAP_UNDELETE' | 'GAP_OVERFLOW';

/** One change, or the same change to several records in one transaction. */
export interface ChangeEvent {
  entity: 'Opportunity';
  /** 18 characters each; Salesforce merges records that changed alike in one transaction. Empty in GAP_OVERFLOW. */
  recordIds: string[];
  changeType: ChangeType;
  /** Such as `com/salesforce/api/rest/67.0;client=countersign`: the client is what the request's `Sforce-Call-Options` named. */
  changeOrigin: string;
  /** The same for all events of one transaction. */
  transactionKey: string;
  /** From 1, within the transaction. */
  sequenceNumber: number;
  /** Milliseconds since the epoch. */
  commitTimestamp: number;
  /** Grows with each transaction; events of one transaction share it. */
  commitNumber: number;
  /** 18 characters. */
  commitUser: string;
  /** Fields as the API names them, with what they hold now. CREATE has all that are set, UPDATE those that changed, gaps and DELETE none. */
  changed: Record<string, string | number | boolean | null>;
}

/** An event with its place in the log; places grow by one. */
export interface RetainedEvent {
  position: number;
  event: ChangeEvent;
}

/** Salesforce keeps change events for three days. */
export const RETENTION_MS = 72 * 3_600_000;
/** However short the three days are here. */
const MOST_RETAINED = 10_000;

export interface ChangeEventLog {
  /** Calls `listener` with each event from now on, in order, and gives back what ends that. */
  subscribe(listener: (retained: RetainedEvent) => void): () => void;
  /** What is retained after `position`, oldest first; `since(0)` is all of it. */
  since(position: number): RetainedEvent[];
  /** Place of the newest event ever appended; 0 where there was none. */
  head(): number;
  /** Place of the oldest event that is still retained, or one after the head where none is. A replay from before it is refused. */
  oldest(): number;
  append(event: ChangeEvent): RetainedEvent;
  /** Drops all up to and including `position`, as three days would. */
  expire(position: number): void;
  /** The retained events and the head, for a restart. */
  saved(): SavedEvents;
}
export interface SavedEvents {
  head: number;
  retained: RetainedEvent[];
}

/** The org's retained change events. Kept whether or not anybody listens, as an org does once the entity is selected. */
export function createChangeEvents(clock: Clock, saved: SavedEvents = { head: 0, retained: [] }): ChangeEventLog {
  let { head } = saved;
  let retained = [...saved.retained];
  const listeners = new Set<(event: RetainedEvent) => void>();

  function trim(): void {
    const oldest = clock.now() - RETENTION_MS;
    const kept = retained.findIndex(({ event }) => event.commitTimestamp > oldest);
    retained = kept === -1 ? [] : retained.slice(Math.max(kept, retained.length - MOST_RETAINED));
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    since(position) {
      trim();
      return retained.filter((known) => known.position > position);
    },
    head: () => head,
    oldest() {
      trim();
      return retained[0]?.position ?? head + 1;
    },
    append(event) {
      const appended = { position: ++head, event };
      retained.push(appended);
      trim();
      for (const listener of [...listeners]) listener(appended);
      return appended;
    },
    expire(position) {
      retained = retained.filter((known) => known.position > position);
    },
    saved: () => ({ head, retained: [...retained] }),
  };
}
