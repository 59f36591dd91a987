import type { Child } from 'hono/jsx';
import { Page } from '#shared/sandbox/page.tsx';
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
      elsewhere={props.desk.options.elsewhere?.() ?? [{ label: 'Countersign', href: `${props.desk.options.serverUrl()}/` }]}
      {...(props.refresh ? { refresh: props.refresh } : {})}
      {...(props.news ? { news: props.news } : {})}
    >
      {props.children}
    </Page>
  );
}

/** Pairs of a name and what it holds; what is empty shows as a dash. */
export function Pairs(props: { of: [label: string, value: Child][] }) {
  return (
    <dl>
      {props.of.map(([label, value]) => (
        <>
          <dt>{label}</dt>
          <dd>{value === null || value === undefined || value === '' ? <span class="soft">–</span> : value}</dd>
        </>
      ))}
    </dl>
  );
}

export function Note({ say, bad }: { say: string | null; bad?: boolean }) {
  return say ? (
    <p class={bad ? 'note bad' : 'note'} role="status">
      {say}
    </p>
  ) : null;
}
