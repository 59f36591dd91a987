import { Frame, type Place } from '#shared/sandbox/account.tsx';
import { moment } from '#shared/sandbox/page.tsx';
import { ORG, type List, type Prospect, type SandboxState } from './state.ts';

const SHOWN_MEMBERS = 50;

/** Lists with their members, and the business units that they belong to. */
export function HomePage({ place, state, fault }: { place: Place; state: SandboxState; fault?: string }) {
  const connected = Object.keys(state.accessTokens).length > 0;
  const { used, limit } = state.usage;
  return (
    <Frame place={place} title={ORG.name} current="home" refresh={3}>
      <h1>{ORG.name}</h1>
      <p class="soft">
        Signed in as {ORG.user.name}. {connected ? 'Countersign is connected to this org.' : 'No app is connected to this org yet: connect it from Countersign.'} {used} of {limit}{' '}
        API requests of the day are used.
      </p>
      {state.units.map((unit) => (
        <>
          <h2>{unit.name}</h2>
          <p class="soft">
            Business unit <code>{unit.id}</code>
            {unit.active ? '' : ', not active'}
          </p>
          <div class="grid">
            {state.lists
              .filter((list) => list.unit === unit.id)
              .map((list) => (
                <ListSheet place={place} state={state} list={list} />
              ))}
            <NewList place={place} unit={unit.id} {...(fault ? { fault } : {})} />
          </div>
        </>
      ))}
    </Frame>
  );
}

function ListSheet({ place, state, list }: { place: Place; state: SandboxState; list: List }) {
  const members = state.memberships.filter(({ listId }) => listId === list.id);
  return (
    <section class="sheet">
      <h3>{list.name}</h3>
      <p class="soft">
        {list.isDynamic ? 'Dynamic: fills itself by its rules' : 'Static'} · {members.length} {members.length === 1 ? 'member' : 'members'}
      </p>
      <table>
        <tbody>
          {members
            .slice(-SHOWN_MEMBERS)
            .reverse()
            .map(({ prospectId, at }) => (
              <MemberRow place={place} prospect={state.prospects.find(({ id }) => id === prospectId)} at={at} />
            ))}
        </tbody>
      </table>
    </section>
  );
}

function MemberRow({ place, prospect, at }: { place: Place; prospect: Prospect | undefined; at: number }) {
  if (!prospect) return null;
  return (
    <tr>
      <td>
        {prospect.email} <span class="soft">{prospect.optedOut ? 'opted out' : ''}</span>
      </td>
      <td>{moment(at)}</td>
      <td>
        {prospect.optedOut ? null : (
          <form method="post" action={`${place.base}/prospects/${prospect.id}/opt-out`}>
            <button class="plain">Opt out</button>
          </form>
        )}
      </td>
    </tr>
  );
}

function NewList({ place, unit, fault }: { place: Place; unit: string; fault?: string }) {
  return (
    <section class="sheet">
      <details open={fault !== undefined}>
        <summary>Add a list</summary>
        {fault ? <p class="note bad">{fault}</p> : null}
        <form method="post" action={`${place.base}/lists/new`}>
          <input type="hidden" name="unit" value={unit} />
          <label>
            Name
            <input name="name" required maxlength={255} />
          </label>
          <label>
            <input type="checkbox" name="dynamic" value="yes" /> Fills itself by rules
          </label>
          <p>
            <button>Add</button>
          </p>
        </form>
      </details>
    </section>
  );
}
