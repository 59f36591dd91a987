import type { Child } from 'hono/jsx';
import { Page, type PageLink } from '#shared/sandbox/page.tsx';
import type { ConsentAsk } from './oauth.ts';
import { ORG } from './state.ts';

/** Where the pages are, and where the other parts of the world are. */
export interface Place {
  base: string;
  elsewhere: PageLink[];
}

/** A page of the account. */
export function Frame({ place, title, current, refresh, children }: { place: Place; title: string; current?: 'home' | 'faults'; refresh?: number; children?: Child }) {
  const nav = [
    { label: 'Lists', href: `${place.base}/`, current: current === 'home' },
    { label: 'Faults', href: `${place.base}/faults`, current: current === 'faults' },
  ];
  return (
    <Page vendor="Account Engagement" accent="violet" title={title} base={place.base} nav={nav} elsewhere={place.elsewhere} {...(refresh ? { refresh } : {})}>
      {children}
    </Page>
  );
}

const SCOPE_WORDS: Record<string, string> = {
  pardot_api: 'Create prospects and add them to lists in Account Engagement',
  api: 'See which business units this org has',
  openid: 'Know which org this is',
  refresh_token: 'Stay connected while you are away',
};
export function ConsentPage({ place, ask }: { place: Place; ask: ConsentAsk }) {
  return (
    <Page vendor="Account Engagement" accent="violet" title="Allow access" base={place.base}>
      <section class="sheet">
        <h1>Countersign asks for access</h1>
        <p>
          To the org <strong>{ORG.name}</strong>, as {ORG.user.name} ({ORG.user.email}). It may then:
        </p>
        <ul>
          {ask.scopes.map((scope) => (
            <li>
              {SCOPE_WORDS[scope] ?? scope} <span class="soft">({scope})</span>
            </li>
          ))}
        </ul>
        <form method="post" action={`${place.base}/services/oauth2/authorize`}>
          {Object.entries(ask.query).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <div class="row">
            <button name="decision" value="allow">
              Allow
            </button>
            <button class="plain" name="decision" value="deny">
              Deny
            </button>
          </div>
        </form>
      </section>
    </Page>
  );
}

export function WordsPage({ place, title, words }: { place: Place; title: string; words: string }) {
  return (
    <Page vendor="Account Engagement" accent="violet" title={title} base={place.base}>
      <section class="sheet">
        <h1>{title}</h1>
        <p>{words}</p>
      </section>
    </Page>
  );
}
