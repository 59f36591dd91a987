import type { Child } from 'hono/jsx';
import { elsewhereOf, Page } from '#shared/sandbox/page.tsx';
import type { Desk } from '../desk.ts';

const PLACES = [
  ['Opportunities', '/opportunities'],
  ['Campaigns', '/campaigns'],
  ['Setup', '/setup'],
] as const;

/** Salesforce's frame around a page of the org. */
export function Frame(props: { desk: Desk; title: string; here?: string; refresh?: number; news?: { href: string; seen: string }; children?: Child }) {
  const base = props.desk.options.baseUrl();
  const nav = PLACES.map(([label, path]) => ({ label, href: base + path, current: path === props.here }));
  return (
    <Page
      vendor="Salesforce"
      accent="blue"
      title={props.title}
      base={base}
      nav={nav}
      elsewhere={elsewhereOf(props.desk.options)}
      {...(props.refresh ? { refresh: props.refresh } : {})}
      {...(props.news ? { news: props.news } : {})}
    >
      {props.children}
    </Page>
  );
}
