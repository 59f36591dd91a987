import type { Child } from 'hono/jsx';
import type { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { SandboxOptions } from '#ports/sandbox';
import { projectFile } from '#lib/root';

const css = projectFile('src/connectors/sandbox/page.css');
const script = projectFile('src/connectors/sandbox/page.js');

export interface PageLink {
  label: string;
  href: string;
}

export interface SandboxPage {
  /** As people write it, such as `HubSpot`. Shown with the word "sandbox", so that nobody takes it for the vendor. */
  vendor: string;
  /** CSS colour of the top bar. */
  accent: string;
  title: string;
  /** Root of the sandbox, from `options.baseUrl()`. */
  base: string;
  nav?: (PageLink & { current?: boolean })[];
  /** The other parts of the world, such as the console and the mailbox. */
  elsewhere?: PageLink[];
  /** Scripts of the sandbox's own, by address. */
  scripts?: string[];
  /** Seconds after which the page looks whether something has changed, and shows it. */
  refresh?: number;
  /** Where a short text tells whether there is anything new, and that text as of this page; for pages that cost much to build. */
  news?: { href: string; seen: string };
  children?: Child;
}

/** A moment as people write it, in UTC; a dash where there is none. */
export function moment(at: number | string | null | undefined): string {
  const date = new Date(at ?? NaN);
  return Number.isNaN(date.getTime())
    ? '–'
    : `${date.toLocaleString('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })} UTC`;
}

/** A page as the whole text of an answer. Without a doctype, browsers fall back to the rules of old. */
export async function documentOf(page: unknown): Promise<string> {
  return `<!doctype html>${String(await page)}`;
}

/** The other parts of the world; the connector server alone where nobody named them. */
export const elsewhereOf = ({ elsewhere, serverUrl }: SandboxOptions): PageLink[] => elsewhere?.() ?? [{ label: 'Countersign', href: `${serverUrl()}/` }];

/** The frame of every sandbox page. */
export function Page(page: SandboxPage) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${page.title} · ${page.vendor} sandbox`}</title>
        <link rel="stylesheet" href={`${page.base}/assets/page.css`} />
        <link rel="icon" href="data:," />
        {page.refresh ? <script src={`${page.base}/assets/page.js`} defer /> : null}
        {page.scripts?.map((src) => (
          <script src={src} defer />
        ))}
      </head>
      <body class={`accent-${page.accent}`}>
        <header class="bar">
          <a class="brand" href={`${page.base}/`}>
            {page.vendor} <span class="tag">sandbox</span>
          </a>
          {page.nav && page.nav.length > 0 ? (
            <nav aria-label={page.vendor}>
              {page.nav.map((link) => (
                <a href={link.href} aria-current={link.current ? 'page' : undefined}>
                  {link.label}
                </a>
              ))}
            </nav>
          ) : null}
          {page.elsewhere && page.elsewhere.length > 0 ? (
            <nav class="elsewhere" aria-label="Elsewhere">
              {page.elsewhere.map((link) => (
                <a href={link.href}>{link.label}</a>
              ))}
            </nav>
          ) : null}
        </header>
        <main data-refresh={page.refresh ? String(page.refresh) : undefined} data-news={page.news?.href} data-seen={page.news?.seen}>
          {page.children}
        </main>
      </body>
    </html>
  );
}

/** Serves the stylesheet and sets a strict content security policy on `app`'s pages. Call first. `formTargets` are origins that forms may lead to. */
export function servePages(app: Hono): void {
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.get('/assets/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' }));
  app.get('/assets/page.css', (c) => c.body(css, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' }));
}
