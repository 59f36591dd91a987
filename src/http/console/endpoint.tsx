import type { EndpointView, MessageRow, MessageState, Page } from '#store/view';
import { Badge, type Tone } from './badge.tsx';
import { at, type ConsoleContext } from './context.ts';
import { counted } from './counted.ts';
import { Facts, Id } from './data.tsx';
import { EndpointForm } from './endpoint-forms.tsx';
import { Empty, Exports, Filter, Pager, Tabs } from './list.tsx';
import { When } from './when.tsx';

export const MESSAGE_WORDS: Record<MessageState, readonly [string, Tone]> = {
  ready: ['Waiting', 'wait'],
  leased: ['Being sent', 'wait'],
  done: ['Told', 'good'],
  failed: ['Failed', 'bad'],
};
const LABELS: [MessageState | '', string][] = [
  ['', 'All'],
  ['failed', 'Failed'],
  ['ready', 'Waiting'],
  ['done', 'Told'],
];

export function EndpointState({ endpoint }: { endpoint: EndpointView }) {
  if (endpoint.state === 'disabled') return <Badge words={['Disabled', 'bad']} />;
  return endpoint.failing_since === null ? <Badge words={['Active', 'good']} /> : <Badge words={['Failing', 'warn']} />;
}

/** The types that an endpoint hears of, in words. */
export function Subscribed({ endpoint }: { endpoint: EndpointView }) {
  const events = JSON.parse(endpoint.events) as string[];
  return events.length === 0 ? <>all</> : <>{events.join(', ')}</>;
}

/** One endpoint: how it fares, what it was told, and what can be done. */
export function EndpointPage({ c, endpoint, page, filtered }: { c: ConsoleContext; endpoint: EndpointView; page: Page<MessageRow>; filtered: boolean }) {
  const now = c.var.options.clock.now();
  const counts: Partial<Record<MessageState | '', number>> = { failed: endpoint.failed, ready: endpoint.waiting };
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/webhooks')}>Webhooks</a>
      </p>
      <h1>
        {new URL(endpoint.url).host} <EndpointState endpoint={endpoint} />
      </h1>
      {endpoint.description ? <p class="lead">{endpoint.description}</p> : null}
      <Health c={c} endpoint={endpoint} now={now} />
      <section class="sheet install">
        <Facts
          rows={[
            ['Address', <Id value={endpoint.url} />],
            ['Events', <Subscribed endpoint={endpoint} />],
            ['Last success', <When at={endpoint.last_ok_at} now={now} />],
            ['Nothing comes through since', endpoint.failing_since === null ? null : <When at={endpoint.failing_since} now={now} />],
            ['Sent to again', endpoint.state === 'active' && endpoint.next_at > now ? <When at={endpoint.next_at} now={now} /> : null],
            ['Two secrets sign until', endpoint.old_until !== null && endpoint.old_until > now ? <When at={endpoint.old_until} now={now} /> : null],
            ['Added', <When at={endpoint.created_at} now={now} />],
            ['Endpoint', <Id value={endpoint.id} />],
          ]}
        />
        <Actions c={c} endpoint={endpoint} />
      </section>
      <section>
        <h2>Messages</h2>
        <Filter c={c} hint="Message, event, envelope or story id" />
        <Tabs c={c} name="state" options={LABELS.map(([value, label]) => ({ value, label, count: counts[value] }))} />
        {page.rows.length > 0 ? (
          <>
            <MessageTable c={c} rows={page.rows} />
            <Pager c={c} next={page.next} />
            <Exports c={c} />
          </>
        ) : (
          <NoMessages c={c} endpoint={endpoint} filtered={filtered} />
        )}
      </section>
    </>
  );
}

function Health({ c, endpoint, now }: { c: ConsoleContext; endpoint: EndpointView; now: number }) {
  const act = (verb: string) => at(c, `/webhooks/${endpoint.id}/${verb}`);
  if (endpoint.state === 'disabled')
    return (
      <div class="note bad">
        <p>
          <strong>{endpoint.reason}</strong>
        </p>
        <p>Nothing that happens now is written down for it. {endpoint.failed > 0 ? 'What failed is kept, and can be replayed once it is enabled again.' : ''}</p>
        <form method="post" action={act('enable')}>
          <button>Enable it again</button>
        </form>
      </div>
    );
  if (endpoint.failed === 0) return null;
  return (
    <div class="note warn">
      <p>
        {counted(endpoint.failed, 'message')} did not come through.
        {endpoint.failing_since === null ? null : (
          <>
            {' '}
            Nothing has since <When at={endpoint.failing_since} now={now} />
          </>
        )}
      </p>
      <form method="post" action={act('replay')}>
        <button>Replay all that failed</button>
      </form>
    </div>
  );
}

function Actions({ c, endpoint }: { c: ConsoleContext; endpoint: EndpointView }) {
  const act = (verb: string) => at(c, `/webhooks/${endpoint.id}/${verb}`);
  return (
    <>
      <div class="row actions">
        {endpoint.state === 'active' ? (
          <>
            <form method="post" action={act('test')}>
              <button>Send a test event</button>
            </form>
            <form method="post" action={act('disable')}>
              <button class="plain">Disable</button>
            </form>
          </>
        ) : null}
        <a class="button plain danger" href={act('delete')}>
          Delete…
        </a>
      </div>
      <details>
        <summary>Change the address or the events</summary>
        <EndpointForm c={c} action={act('settings')} endpoint={endpoint} />
      </details>
      <details>
        <summary>Rotate the signing secret</summary>
        <p>A new secret is made and shown once. For 24 hours each message is signed with both, so that the receiver can be changed in between; then the old one signs no more.</p>
        <form method="post" action={act('rotate')}>
          <button class="plain">Rotate</button>
        </form>
      </details>
    </>
  );
}

function NoMessages({ c, endpoint, filtered }: { c: ConsoleContext; endpoint: EndpointView; filtered: boolean }) {
  if (!filtered) return <Empty title="Nothing was told yet">The first message appears here as soon as an envelope moves. Send a test event to see that one arrives.</Empty>;
  return (
    <Empty title="Nothing here">
      No message is in that state or has that id. <a href={at(c, `/webhooks/${endpoint.id}`)}>Show all messages</a>
    </Empty>
  );
}

function MessageTable({ c, rows }: { c: ConsoleContext; rows: MessageRow[] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">State</th>
          <th scope="col">Happened</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <td data-label="Event" class="main">
              <a href={at(c, `/webhooks/${row.endpoint}/messages/${row.id}`)}>{row.type}</a>
              <p class={row.state === 'failed' ? 'bad small' : 'soft small'}>{row.state === 'done' ? `Answered ${row.status ?? ''}` : (row.error ?? 'Not tried yet.')}</p>
            </td>
            <td data-label="State">
              <Badge words={MESSAGE_WORDS[row.state]} />
            </td>
            <td data-label="Happened">
              <When at={row.at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
