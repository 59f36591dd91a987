import type { Context, Hono } from 'hono';
import type { Child } from 'hono/jsx';
import type { SandboxOptions } from '#ports/sandbox';
import { documentOf, elsewhereOf, Page, type PageLink } from './page.tsx';

/** How an account's pages look. */
export interface Look {
  /** As in `SandboxPage`. */
  vendor: string;
  accent: string;
  /** What the first page is called in the navigation. */
  home: string;
}
/** Where an account's pages are, and where the other parts of the world are. */
export interface Place extends Look {
  base: string;
  elsewhere: PageLink[];
}

export const placeOf = (options: SandboxOptions, look: Look): Place => ({ ...look, base: options.baseUrl(), elsewhere: elsewhereOf(options) });

/** A page of an account that has a first page and one for the faults. */
export function Frame({ place, title, current, refresh, children }: { place: Place; title: string; current?: 'home' | 'faults'; refresh?: number; children?: Child }) {
  const { vendor, accent, base, elsewhere } = place;
  const nav = [
    { label: place.home, href: `${base}/`, current: current === 'home' },
    { label: 'Faults', href: `${base}/faults`, current: current === 'faults' },
  ];
  return (
    <Page vendor={vendor} accent={accent} title={title} base={base} nav={nav} elsewhere={elsewhere} {...(refresh ? { refresh } : {})}>
      {children}
    </Page>
  );
}

/** A page of the login, or one for somebody who is not signed in: without the account's navigation. */
export function PlainPage({ place, title, children }: { place: Place; title: string; children?: Child }) {
  return (
    <Page vendor={place.vendor} accent={place.accent} title={title} base={place.base}>
      <section class="sheet">{children}</section>
    </Page>
  );
}

export const wordsPage = (place: Place, title: string, words: string): Promise<string> =>
  documentOf(
    <PlainPage place={place} title={title}>
      <h1>{title}</h1>
      <p>{words}</p>
    </PlainPage>,
  );

export const absent = (c: Context, place: Place, words: string) => c.html(wordsPage(place, 'Nothing here', words), 404);

/** Answers for every address that has no page. Call last. */
export function routeRest(app: Hono, place: () => Place, home: (c: Context) => Response | Promise<Response>): void {
  // Mounted under a path, the slash at its end is an address of its own to the router.
  app.get('/*', (c) => (c.req.path === `${new URL(place().base).pathname}/` ? home(c) : absent(c, place(), 'The sandbox has no page at this address.')));
}
