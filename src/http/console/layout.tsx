import type { Child } from 'hono/jsx';
import { asset } from './assets.ts';
import { at, isOperator, type ConsoleContext, type Link } from './context.ts';
import { StopBanner } from './stops.tsx';
import { SAID } from './said.ts';

const HTMX = JSON.stringify({ includeIndicatorStyles: false, allowEval: false, historyEnabled: false });

export interface PageFrame {
  title: string;
  /** Which entry of the navigation the page belongs to. */
  current?: string;
  status?: 200 | 400 | 401 | 403 | 404 | 409 | 410 | 413 | 422 | 429 | 500 | 502 | 503;
}

/** Answers with a whole page. */
export function show(c: ConsoleContext, frame: PageFrame, body: Child): Response | Promise<Response> {
  const page = <Document c={c} frame={frame} body={body} />;
  return c.html(`<!doctype html>${String(page)}`, frame.status ?? 200);
}

/** Answers with a part of a page, for a refresh in place. */
export const showPart = (c: ConsoleContext, body: Child): Response | Promise<Response> => c.html(String(body));

function Document({ c, frame, body }: { c: ConsoleContext; frame: PageFrame; body: Child }) {
  const said = SAID.get(c.req.query('said') ?? '');
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX} />
        <title>{`${frame.title} · Countersign`}</title>
        <link rel="icon" type="image/svg+xml" href={asset('mark.svg')} />
        <link rel="stylesheet" href={asset('console.css')} />
        <script src={asset('htmx.js')} defer></script>
        <script src={asset('console.js')} defer></script>
      </head>
      <body class={c.var.tenant ? 'with-nav' : 'alone'}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Header c={c} current={frame.current} />
        <main id="main" tabindex={-1}>
          {said ? (
            <p class="note good" role="status">
              {said}
            </p>
          ) : null}
          <StopBanner c={c} />
          {body}
        </main>
      </body>
    </html>
  );
}

const PAGES: [string, string, string][] = [
  ['overview', '', 'Overview'],
  ['envelopes', '/envelopes', 'Envelopes'],
  ['held', '/held', 'Held'],
  ['consents', '/consents', 'Consent'],
  ['reports', '/reports', 'Reports'],
  ['capture', '/capture', 'Capture'],
  ['inbox', '/inbox', 'Inbox'],
  ['outbox', '/outbox', 'Outbox'],
  ['mappings', '/mappings', 'Mappings'],
  ['installs', '/installs', 'Installs'],
  ['webhooks', '/webhooks', 'Webhooks'],
  ['ledger', '/ledger', 'Ledger'],
];

function Header({ c, current }: { c: ConsoleContext; current: string | undefined }) {
  const { options, tenant, session } = c.var;
  return (
    <header class="side">
      <a class="brand" href="/">
        <img src={asset('mark.svg')} alt="" width="30" height="30" />
        Countersign
      </a>
      {tenant ? (
        <>
          <p class="tenant">
            <span class="sr">Tenant </span>
            {tenant.name}
            {isOperator(c) ? <a href="/?all=1">all tenants</a> : null}
          </p>
          <Navigation c={c} current={current} />
        </>
      ) : null}
      <div class="side-foot">
        {options.sandbox && session ? <SandboxLinks links={options.sandboxLinks} /> : null}
        {session ? (
          <form method="post" action="/leave">
            <button class="link">Sign out ({session.tenant === null ? 'operator' : 'account admin'})</button>
          </form>
        ) : null}
      </div>
    </header>
  );
}

function Navigation({ c, current }: { c: ConsoleContext; current: string | undefined }) {
  const dead: Record<string, number> = { inbox: (c.var.waiting?.inbox.dead ?? 0) + (c.var.faulty ?? 0), outbox: c.var.waiting?.outbox.parked ?? 0 };
  return (
    <nav aria-label="Main">
      {PAGES.map(([id, path, label]) => (
        <a href={at(c, path)} aria-current={current === id ? 'page' : undefined}>
          {label}
          {id === 'held' && c.var.brakes?.waiting ? (
            <span class="count warn" title="sends that wait for a person">
              {c.var.brakes.waiting}
              <span class="sr"> sends wait for a person</span>
            </span>
          ) : null}
          {dead[id] ? (
            <span class="count bad" title="dead letters">
              {dead[id]}
              <span class="sr"> dead letters</span>
            </span>
          ) : null}
        </a>
      ))}
    </nav>
  );
}

function SandboxLinks({ links }: { links: Link[] }) {
  return (
    <div class="sandbox-links">
      <p>Sandbox</p>
      {links.map((link) => (
        <a href={link.href}>{link.label}</a>
      ))}
    </div>
  );
}
