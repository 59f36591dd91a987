import type { HeldState } from '#core/brakes';
import type { HeldView, HoldView, Page } from '#store/view';
import { Badge, type Tone } from './badge.tsx';
import { at, type ConsoleContext } from './context.ts';
import { counted } from './counted.ts';
import { sentenceOf } from './held.tsx';
import { Exports, linkWith, Tabs } from './list.tsx';
import { When } from './when.tsx';

const WORDS: Record<HeldState, readonly [string, Tone]> = {
  waiting: ['Waits', 'warn'],
  released: ['Released', 'good'],
  discarded: ['Discarded', 'plain'],
  resumed: ['Resumed', 'good'],
};

export function HoldPage({ c, hold, page }: { c: ConsoleContext; hold: HoldView; page: Page<HeldView> }) {
  const open = hold.closed_at === null;
  return (
    <>
      <p class="crumbs">
        <a href={at(c, '/held')}>Held</a>
      </p>
      <h1>{open ? sentenceOf(hold) : `Rule "${hold.rule}": all is decided`}</h1>
      <p class="soft">
        Each deal says: “{hold.say}” Since <When at={hold.opened_at} now={c.var.options.clock.now()} />.
      </p>
      {open && hold.cause !== 'stop' ? (
        <p>Released sends go out from each deal as it is by then: whoever has left the stage, or lacks what the rule needs, gets nothing. Limits and consent hold as ever.</p>
      ) : null}
      <Tabs
        c={c}
        name="state"
        options={[
          { value: '', label: 'All' },
          ...(Object.keys(WORDS) as HeldState[]).map((value) => ({ value, label: WORDS[value][0], count: value === 'waiting' ? hold.waiting : undefined })),
        ]}
      />
      <form method="post">
        {open ? <Actions c={c} hold={hold} /> : null}
        <Sends c={c} hold={hold} sends={page.rows} />
      </form>
      {page.next ? (
        <nav class="pager" aria-label="Pages">
          <a href={linkWith(c, { after: page.next })} rel="next">
            More
          </a>
        </nav>
      ) : null}
      <Exports c={c} />
    </>
  );
}

function Actions({ c, hold }: { c: ConsoleContext; hold: HoldView }) {
  const to = (verb: string) => at(c, `/held/${hold.id}/${verb}`);
  return (
    <p class="row">
      {hold.cause === 'stop' ? null : (
        <>
          <a class="button" href={to('release')}>
            Release all {hold.waiting}…
          </a>
          <button class="plain" formaction={to('release')} name="which" value="chosen">
            Release the chosen
          </button>
        </>
      )}
      <button class="plain" formaction={to('discard')} name="which" value="chosen">
        Discard the chosen
      </button>
      <a class="button plain" href={to('discard')}>
        Discard all…
      </a>
    </p>
  );
}

function Sends({ c, hold, sends }: { c: ConsoleContext; hold: HoldView; sends: HeldView[] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          {hold.closed_at === null ? (
            <th scope="col">
              <span class="sr">Choose</span>
            </th>
          ) : null}
          <th scope="col">Deal</th>
          <th scope="col">State</th>
          <th scope="col">Entered</th>
        </tr>
      </thead>
      <tbody>
        {sends.map((send) => (
          <tr>
            {hold.closed_at === null ? (
              <td>{send.state === 'waiting' ? <input type="checkbox" name="send" value={send.id} aria-label={`Choose ${send.deal_name}`} /> : null}</td>
            ) : null}
            <td data-label="Deal" class="main">
              <a href={at(c, `/stories/${send.correlation}`)}>{send.deal_name || send.deal}</a>
              <p class="soft small">
                <code>{send.deal}</code>
              </p>
            </td>
            <td data-label="State">
              <Badge words={WORDS[send.state]} />
              {send.decided_by === null ? null : <p class="soft small">by {send.decided_by}</p>}
            </td>
            <td data-label="Entered">
              <When at={send.at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const CONSEQUENCES = {
  release: [
    'Each deal is read again first: whoever has left the stage, or lacks what the rule needs, gets nothing.',
    'The others get their envelope now, as fast as the provider takes them.',
    'Who released them stays in the audit ledger.',
  ],
  discard: [
    'Nothing of it is ever sent for this entry into the stage, and each deal says so.',
    'A deal that enters the stage again starts the rule anew, and a person may still press Send.',
    'Who discarded it stays in the audit ledger.',
  ],
} as const;

export function Confirm({ c, hold, verb }: { c: ConsoleContext; hold: HoldView; verb: keyof typeof CONSEQUENCES }) {
  const does = verb === 'release' ? 'Release' : 'Discard';
  return (
    <section class="sheet narrow">
      <h1>
        {does} {counted(hold.waiting, 'held send')}?
      </h1>
      <p>{sentenceOf(hold)}</p>
      <ul>
        {CONSEQUENCES[verb].map((say) => (
          <li>{say}</li>
        ))}
      </ul>
      <form method="post" class="row">
        <button class={verb === 'discard' ? 'danger' : undefined} name="which" value="all">
          {does} all {hold.waiting}
        </button>
        <a class="button plain" href={at(c, `/held/${hold.id}`)}>
          Not yet
        </a>
      </form>
    </section>
  );
}
