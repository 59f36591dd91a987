import type { Story } from '#store/view';
import type { ConsoleContext } from './context.ts';
import { at } from './context.ts';
import { Data, Facts } from './data.tsx';
import { entriesOf, type Entry, type Part } from './timeline-entries.tsx';
import type { Names } from './wording.ts';
import { When } from './when.tsx';

const SHAPE = ['heard', 'decided', 'done'] as const;

export function Timeline({ c, story, names }: { c: ConsoleContext; story: Story; names: Names }) {
  const now = c.var.options.clock.now();
  const entries = entriesOf(story, names);
  if (entries.length === 0) return <p class="soft">Nothing has happened yet.</p>;
  return (
    <>
      {story.cut ? <p class="note warn">This story is longer than a page holds; its end is left out.</p> : null}
      <ol class="timeline">
        {entries.map((entry, index) => (
          <li class={`${SHAPE[entry.rank]} ${entry.tone}`}>
            <div class="moment">
              <span class="label">{entry.label}</span>
              <When at={entry.at} now={now} seconds timeOnly={dayOf(entry) === dayOf(entries[index - 1])} />
            </div>
            <div class="event">
              <h3>
                {entry.title}
                {entry.tag ? <span class={`badge ${entry.tone}`}>{entry.tag}</span> : null}
              </h3>
              {entry.why.length > 0 ? <p class="why">{entry.why.join(' ')}</p> : null}
              {entry.rank === 1 && entry.tone === 'bad' ? (
                <p>
                  <a href={at(c, `/outbox/${entry.parts[0]?.effect ?? ''}`)}>Mend it in the outbox</a>
                </p>
              ) : null}
              <Details c={c} entry={entry} />
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

const DAY_MS = 86_400_000;
const dayOf = (entry: Entry | undefined): number | null => (entry ? Math.floor(entry.at / DAY_MS) : null);

function Details({ c, entry }: { c: ConsoleContext; entry: Entry }) {
  const [first] = entry.parts;
  return (
    <details id={`d-${first?.id ?? ''}`}>
      <summary>
        Details<span class="sr"> of: {entry.title}</span>
      </summary>
      {entry.parts.map((part) => (
        <Detail c={c} part={part} titled={entry.parts.length > 1} />
      ))}
    </details>
  );
}

function Detail({ c, part, titled }: { c: ConsoleContext; part: Part; titled: boolean }) {
  return (
    <div class="part">
      {titled ? <h4>{part.title}</h4> : null}
      <Facts rows={part.rows} />
      {part.data === null ? null : <Data text={part.data} />}
      {part.effect === null ? null : <a href={at(c, `/outbox/${part.effect}`)}>Open in the outbox</a>}
    </div>
  );
}
