import type { Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { Frame, type Place } from './account.tsx';
import { documentOf } from './page.tsx';

type FaultWords = Partial<Record<keyof Faults, string>>;

export const WEBHOOK_FAULTS = {
  duplicate: 'Webhooks sent twice',
  reorder: 'Webhooks out of order',
  delay: 'Webhooks late',
  drop: 'Webhooks never sent',
  wrongSignature: 'Webhooks signed wrongly',
} satisfies FaultWords;
export const API_FAULTS = {
  rateLimited: 'API calls refused for their number',
  unavailable: 'API calls answered 503',
  lostReply: 'API calls done, answer cut off',
  maxPauseMs: 'Longest pause, milliseconds',
} satisfies FaultWords;

const MOST_PAUSE_MS = 60_000;

/** What the page on faults offers and says. */
interface FaultDesk {
  place: () => Place;
  faults: Faults;
  /** The faults that this vendor can have, in the order in which they are shown. */
  words: FaultWords;
  /** One more sentence. */
  note?: string;
}

/** The page on which a person sets how the vendor misbehaves. */
export function routeFaults(app: Hono, desk: FaultDesk): void {
  app.get('/faults', (c) => c.html(documentOf(<FaultsPage {...desk} saved={c.req.query('saved') === 'yes'} />)));
  app.post('/faults', async (c) => {
    const form = await c.req.parseBody();
    for (const name of namesIn(desk.words)) {
      const value = Number(form[name]);
      if (Number.isFinite(value) && value >= 0) desk.faults[name] = Math.min(value, name === 'maxPauseMs' ? MOST_PAUSE_MS : 1);
    }
    return c.redirect(`${desk.place().base}/faults?saved=yes`, 303);
  });
}

const namesIn = (words: FaultWords) => Object.keys(words) as (keyof Faults)[];

function FaultsPage({ place, faults, words, note, saved }: FaultDesk & { saved: boolean }) {
  return (
    <Frame place={place()} title="Faults" current="faults">
      <h1>Faults</h1>
      <p class="soft">How often this vendor misbehaves, from 0 (never) to 1 (always). It takes effect at once.{note ? ` ${note}` : ''}</p>
      {saved ? <p class="note">Saved.</p> : null}
      <form class="sheet" method="post" action={`${place().base}/faults`}>
        <div class="grid">
          {namesIn(words).map((name) => (
            <div>
              <label for={name}>{words[name]}</label>
              <input id={name} name={name} type="number" min="0" {...(name === 'maxPauseMs' ? { step: '100' } : { max: '1', step: '0.05' })} value={String(faults[name])} />
            </div>
          ))}
        </div>
        <p>
          <button>Save</button>
        </p>
      </form>
    </Frame>
  );
}
