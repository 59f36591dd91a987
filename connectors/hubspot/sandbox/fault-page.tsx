import type { Faults } from '#ports/sandbox';
import { CallTable, Note } from '#shared/sandbox/sheet.tsx';
import type { Desk } from './desk.ts';
import { Frame } from './frame.tsx';

const WORDS: Record<Exclude<keyof Faults, 'maxPauseMs'>, string> = {
  duplicate: 'Webhooks sent twice',
  reorder: 'Webhooks out of order',
  delay: 'Webhooks late',
  drop: 'Webhooks lost',
  wrongSignature: 'Webhooks signed wrongly',
  rateLimited: 'API answers 429',
  unavailable: 'API answers 503',
  lostReply: 'API does it, then hangs up',
};
export const FAULT_NAMES = Object.keys(WORDS) as (keyof typeof WORDS)[];

/** How HubSpot misbehaves, in percent. */
export function FaultPage({ desk, said }: { desk: Desk; said: string | null }) {
  const { faults, searchLag } = desk;
  return (
    <Frame desk={desk} title="Faults" here="/faults">
      <h1>Faults</h1>
      <Note say={said} />
      <div class="grid">
        <form method="post" action={`${desk.options.baseUrl()}/faults`} class="sheet">
          <p>Chance of each, in percent. It holds from the next request on.</p>
          {FAULT_NAMES.map((name) => (
            <label>
              {WORDS[name]}
              <input type="number" name={name} min="0" max="100" step="1" value={String(Math.round(faults[name] * 100))} />
            </label>
          ))}
          <label>
            Longest pause, milliseconds
            <input type="number" name="maxPauseMs" min="0" max="60000" value={String(faults.maxPauseMs)} />
          </label>
          <label>
            Search lags by, milliseconds
            <input type="number" name="searchLagMs" min="0" max="600000" value={String(searchLag.ms)} />
          </label>
          <p class="row">
            <button>Apply</button>
            <button class="plain" name="all" value="off">
              Turn all off
            </button>
          </p>
        </form>
        <section class="sheet">
          <h2>Webhook answers so far</h2>
          <p>
            {Object.entries(desk.answers())
              .map(([status, count]) => `${status === '0' ? 'no answer' : status}: ${count}`)
              .join(' · ') || 'None sent.'}
          </p>
          <h2>API calls so far</h2>
          <CallTable calls={desk.calls()} />
        </section>
      </div>
    </Frame>
  );
}
