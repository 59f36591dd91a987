import type { Hono } from 'hono';
import type { Child } from 'hono/jsx';
import { PlainPage, wordsPage, type Place } from './account.tsx';
import { documentOf } from './page.tsx';

/** What the app asks for: its scopes, and the whole query, which comes back with the person's answer. */
export interface ConsentAsk {
  scopes: string[];
  query: Record<string, string>;
}

/** What the vendor's consent page says. */
export interface ConsentWords {
  /** To what, and as whom. */
  whose: () => Child;
  /** What a scope lets the app do. */
  meanings: Record<string, string>;
  /** The button beside Allow, which in lower case is also its answer. */
  no: 'Cancel' | 'Deny';
}

export interface ConsentDesk {
  place: () => Place;
  words: ConsentWords;
  redirectUri: () => string;
  /** Why the app may not ask this, in words; null where it may. */
  wrong(ask: ConsentAsk): string | null;
  /** The person allows it. Gives the code that the app gets. */
  admit(ask: ConsentAsk): string;
  /** What the app gets in place of a code. */
  refusal: Record<string, string>;
}

/** Form fields as texts. */
export const textsOf = (body: Record<string, unknown>): Record<string, string> => Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
const askOf = (query: Record<string, string>): ConsentAsk => ({ scopes: (query['scope'] ?? '').split(' ').filter(Boolean), query });

/** The consent page at `path` of the account's root, and the way back to the app with the person's answer. */
export function routeConsent(app: Hono, path: string, { place, words, redirectUri, wrong, admit, refusal }: ConsentDesk): void {
  const problem = (why: string) => wordsPage(place(), 'That does not work', why);
  app.get(path, (c) => {
    const ask = askOf(c.req.query());
    const why = wrong(ask);
    return why ? c.html(problem(why), 400) : c.html(documentOf(<ConsentPage place={place()} action={place().base + path} ask={ask} words={words} />));
  });
  app.post(path, async (c) => {
    const ask = askOf(textsOf(await c.req.parseBody()));
    const why = wrong(ask);
    if (why) return c.html(problem(why), 400);
    const { state, decision } = ask.query;
    const back = new URL(redirectUri());
    if (state) back.searchParams.set('state', state);
    const answer = decision === 'allow' ? { code: admit(ask) } : refusal;
    for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
    return c.redirect(back.toString(), 303);
  });
}

function ConsentPage({ place, action, ask, words }: { place: Place; action: string; ask: ConsentAsk; words: ConsentWords }) {
  return (
    <PlainPage place={place} title="Allow access">
      <h1>Countersign asks for access</h1>
      <p>{words.whose()} It may then:</p>
      <ul>
        {ask.scopes.map((scope) => (
          <li>
            {words.meanings[scope] ?? scope} <span class="soft">({scope})</span>
          </li>
        ))}
      </ul>
      <form method="post" action={action}>
        {Object.entries(ask.query).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <div class="row">
          <button name="decision" value="allow">
            Allow
          </button>
          <button class="plain" name="decision" value={words.no.toLowerCase()}>
            {words.no}
          </button>
        </div>
      </form>
    </PlainPage>
  );
}
