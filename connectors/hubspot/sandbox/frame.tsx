import type { Child } from 'hono/jsx';
import { elsewhereOf, Page } from '#shared/sandbox/page.tsx';
import type { Desk } from './desk.ts';

const PLACES = [
  ['Deals', '/deals'],
  ['Lists', '/lists'],
  ['Faults', '/faults'],
] as const;

/** HubSpot's frame around a page of the account. */
export function Frame(props: { desk: Desk; title: string; here?: string; board?: boolean; refresh?: number; news?: { href: string; seen: string }; children?: Child }) {
  const base = props.desk.options.baseUrl();
  const nav = PLACES.map(([label, path]) => ({ label, href: base + path, current: path === props.here }));
  return (
    <Page
      vendor="HubSpot"
      accent="orange"
      title={props.title}
      base={base}
      nav={nav}
      elsewhere={elsewhereOf(props.desk.options)}
      {...(props.refresh ? { refresh: props.refresh } : {})}
      {...(props.news ? { news: props.news } : {})}
      scripts={props.board ? [`${base}/assets/board.js`] : []}
    >
      {props.children}
    </Page>
  );
}
