import { Frame, type Place } from '#shared/sandbox/account.tsx';
import { moment } from '#shared/sandbox/page.tsx';
import { ACCOUNT, FIELD_TYPES, type Definition, type Entry, type SandboxState } from './state.ts';

const SHOWN_ENTRIES = 50;
/** Columns that a new event may be given on the page. */
export const NEW_FIELDS = 4;

const unitName = (mid: string): string => ACCOUNT.units.find((unit) => unit.mid === mid)?.name ?? mid;

/** Journeys with their entry events, and who entered them. */
export function HomePage({ place, state, fault }: { place: Place; state: SandboxState; fault?: string }) {
  const connected = Object.keys(state.refreshTokens).length > 0 || Object.keys(state.accessTokens).length > 0;
  return (
    <Frame place={place} title={ACCOUNT.name} current="home" refresh={3}>
      <h1>{ACCOUNT.name}</h1>
      <p class="soft">
        Signed in as {ACCOUNT.user.name}. {connected ? 'Countersign is connected to this account.' : 'No app is connected to this account yet: connect it from Countersign.'}
      </p>
      <h2>Entry events</h2>
      <div class="grid">
        {state.definitions.map((definition) => (
          <DefinitionSheet place={place} definition={definition} entries={state.entries.filter(({ key, mid }) => key === definition.key && mid === definition.mid).length} />
        ))}
        <NewDefinition place={place} {...(fault ? { fault } : {})} />
      </div>
      <h2>Entries</h2>
      <section class="sheet">
        <EntryTable entries={state.entries.slice(-SHOWN_ENTRIES).reverse()} />
      </section>
    </Frame>
  );
}

function DefinitionSheet({ place, definition, entries }: { place: Place; definition: Definition; entries: number }) {
  return (
    <section class="sheet">
      <h3>{definition.journey}</h3>
      <p>
        <code>{definition.key}</code>
      </p>
      <p class="soft">
        {unitName(definition.mid)} · {definition.active ? 'active' : 'not active'} · {entries} {entries === 1 ? 'entry' : 'entries'}
      </p>
      <p class="soft">Data: {definition.fields.map(({ name, type, required }) => `${name} (${type}${required ? ', required' : ''})`).join(', ') || 'none'}</p>
      <form method="post" action={`${place.base}/definitions/activity`}>
        <input type="hidden" name="key" value={definition.key} />
        <input type="hidden" name="mid" value={definition.mid} />
        <button class="plain" name="active" value={definition.active ? 'no' : 'yes'}>
          {definition.active ? 'Deactivate' : 'Activate'}
        </button>
      </form>
    </section>
  );
}

function NewDefinition({ place, fault }: { place: Place; fault?: string }) {
  return (
    <section class="sheet">
      <details open={fault !== undefined}>
        <summary>Add an event</summary>
        {fault ? <p class="note bad">{fault}</p> : null}
        <form method="post" action={`${place.base}/definitions/new`}>
          <label>
            Journey
            <input name="journey" required maxlength={100} />
          </label>
          <label>
            Event definition key
            <input name="key" required maxlength={100} />
          </label>
          {Array.from({ length: NEW_FIELDS }, (_, index) => (
            <div class="row">
              <input name={`field${index}`} aria-label={`Column ${index + 1}`} placeholder="Column" maxlength={100} />
              <select name={`type${index}`} aria-label={`Type of column ${index + 1}`}>
                {FIELD_TYPES.map((type) => (
                  <option value={type}>{type}</option>
                ))}
              </select>
            </div>
          ))}
          <p>
            <button>Add</button>
          </p>
        </form>
      </details>
    </section>
  );
}

function EntryTable({ entries }: { entries: Entry[] }) {
  if (entries.length === 0) return <p class="soft">Nobody has entered a journey yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Contact key</th>
          <th>Event</th>
          <th>Data</th>
          <th>Entered</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ contactKey, key, data, at }) => (
          <tr>
            <td>{contactKey}</td>
            <td>{key}</td>
            <td>
              {Object.entries(data)
                .map(([name, value]) => `${name}: ${String(value)}`)
                .join(', ') || '–'}
            </td>
            <td>{moment(at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
