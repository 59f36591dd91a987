import { isObject } from '#lib/json';
import type { Story } from '#store/view';
import { EFFECT_WORDS, type Tone } from './badge.tsx';
import { counted } from './counted.ts';
import { objectOf, plain } from './data.tsx';
import { sayEffect, sayFact, namesWith, sayReceipt, sayRecords, sayTold, type Names, type RecordName } from './wording.ts';

/** One row of a ledger or of the outbox, as it unfolds. */
export interface Part {
  id: string;
  title: string;
  rows: [string, unknown][];
  /** JSON beside the rows, where it says more than they do. */
  data: string | null;
  /** The effect's own page. */
  effect: string | null;
}
/** One line of the timeline: what was heard, decided or done at one time. */
export interface Entry {
  at: number;
  /** Within one millisecond: heard, then decided, then done. */
  rank: 0 | 1 | 2;
  place: number;
  label: string;
  title: string;
  why: string[];
  tone: Tone;
  tag: string | null;
  /** Neighbours of one kind are told as one line. */
  kind: string;
  /** What was written, and with how many fields; for record writes only. */
  write: { record: RecordName; fields: number } | null;
  parts: Part[];
}

/** The writes of one change go out within this time of each other. */
const TOGETHER_MS = 1_000;
const OUTCOME = { done: 'Done', partly: 'Done', retry: 'Tried', parked: 'Tried', cancelled: 'Dropped' } as const;
const TONE = { done: 'good', partly: 'warn', retry: 'warn', parked: 'bad', cancelled: 'plain' } as const;

/** Facts, effects and receipts as one story, in the order in which this server learned and did them. */
export function entriesOf(story: Story, names: Names): Entry[] {
  const entries = [...factEntries(story, names), ...effectEntries(story, names), ...receiptEntries(story, names)];
  return merge(
    entries.sort((a, b) => a.at - b.at || a.rank - b.rank || a.place - b.place),
    names,
  );
}

function factEntries(story: Story, names: Names): Entry[] {
  const told = new Set<unknown>();
  return story.facts.map((fact) => {
    const { status } = objectOf(fact.data);
    const known = fact.type === 'envelope.status' && told.has(status);
    if (fact.type === 'envelope.status') told.add(status);
    const title = known ? sayTold(names) : sayFact(fact, names);
    const noted = fact.outcome === 'noted';
    const rows: [string, unknown][] = [...ledgerRows(fact), ['Notice', fact.notice && <code>{fact.notice}</code>], ['Happened at', <time>{new Date(fact.at).toISOString()}</time>]];
    return {
      at: fact.recorded_at,
      rank: 0,
      place: fact.seq,
      label: 'Heard',
      title,
      why: fact.why ? [fact.why] : [],
      tone: noted ? 'plain' : 'wait',
      tag: noted ? 'noted, changed nothing' : null,
      kind: `heard ${fact.type} ${title} ${fact.outcome}`,
      write: null,
      parts: [{ id: fact.id, title: fact.why || title, rows, data: fact.data, effect: null }],
    };
  });
}

function effectEntries(story: Story, names: Names): Entry[] {
  return story.effects.map((effect) => {
    const done = effect.state === 'done';
    const write = effect.kind === 'record.write' ? writeOf(effect.data) : null;
    const rows: [string, unknown][] = [
      ['Id', <code>{effect.id}</code>],
      ['Key', <code>{effect.key}</code>],
      ['Attempts', effect.attempts],
      ...(write ? fieldRows(effect.data) : [['Kind', effect.kind] as [string, unknown]]),
    ];
    return {
      at: effect.created_at,
      rank: 1,
      place: effect.ordinal,
      label: 'Decided',
      title: sayEffect(effect, names),
      why: effect.why ? [effect.why] : [],
      tone: done ? 'plain' : EFFECT_WORDS[effect.state][1],
      tag: done ? null : EFFECT_WORDS[effect.state][0].toLowerCase(),
      kind: write ? `write ${effect.state} ${effect.created_at}` : `decided ${effect.id}`,
      write,
      parts: [{ id: effect.id, title: sayEffect(effect, names), rows, data: write ? null : effect.data, effect: effect.id }],
    };
  });
}

function receiptEntries(story: Story, names: Names): Entry[] {
  const effects = new Map(story.effects.map((effect) => [effect.id, effect]));
  return story.receipts.map((receipt) => {
    const effect = effects.get(receipt.effect);
    const write = receipt.kind === 'record.write' && effect && receipt.outcome === 'done' ? writeOf(effect.data) : null;
    const { say: refused, note } = objectOf(receipt.detail);
    const say = refused ?? note;
    const rows: [string, unknown][] = [
      ...ledgerRows(receipt),
      ['Effect', <code>{receipt.effect}</code>],
      ['Vendor’s id', receipt.remote && <code>{receipt.remote}</code>],
      ['Request hash', <code>{receipt.request_hash}</code>],
    ];
    return {
      at: receipt.at,
      rank: 2,
      place: receipt.seq,
      label: OUTCOME[receipt.outcome],
      title: sayReceipt(receipt, namesWith(names, effect?.vendor ?? null)),
      why: say === undefined ? [] : [plain(say)],
      tone: TONE[receipt.outcome],
      tag: null,
      kind: write ? 'wrote' : `done ${receipt.kind} ${receipt.outcome} ${receipt.at} ${plain(say)}`,
      write,
      parts: [{ id: receipt.id, title: effect ? sayEffect(effect, names) : receipt.kind, rows, data: receipt.detail, effect: null }],
    };
  });
}

/** What happened together is told once; each part stays there to unfold. */
function merge(entries: Entry[], names: Names): Entry[] {
  const lines: Entry[][] = [];
  for (const entry of entries) {
    const line = lines.at(-1);
    const before = line?.at(-1);
    if (line && before?.kind === entry.kind && entry.at - before.at <= TOGETHER_MS) line.push(entry);
    else lines.push([entry]);
  }
  return lines.flatMap((line) => {
    const [first] = line;
    if (!first) return [];
    return [{ ...first, title: titleOf(first, line, names), why: [...new Set(line.flatMap((entry) => entry.why))], parts: line.flatMap((entry) => entry.parts) }];
  });
}

function titleOf(first: Entry, line: Entry[], names: Names): string {
  const writes = line.flatMap((entry) => entry.write ?? []);
  if (writes.length === 0) return line.length > 1 && first.rank > 0 ? `${first.title} (${line.length} times)` : first.title;
  const records = sayRecords(writes.map((write) => write.record));
  if (first.rank === 1) {
    const fields = writes.reduce((sum, write) => sum + write.fields, 0);
    return `Write ${counted(fields, 'field')} of ${records} in ${names.crm}`;
  }
  // A call carries many records, but of one type.
  const calls = new Set(writes.map((write) => write.record.type)).size;
  return `${names.crm} wrote ${records}${writes.length > 1 ? ` (${writes.length} changes in ${calls === 1 ? 'one call' : `${calls} calls`})` : ''}`;
}

function writeOf(data: string): Entry['write'] {
  const { record, set } = objectOf(data);
  return isObject(record) && isObject(set) ? { record: { type: plain(record.type), id: plain(record.id) }, fields: Object.keys(set).length } : null;
}

/** The fields of a write with their values, for reading. */
export function fieldRows(data: string): [string, unknown][] {
  const { set } = objectOf(data);
  if (!isObject(set)) return [];
  return Object.entries(set).map(([field, value]) => [field, value === null || value === '' ? <span class="soft">emptied</span> : plain(value)]);
}

function ledgerRows(row: { id: string; seq: number; hash: string; correlation: string }): [string, unknown][] {
  return [
    ['Id', <code>{row.id}</code>],
    ['Place in the ledger', row.seq],
    ['Hash', <code>{row.hash}</code>],
    ['Correlation', <code>{row.correlation}</code>],
  ];
}
