import { CONSENT_CHANNELS, CONSENT_TYPES } from '#core/consent';
import type { Problem } from '#core/problem';
import { TYPE_WORDS } from './consent-words.tsx';
import { at, type ConsoleContext } from './context.ts';
import { Id } from './data.tsx';
import { ProblemNote } from './errors.tsx';

/** What the form holds, as typed, with what is wrong with it. */
export interface Draft {
  values: Record<string, string>;
  faults: { path: string; say: string }[];
  problem: Problem | null;
  /** Of the wording as it would be published; null until it was checked and is good. */
  hash: string | null;
}
export const EMPTY: Draft = { values: {}, faults: [], problem: null, hash: null };

interface FieldProps {
  draft: Draft;
  name: string;
  label: string;
  hint?: string;
  required?: boolean;
}

/** What is wrong with a field stands beside it, and is read out with it. */
function Fault({ draft, name }: { draft: Draft; name: string }) {
  const said = draft.faults.filter(({ path }) => path === name).map(({ say }) => say);
  return said.length === 0 ? null : (
    <p id={`${name}-fault`} class="bad small">
      {said.join(' ')}
    </p>
  );
}

const isFaulty = (draft: Draft, name: string) => draft.faults.some(({ path }) => path === name);

function Field({ draft, name, label, hint, required }: FieldProps) {
  const faulty = isFaulty(draft, name);
  return (
    <div>
      <label for={name}>{label}</label>
      <input
        id={name}
        name={name}
        value={draft.values[name] ?? ''}
        placeholder={hint}
        required={required}
        aria-invalid={faulty ? 'true' : undefined}
        aria-describedby={faulty ? `${name}-fault` : undefined}
        autocomplete="off"
      />
      <Fault draft={draft} name={name} />
    </div>
  );
}

function Choice({ draft, name, label, options }: { draft: Draft; name: string; label: string; options: (readonly [string, string])[] }) {
  return (
    <div>
      <label for={name}>{label}</label>
      <select id={name} name={name} aria-describedby={isFaulty(draft, name) ? `${name}-fault` : undefined}>
        {options.map(([value, words]) => (
          <option value={value} selected={draft.values[name] === value}>
            {words}
          </option>
        ))}
      </select>
      <Fault draft={draft} name={name} />
    </div>
  );
}

/** The form for the next version of a text, given back as typed with what is wrong beside each field. */
export function TextForm({ c, draft }: { c: ConsoleContext; draft: Draft }) {
  const others = draft.faults.filter(({ path }) => path === '');
  return (
    <section class="sheet medium" id="publish">
      <h2>Publish a version</h2>
      {draft.problem ? <ProblemNote problem={draft.problem} /> : null}
      {draft.faults.length > 0 ? (
        <p class="note bad" role="alert">
          {draft.faults.length === 1 ? 'One field needs another look.' : `${draft.faults.length} fields need another look.`} {others.map(({ say }) => say).join(' ')}
        </p>
      ) : null}
      {draft.hash ? (
        <div class="note good" role="status">
          <p>It can be published. SHA-256 of the wording:</p>
          <Id value={draft.hash} />
        </div>
      ) : null}
      <form method="post" action={at(c, '/consents/texts#publish')}>
        <div class="tiles">
          <Field draft={draft} name="name" label="Name" hint="newsletter" required />
          <Field draft={draft} name="title" label="Title" hint="News by e-mail" required />
          <Choice draft={draft} name="type" label="Type" options={CONSENT_TYPES.map((type) => [type, TYPE_WORDS[type]])} />
          <Field draft={draft} name="locale" label="Locale" hint="en" required />
          <Field draft={draft} name="purpose" label="Purpose (marketing alone)" hint="newsletter" />
          <Choice draft={draft} name="channel" label="Channel (marketing alone)" options={[['', 'None'], ...CONSENT_CHANNELS.map((channel) => [channel, channel] as const)]} />
          <Field draft={draft} name="jurisdiction" label="Jurisdiction" hint="EU" />
          <div>
            <label for="validFrom">Valid from, UTC (empty: at once)</label>
            <input id="validFrom" name="validFrom" type="datetime-local" value={draft.values.validFrom ?? ''} />
            <Fault draft={draft} name="validFrom" />
          </div>
        </div>
        <label for="wording">Wording</label>
        <textarea id="wording" name="wording" rows={10} required aria-describedby={isFaulty(draft, 'wording') ? 'wording-fault' : undefined}>
          {`\n${draft.values.wording ?? ''}`}
        </textarea>
        <Fault draft={draft} name="wording" />
        <p class="soft small">Line ends and spaces at the end of lines make no difference; every other character does.</p>
        <div class="row">
          <button name="do" value="check" class="plain">
            Check
          </button>
          <button name="do" value="publish">
            Publish
          </button>
        </div>
      </form>
    </section>
  );
}
