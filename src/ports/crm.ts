import type { Problem } from '#core/problem';
import type { CrmSchema, Fields, FieldValue, RecordRef, Snapshot } from '#core/records';
import type { Call } from '#ports/call';
import type { Notice } from '#ports/inbound';
import type { Json } from '#lib/json';

export interface RecordWrite {
  record: RecordRef;
  set: Record<string, FieldValue>;
  /** Of `set`: fields to leave alone where the record already has a value. */
  once: string[];
}
/** Per record, in the order asked. A refused field does not keep the others from landing: `left` names it. */
export type WriteOutcome = { ok: true; written: string[]; left: { field: string; problem: Problem }[] } | { ok: false; problem: Problem };

/** A page of what a vendor says has changed. `cursor` is stored and given back next time. */
export interface Changes {
  notices: Notice[];
  cursor: Json;
  /** Whether another page is waiting. */
  more: boolean;
}

export interface Crm {
  /** Makes what the product writes to (groups, fields, lists) where the account lacks it; may be called again at any time. Returns what was made, in words. */
  prepare(call: Call): Promise<string[]>;
  describe(call: Call): Promise<CrmSchema>;
  /** Deals with what stands around them. Absent ids are left out. At most `limits.batch` ids. */
  read(call: Call, deals: readonly string[]): Promise<Snapshot[]>;
  /** Deals for a person to pick from, newest first; `query` matches names. */
  list(call: Call, query: { text?: string; limit: number }): Promise<{ id: string; name: string; stage: string; fields: Fields }[]>;
  /** Absolute values, so writing twice is writing once. At most `limits.batch` writes, all of one record type, each record once. */
  write(call: Call, writes: readonly RecordWrite[]): Promise<WriteOutcome[]>;
  /** A task for a person, about a deal. `key` finds one that an earlier, lost reply already made. */
  task(call: Call, task: { deal: string; owner: string | null; subject: string; body: string; key: string; dueAt: number }): Promise<{ id: string }>;
  /** What changed since `cursor` (null at first); overlapping rather than trusting an index to be fresh. */
  changes(call: Call, cursor: Json, now: number): Promise<Changes>;
}

export interface Journey {
  /** Adds contacts to a list by its name, making the list if absent. Adding a member again does nothing. Returns the contacts that do not exist. */
  join(call: Call, list: string, contacts: readonly string[]): Promise<{ absent: string[] }>;
}
