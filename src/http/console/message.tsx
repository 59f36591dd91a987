import type { EndpointView } from '#store/view';
import type { MessagesTable } from '#store/endpoints-schema';
import { Badge } from './badge.tsx';
import { at, type ConsoleContext } from './context.ts';
import { Data, Facts, Id } from './data.tsx';
import { MESSAGE_WORDS } from './endpoint.tsx';
import { When } from './when.tsx';

/** One message: what it says, what the receiver answered, and replay. */
export function MessagePage({ c, endpoint, message }: { c: ConsoleContext; endpoint: EndpointView; message: MessagesTable }) {
  const now = c.var.options.clock.now();
  const settled = message.state === 'done' || message.state === 'failed';
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/webhooks')}>Webhooks</a> <a href={at(c, `/webhooks/${endpoint.id}`)}>{new URL(endpoint.url).host}</a>
      </p>
      <h1>
        {message.type} <Badge words={MESSAGE_WORDS[message.state]} />
      </h1>
      {message.error ? (
        <p class={message.state === 'failed' ? 'note bad' : 'note'}>
          <strong>{message.error}</strong>
        </p>
      ) : null}
      <section class="sheet">
        <Facts
          rows={[
            ['Happened', <When at={message.at} now={now} seconds />],
            ['Attempts', message.attempts],
            ['Next attempt', message.state === 'ready' ? <When at={message.run_at} now={now} seconds /> : null],
            ['Last change', <When at={message.updated_at} now={now} seconds />],
            ['Answered', message.status],
            ['Envelope', message.envelope && <a href={at(c, `/envelopes/${message.envelope}`)}>{message.envelope}</a>],
            ['Story', message.envelope && <a href={at(c, `/stories/${message.correlation}`)}>{message.correlation}</a>],
            ['Message (webhook-id)', <Id value={message.id} />],
          ]}
        />
        {settled && endpoint.state === 'active' ? (
          <form method="post" action={at(c, `/webhooks/${endpoint.id}/messages/${message.id}/replay`)}>
            <button class={message.state === 'failed' ? '' : 'plain'}>Replay it</button>
            {message.state === 'done' ? <p class="soft small">It was told. The receiver sees the same id, and may leave it out.</p> : null}
          </form>
        ) : null}
        {settled && endpoint.state === 'disabled' ? <p class="soft">The endpoint is disabled. Enable it to replay this message.</p> : null}
      </section>
      <section>
        <h2>What is told</h2>
        <Data text={message.payload} label="What is told" />
      </section>
      {message.answer ? (
        <section>
          <h2>What was answered</h2>
          <pre class="data" tabindex={0} aria-label="What was answered">
            {message.answer}
          </pre>
        </section>
      ) : null}
    </>
  );
}
