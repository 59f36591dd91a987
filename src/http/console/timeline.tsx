import type { Story } from '#store/view';
import { EFFECT_WORDS, type Tone } from './badge.tsx';
import type { ConsoleContext } from './context.ts';
import { at } from './context.ts';
import { Data, Facts } from './data.tsx';
import { sayEffect, sayFact, sayReceipt, type Names } from './wording.ts';
import { When } from './when.tsx';

interface Entry {
  id: string;
  at: number;
  /** Within one millisecond: heard, then decided, then done. */
  rank: 0 | 1 | 2;
  place: number;
  label: string;
  title: string;
  why: string;
  tone: Tone;
  tag: string | null;
  details: [string, unknown][];
  data: string;
}

const SHAPE = ['heard', 'decided', 'done'] as const;
const OUTCOME = { done: 'Done', partly: 'Done', retry: 'Tried', parked: 'Tried', cancelled: 'Dropped' } as const;
const TONE = { done: 'good', partly: 'warn', retry: 'warn', parked: 'bad', cancelled: 'plain' } as const;

/** Facts, effects and receipts as one story, in the order in which this server learned and did them. */
export function entriesOf(story: Story, names: Names): Entry[] {
  const facts = story.facts.map((fact): Entry => ({
    id: fact.id,
    at: fact.recorded_at,
    rank: 0,
    place: fact.seq,
    label: 'Heard',
    title: sayFact(fact, names),
    why: fact.why,
    tone: fact.outcome === 'noted' ? 'plain' : 'wait',
    tag: fact.outcome === 'noted' ? 'noted, changed nothing' : null,
    details: [...ledgerFacts(fact), ['Notice', fact.notice && <code>{fact.notice}</code>], ['Happened at', <time>{new Date(fact.at).toISOString()}</time>]],
    data: fact.data,
  }));
  const effects = story.effects.map((effect): Entry => ({
    id: effect.id,
    at: effect.created_at,
    rank: 1,
    place: effect.ordinal,
    label: 'Decided',
    title: sayEffect(effect, names),
    why: effect.why,
    tone: effect.state === 'done' ? 'plain' : EFFECT_WORDS[effect.state][1],
    tag: effect.state === 'done' ? null : EFFECT_WORDS[effect.state][0].toLowerCase(),
    details: [
      ['Id', <code>{effect.id}</code>],
      ['Key', <code>{effect.key}</code>],
      ['Attempts', effect.attempts],
      ['Kind', effect.kind],
    ],
    data: effect.data,
  }));
  const receipts = story.receipts.map((receipt): Entry => ({
    id: receipt.id,
    at: receipt.at,
    rank: 2,
    place: receipt.seq,
    label: OUTCOME[receipt.outcome],
    title: sayReceipt(receipt, names),
    why: '',
    tone: TONE[receipt.outcome],
    tag: null,
    details: [
      ...ledgerFacts(receipt),
      ['Effect', <code>{receipt.effect}</code>],
      ['Vendor’s id', receipt.remote && <code>{receipt.remote}</code>],
      ['Request hash', <code>{receipt.request_hash}</code>],
    ],
    data: receipt.detail,
  }));
  return [...facts, ...effects, ...receipts].sort((a, b) => a.at - b.at || a.rank - b.rank || a.place - b.place);
}

function ledgerFacts(row: { id: string; seq: number; hash: string; correlation: string }): [string, unknown][] {
  return [
    ['Id', <code>{row.id}</code>],
    ['Place in the ledger', row.seq],
    ['Hash', <code>{row.hash}</code>],
    ['Correlation', <code>{row.correlation}</code>],
  ];
}

export function Timeline({ c, story, names }: { c: ConsoleContext; story: Story; names: Names }) {
  const now = c.var.options.clock.now();
  const entries = entriesOf(story, names);
  if (entries.length === 0) return <p class="soft">Nothing has happened yet.</p>;
  return (
    <>
      {story.cut ? <p class="note warn">This story is longer than a page holds; its end is left out.</p> : null}
      <ol class="timeline">
        {entries.map((entry) => (
          <li class={`${SHAPE[entry.rank]} ${entry.tone}`}>
            <div class="moment">
              <span class="label">{entry.label}</span>
              <When at={entry.at} now={now} seconds />
            </div>
            <div class="event">
              <h3>
                {entry.title}
                {entry.tag ? <span class={`badge ${entry.tone}`}>{entry.tag}</span> : null}
              </h3>
              {entry.why ? <p class="why">{entry.why}</p> : null}
              <details id={`d-${entry.id}`}>
                <summary>Details</summary>
                <Facts rows={entry.details} />
                <Data text={entry.data} />
                {entry.rank === 1 ? <a href={at(c, `/outbox/${entry.id}`)}>Open in the outbox</a> : null}
              </details>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
