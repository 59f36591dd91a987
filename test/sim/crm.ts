import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import type { JsonObject } from '#lib/json';
import type { CrmSchema, FieldInfo, Fields, FieldValue, Snapshot } from '#core/records';
import type { Connector } from '#ports/connector';
import type { Changes, Crm, Journey, Member, RecordWrite } from '#ports/crm';
import { consentSeenInCrm } from '#core/crm-consent';
import { inboundOf, type Sender } from './hooks.ts';
import { CRM } from './manifests.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import { authOf, Grant, reach } from './tokens.ts';

export const STAGES = ['new', 'contract', 'won'] as const;
export type StageName = (typeof STAGES)[number];

interface BookedDeal {
  id: string;
  stage: StageName;
  enteredAt: number;
  changedAt: number;
  fields: Fields;
}
/** What a CRM holds of one customer. Ids are the same in every account, as they may well be. */
export class CrmBook extends Grant {
  readonly deals = new Map<string, BookedDeal>();
  readonly contacts = new Map<string, Fields>();
  readonly lists = new Map<string, Set<string>>();
  readonly events = new Map<string, { name: string; contact: string }>();
  readonly tasks = new Map<string, string>();
  /** Calls that wrote something. */
  writes = 0;
  /** Ways into the stage that sends. */
  readonly entries = new Map<string, number>();
  /** What its people are called; no other account may ever see it. */
  readonly mark: string;

  constructor(name: string, mark: string, now: () => number) {
    super(name, false, now);
    this.mark = mark;
    for (let i = 1; i <= 3; i++) {
      const fields = { name: `${mark} deal ${i}`, amount: 1000 * i, source: `${mark}-newsletter` };
      this.deals.set(`deal-${i}`, { id: `deal-${i}`, stage: 'new', enteredAt: now() - 1_000_000, changedAt: now() - 1_000_000, fields });
      this.contacts.set(`contact-${i}`, { email: `signer${i}@${mark}.example.com`, name: `${mark} Signer ${i}` });
    }
  }
}

/** Told of what reaches a CRM. */
export interface CrmWatch {
  wrote(book: CrmBook, write: RecordWrite, landed: string[]): void;
  reached(book: CrmBook, contact: string, what: { list?: string; event?: string }): void;
}

const text = (name: string): FieldInfo => ({ name, label: name, type: 'text', writable: true });
const SCHEMA: CrmSchema = {
  fields: {
    deal: [
      ...['name', 'source', 'sign_status', 'sign_envelope', 'sign_sent', 'sign_closed', 'sign_reason', 'first_source'].map(text),
      { ...text('amount'), type: 'number' },
      { ...text('sign_count'), type: 'number' },
    ],
    contact: ['email', 'name', 'last_status', 'last_envelope', 'journey'].map(text),
    company: [],
    line: [],
  },
  pipelines: [{ id: 'sales', label: 'Sales', stages: STAGES.map((id, order) => ({ id, label: id, order, closed: id === 'won' })) }],
  contactLabels: ['Signer'],
  readAt: 0,
};

/** Search lags behind writes; a window reaches back further than that. */
const OVERLAP_MS = 15 * 60_000;
const PAGE = 100;

export function createCrm(network: Network, scheduler: Scheduler, bookOf: (account: string) => CrmBook, connecting: () => string, watch: CrmWatch): Connector {
  const at = <T>(call: Parameters<Crm['read']>[0], name: string, sent: unknown, answer: (book: CrmBook) => T) => {
    const book = bookOf(call.install.account);
    return reach(network, call, bookOf, name, sent, () => answer(book));
  };
  const crm: Crm = {
    prepare: async () => [],
    describe: (call) => at(call, 'describe', null, () => SCHEMA),
    list: async () => [],
    read: (call, deals) => at(call, 'read', deals, (book) => deals.flatMap((id) => snapshotOf(book, id) ?? [])),
    async write(call, writes) {
      const landed = await at(call, 'write', writes, (book) => {
        book.writes++;
        return writes.map((write, place) => (network.fails('refused', book.name, book.writes, place) ? null : land(book, write, scheduler.now(), watch)));
      });
      return landed.map((written) => (written ? { ok: true as const, written, left: [] } : { ok: false as const, problem: new Problem('vendor.rejected') }));
    },
    task: (call, { key, subject }) =>
      at(call, 'task', { key, subject }, (book) => {
        book.tasks.set(key, subject);
        return { id: key };
      }),
    changes: (call, cursor, now) => at(call, 'changes', cursor, (book) => changesOf(book, cursor as { since: number; after: number } | null, now)),
  };
  const journey: Journey = {
    join: (call, list, members) => at(call, 'join', { list, members }, (book) => ({ absent: join(book, list, members, watch) })),
    leave: (call, list, members) => at(call, 'leave', { list, members }, (book) => members.forEach(({ contact }) => book.lists.get(list)?.delete(contact))),
    emit: (call, { name, member, key, data }) =>
      at(call, 'emit', { name, member, key, data }, (book) => {
        watch.reached(book, member.contact, { event: name });
        book.events.set(key, { name, contact: member.contact });
        return { id: key };
      }),
  };
  return { manifest: CRM, auth: authOf(network, scheduler, bookOf, connecting), inbound: inboundOf(decode), crm, journey };
}

function snapshotOf(book: CrmBook, id: string): Snapshot | undefined {
  const deal = book.deals.get(id);
  const contact = `contact-${id.slice(5)}`;
  const fields = book.contacts.get(contact);
  if (!deal || !fields) return undefined;
  const { stage, enteredAt } = deal;
  return {
    deal: { id, name: String(deal.fields['name']), fields: { ...deal.fields }, pipeline: 'sales', stage, enteredAt, url: null },
    contacts: [{ id: contact, fields: { ...fields }, labels: ['Signer'], primary: true }],
    company: null,
    lines: [],
    owner: { id: 'owner-1', name: `${book.mark} Owner`, email: `owner@${book.mark}.example.com` },
    readAt: 0,
  };
}

function land(book: CrmBook, write: RecordWrite, now: number, watch: CrmWatch): string[] {
  const { record, set, once } = write;
  const deal = record.type === 'deal' ? book.deals.get(record.id) : undefined;
  const fields: Fields | undefined = deal?.fields ?? book.contacts.get(record.id);
  if (!fields) return [];
  const empty = (value: FieldValue | undefined) => value === undefined || value === null || value === '';
  const landed = Object.keys(set).filter((field) => !once.includes(field) || empty(fields[field]));
  for (const field of landed) fields[field] = set[field] ?? null;
  if (deal) deal.changedAt = now;
  watch.wrote(book, write, landed);
  return landed;
}

function join(book: CrmBook, list: string, members: readonly Member[], watch: CrmWatch): string[] {
  const known = book.lists.get(list) ?? new Set<string>();
  book.lists.set(list, known);
  for (const { contact } of members) {
    watch.reached(book, contact, { list });
    known.add(contact);
  }
  return [];
}

/** Deals that changed since, oldest first, each with the entry into its stage as the key. */
function changesOf(book: CrmBook, cursor: { since: number; after: number } | null, now: number): Changes {
  const since = cursor?.since ?? now - OVERLAP_MS;
  const after = cursor?.after ?? 0;
  const changed = [...book.deals.values()].filter(({ changedAt }) => changedAt >= since).sort((a, b) => a.changedAt - b.changedAt || (a.id < b.id ? -1 : 1));
  const page = changed.slice(after, after + PAGE);
  const notices = page.map(({ id, stage, enteredAt }) => ({
    account: book.name,
    key: `entry|${book.name}|${id}|${stage}|${enteredAt}`,
    kind: 'entry.seen',
    at: enteredAt,
    payload: { deal: id, stage },
  }));
  const more = after + PAGE < changed.length;
  return { notices, cursor: more ? { since, after: after + PAGE } : { since: now - OVERLAP_MS, after: 0 }, more };
}

function decode(kind: string, at: number, payload: JsonObject): Fact[] {
  const { deal, stage, contact, status } = payload as Record<string, string>;
  if (deal !== undefined && stage !== undefined)
    return [{ type: 'deal.stage-changed', at, data: { deal, stage, source: 'person', seenBy: kind === 'entry.seen' ? 'reconcile' : 'webhook' } }];
  if (contact === undefined) return [];
  const topic = { type: 'marketing' as const, purpose: 'newsletter', channel: 'email' as const };
  return [consentSeenInCrm(contact, at, topic, status === 'granted' ? 'granted' : 'withdrawn', {})];
}

/** A person drags a deal to a stage. */
export function moveDeal(book: CrmBook, sender: Sender, id: string, stage: StageName, now: number): boolean {
  const deal = book.deals.get(id);
  if (!deal || deal.stage === stage) return false;
  Object.assign(deal, { stage, enteredAt: now, changedAt: now });
  if (stage === 'contract') book.entries.set(id, (book.entries.get(id) ?? 0) + 1);
  sender.send(book, 'stage.changed', { deal: id, stage }, now);
  return true;
}
