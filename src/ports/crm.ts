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

/** Somebody who filled in a form. */
export interface Lead {
  key: string;
  email: string;
  name: string;
  company: string;
  phone: string;
  /** Fields of the contact, by the CRM's name. */
  fields: Record<string, string>;
  /** The deal to make; null where none is asked for. `pipeline` and `stage` by id or label. */
  deal: { name: string; pipeline: string; stage: string } | null;
}

export interface TakenIn {
  contact: string;
  /** Whether it was made, rather than found. */
  created: boolean;
  deal: string | null;
  /** Fields that the CRM refused while the others landed. */
  left: string[];
}

/** A page of what a vendor says has changed. `cursor` is stored and given back next time. */
export interface Changes {
  notices: Notice[];
  cursor: Json;
  /** Whether another page is waiting. */
  more: boolean;
}

export interface Crm {
  /** The one form of a record's id, for vendors who write it in several. Facts, envelopes and keys know this form alone. */
  canonical?(id: string): string;
  /** Makes what the product writes to (groups, fields, lists) where the account lacks it; may be called again at any time. Returns what was made, in words. */
  prepare(call: Call): Promise<string[]>;
  describe(call: Call): Promise<CrmSchema>;
  /** Deals with what stands around them. Absent ids are left out. At most `limits.batch` ids. */
  read(call: Call, deals: readonly string[]): Promise<Snapshot[]>;
  /** Deals for a person to pick from, newest first; `query` matches names. */
  list(call: Call, query: { text?: string; limit: number }): Promise<{ id: string; name: string; stage: string; fields: Fields }[]>;
  /** Absolute values, so writing twice is writing once. At most `limits.batch` writes, all of one record type, each record once. Records of ours (`envelope`, `recipient`) are made if absent. */
  write(call: Call, writes: readonly RecordWrite[]): Promise<WriteOutcome[]>;
  /** A task for a person, about a deal. `key` finds one that an earlier, lost reply already made. */
  task(call: Call, task: { deal: string; owner: string | null; subject: string; body: string; key: string; dueAt: number }): Promise<{ id: string }>;
  /**
   * Makes or finds the contact with an address, and the deal where one is asked for; a repetition with the same `key` finds what an earlier, lost reply already made. What the contact has
   * already is left as it is: anybody may type anybody's address into a form.
   */
  intake?(call: Call, lead: Lead): Promise<TakenIn>;
  /** What changed since `cursor` (null at first); overlapping rather than trusting an index to be fresh. */
  changes(call: Call, cursor: Json, now: number): Promise<Changes>;
  /**
   * Hears of changes as they happen, from `cursor` on (null: from now on), until `call.signal` aborts or the stream ends. `sink` stores what a page holds together
   * with its cursor; the next page is taken once it has. Reconciliation goes on beside it, so that what a stream misses is late and not lost.
   * @throws Problem where it ended by itself: it is begun again after a pause
   */
  listen?(call: Call, cursor: Json, sink: (page: Changes) => Promise<void>): Promise<void>;
  /** Keeps a file with a record. `key` finds one that an earlier, lost reply already made. @throws Problem `vendor.odd-answer` where what is kept there is not what was sent */
  attach?(call: Call, file: { record: RecordRef; name: string; type: string; bytes: Uint8Array; key: string }): Promise<{ id: string }>;
  /** Writes many records of one type as one job of the vendor's, such as a history of years. Returns the outcomes in the order asked. */
  bulkWrite?(call: Call, writes: readonly RecordWrite[], told: (progress: { done: number; failed: number; total: number }) => void): Promise<WriteOutcome[]>;
}

/** A person as journeys know them. */
export interface Member {
  /** The CRM's id of the contact. */
  contact: string;
  /** Only where the manifest's `journey.person` is `email`; null where the person was erased. */
  email: string | null;
}
export interface Journey {
  /**
   * Adds people to a list (HubSpot's static list, a Salesforce campaign, …) by its name; a list that the vendor lets us make is made if absent. Adding a member again
   * does nothing but set `status`, where the vendor has a member's status. Returns the contacts that do not exist there.
   */
  join?(call: Call, list: string, members: readonly Member[], status: string | null): Promise<{ absent: string[] }>;
  /** Takes people off a list by its name. Who is not on it, or not there at all, is off it; so is everybody where there is no such list. */
  leave?(call: Call, list: string, members: readonly Member[]): Promise<void>;
  /** What an account cannot do for want of a permission that it was free not to grant, in words that say what to do. */
  lacks?(granted: readonly string[]): { event?: string };
  /** Tells of an event that a journey may begin with or wait for. `key` is the same for the same event. */
  emit?(call: Call, event: { name: string; member: Member; data: Record<string, FieldValue>; key: string }): Promise<{ id: string | null }>;
  /** The same for many, where the vendor takes them in one call and the manifest says `repeatable`. At most `limits.batch`; outcomes in the order given. */
  emitAll?(call: Call, events: readonly Parameters<NonNullable<Journey['emit']>>[1][]): Promise<({ ok: true; id: string | null } | { ok: false; problem: Problem })[]>;
}
