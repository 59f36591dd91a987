import type { Child } from 'hono/jsx';
import { Page, type PageLink } from '#shared/sandbox/page.tsx';
import type { ConsentAsk } from './oauth.ts';
import { ACCOUNT } from './state.ts';

/** Where the pages are, and where the other parts of the world are. */
export interface Place {
  base: string;
  elsewhere: PageLink[];
}

/** A page of the account. */
export function Frame({ place, title, current, refresh, children }: { place: Place; title: string; current?: 'home' | 'faults'; refresh?: number; children?: Child }) {
  const nav = [
    { label: 'Journeys', href: `${place.base}/`, current: current === 'home' },
    { label: 'Faults', href: `${place.base}/faults`, current: current === 'faults' },
  ];
  return (
    <Page vendor="Marketing Cloud" accent="slate" title={title} base={place.base} nav={nav} elsewhere={place.elsewhere} {...(refresh ? { refresh } : {})}>
      {children}
    </Page>
  );
}

const SCOPE_WORDS: Record<string, string> = {
  offline: 'Stay connected while you are away',
  list_and_subscribers_read: 'Let contacts enter journeys by their events',
};
export function ConsentPage({ place, ask }: { place: Place; ask: ConsentAsk }) {
  return (
    <Page vendor="Marketing Cloud" accent="slate" title="Allow access" base={place.base}>
      <section class="sheet">
        <h1>Countersign asks for access</h1>
        <p>
          To the business unit <strong>{ACCOUNT.units[0].name}</strong> (MID {ACCOUNT.units[0].mid}), as {ACCOUNT.user.name} ({ACCOUNT.user.email}). It may then:
        </p>
        <ul>
          {ask.scopes.map((scope) => (
            <li>
              {SCOPE_WORDS[scope] ?? scope} <span class="soft">({scope})</span>
            </li>
          ))}
        </ul>
        <form method="post" action={`${place.base}/v2/authorize`}>
          {Object.entries(ask.query).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <div class="row">
            <button name="decision" value="allow">
              Allow
            </button>
            <button class="plain" name="decision" value="cancel">
              Cancel
            </button>
          </div>
        </form>
      </section>
    </Page>
  );
}

export function WordsPage({ place, title, words }: { place: Place; title: string; words: string }) {
  return (
    <Page vendor="Marketing Cloud" accent="slate" title={title} base={place.base}>
      <section class="sheet">
        <h1>{title}</h1>
        <p>{words}</p>
      </section>
    </Page>
  );
}
