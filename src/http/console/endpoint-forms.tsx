import { EVENTS, SUBSCRIBABLE } from '#core/events';
import type { Problem } from '#core/problem';
import type { EndpointView } from '#store/view';
import { at, type ConsoleContext } from './context.ts';
import { ProblemNote } from './errors.tsx';
import { When } from './when.tsx';

/** What a person says of an endpoint. */
export interface EndpointSettings {
  url: string;
  events: string[];
  description: string;
}

const settingsIn = (endpoint: EndpointView): EndpointSettings => ({ ...endpoint, events: JSON.parse(endpoint.events) as string[] });

/** What an endpoint is, to be typed in or changed; `typed` is what was refused, given back. */
export function EndpointForm({ c, action, endpoint, typed }: { c: ConsoleContext; action: string; endpoint?: EndpointView; typed?: EndpointSettings }) {
  const { url, events, description } = typed ?? (endpoint ? settingsIn(endpoint) : { url: '', events: [], description: '' });
  const wanted = new Set(events);
  const local = c.var.options.sandbox;
  return (
    <form method="post" action={action} class="endpoint-form">
      <label>
        Address
        <input type="url" name="url" value={url} placeholder="https://example.com/hooks" required maxlength={2000} autocomplete="off" spellcheck={false} />
      </label>
      <p class="soft small">https, reachable from the internet{local ? '; in this sandbox also http://localhost with a port above 1024' : ''}.</p>
      <label>
        What it is, for whoever looks here next
        <input name="description" value={description} maxlength={200} placeholder="Data warehouse" />
      </label>
      <fieldset>
        <legend>Events</legend>
        <p class="soft small">None chosen means all of them, those of later versions too.</p>
        <ul class="choices">
          {SUBSCRIBABLE.map((type) => (
            <li>
              <label>
                <input type="checkbox" name="events" value={type} checked={wanted.has(type)} />
                <span>
                  <code>{type}</code> <span class="soft small">{EVENTS[type].description}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <button>{endpoint ? 'Save' : 'Add the endpoint'}</button>
    </form>
  );
}

interface Refused {
  c: ConsoleContext;
  endpoint?: EndpointView;
  typed: EndpointSettings;
  problem: Problem;
}

/** Settings that cannot be, with why not, and with all that was typed. */
export function RefusedSettings({ c, endpoint, typed, problem }: Refused) {
  const path = endpoint ? `/webhooks/${endpoint.id}` : '/webhooks';
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/webhooks')}>Webhooks</a>
        {endpoint ? <a href={at(c, path)}>{endpoint.description || new URL(endpoint.url).host}</a> : null}
      </p>
      <h1>{endpoint ? 'Change the endpoint' : 'Add an endpoint'}</h1>
      <ProblemNote problem={problem} />
      <div class="sheet">
        <EndpointForm c={c} action={at(c, endpoint ? `${path}/settings` : path)} {...(endpoint ? { endpoint } : {})} typed={typed} />
      </div>
    </>
  );
}

/** A signing secret, this once. */
export function SecretMade({ c, id, secret, oldUntil }: { c: ConsoleContext; id: string; secret: string; oldUntil?: number }) {
  return (
    <section class="sheet narrow">
      <h1>The signing secret</h1>
      <p>Copy it now into the receiver. It is stored sealed and is not shown again.</p>
      <pre class="data" tabindex={0} aria-label="The signing secret" data-key="">
        {secret}
      </pre>
      {oldUntil === undefined ? (
        <p>Each message is signed with it. Send a test event once the receiver knows it.</p>
      ) : (
        <p>
          The secret before it signs beside it until <When at={oldUntil} now={c.var.options.clock.now()} />. A receiver that knows either of the two takes every message meanwhile.
          Rotating again before then ends the older one at once.
        </p>
      )}
      <p>
        <a class="button" href={at(c, `/webhooks/${id}`)}>
          I have copied it
        </a>
      </p>
    </section>
  );
}

export function ConfirmDelete({ c, endpoint }: { c: ConsoleContext; endpoint: EndpointView }) {
  return (
    <section class="sheet narrow">
      <h1>Delete the endpoint?</h1>
      <p>
        <code>{endpoint.url}</code>
      </p>
      <ul>
        <li>It hears of nothing any more, and its secret is destroyed.</li>
        <li>The messages for it go with it, told and untold.</li>
        <li>Envelopes, timelines and ledgers stay as they are.</li>
      </ul>
      <form method="post" class="row">
        <button class="danger">Delete it for good</button>
        <a class="button plain" href={at(c, `/webhooks/${endpoint.id}`)}>
          Keep it
        </a>
      </form>
    </section>
  );
}
