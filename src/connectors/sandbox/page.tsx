import type { Child } from 'hono/jsx';
import type { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { projectFile } from '#lib/root';

const css = projectFile('src/connectors/sandbox/page.css');

export interface SandboxPage {
  /** As people write it, such as `HubSpot`. Shown with the word "sandbox", so that nobody takes it for the vendor. */
  vendor: string;
  /** CSS colour of the top bar. */
  accent: string;
  title: string;
  /** Root of the sandbox, from `options.baseUrl()`. */
  base: string;
  nav?: { label: string; href: string; current?: boolean }[];
  /** Where the console is; no link where absent. */
  consoleUrl?: string;
  /** Scripts of the sandbox's own, by address. */
  scripts?: string[];
  /** Seconds after which the page reloads itself. */
  refresh?: number;
  children?: Child;
}

/** A page as the whole text of an answer. Without a doctype, browsers fall back to the rules of old. */
export async function documentOf(page: unknown): Promise<string> {
  return `<!doctype html>${String(await page)}`;
}

/** The frame of every sandbox page. */
export function Page(page: SandboxPage) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        {page.refresh ? <meta http-equiv="refresh" content={String(page.refresh)} /> : null}
        <title>{`${page.title} · ${page.vendor} sandbox`}</title>
        <link rel="stylesheet" href={`${page.base}/assets/page.css`} />
        <link rel="icon" href="data:," />
        {page.scripts?.map((src) => <script src={src} defer />)}
      </head>
      <body class={`accent-${page.accent}`}>
        <header class="bar">
          <a class="brand" href={`${page.base}/`}>
            {page.vendor} <span class="tag">sandbox</span>
          </a>
          <nav>
            {page.nav?.map((link) => (
              <a href={link.href} aria-current={link.current ? 'page' : undefined}>
                {link.label}
              </a>
            ))}
            {page.consoleUrl ? <a href={page.consoleUrl}>Countersign console</a> : null}
          </nav>
        </header>
        <main>{page.children}</main>
      </body>
    </html>
  );
}

/** Serves the stylesheet and sets a strict content security policy on `app`'s pages. Call first. `formTargets` are origins that forms may lead to. */
export function servePages(app: Hono): void {
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'self'"], scriptSrc: ["'self'"], imgSrc: ["'self'", 'data:'], connectSrc: ["'self'"], baseUri: ["'none'"], frameAncestors: ["'none'"] },
    }),
  );
  app.get('/assets/page.css', (c) => c.body(css, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' }));
}
