import type { Child } from 'hono/jsx';
import { COUNTED_TO, LOOKED_THROUGH, type Ask, type Page } from '#store/view';
import type { ConsoleContext } from './context.ts';

const SHOWN = 50;
const LIMIT = 200;

/** What a list's address asks for: `?after=` and `?limit=` (at most 200). */
export function askOf(c: ConsoleContext): Ask {
  const limit = Number(c.req.query('limit'));
  return { after: c.req.query('after') || undefined, limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, LIMIT) : SHOWN };
}

/** One of the values allowed, or undefined. */
export function oneOf<Value extends string>(values: readonly Value[], asked: string | undefined): Value | undefined {
  return values.find((value) => value === asked);
}

/** This page's address with some of its query changed; an empty value takes the name away. */
export function linkWith(c: ConsoleContext, change: Record<string, string | null>): string {
  const query = new URLSearchParams(c.req.query());
  query.delete('said');
  for (const [name, value] of Object.entries(change)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  return text ? `${c.req.path}?${text}` : c.req.path;
}

export const wantsJson = (c: ConsoleContext): boolean => c.req.query('format') === 'json';

/** A list for machines: the same rows, filters and paging as the page. */
export function jsonPage<Row extends object>(c: ConsoleContext, page: Page<Row>): Response {
  return c.json({ items: page.rows, next: page.next, nextUrl: page.next && linkWith(c, { after: page.next }) });
}

/** Search and filter, as a plain form whose state is the address. */
export function Filter({ c, hint, children }: { c: ConsoleContext; hint: string; children?: Child }) {
  return (
    <form class="filter" method="get" action={c.req.path} role="search">
      <label class="grow">
        <span class="sr">Search</span>
        <input type="search" name="q" value={c.req.query('q') ?? ''} placeholder={hint} maxlength={200} />
      </label>
      {children}
      <button class="plain">Search</button>
    </form>
  );
}

/** A count as the store gives it, which stops counting where there are many. */
export const countedTo = (count: number): string => (count > COUNTED_TO ? `${COUNTED_TO.toLocaleString('en')}+` : String(count));

/** A choice of states as links, with the present one marked. */
export function Tabs({ c, name, options }: { c: ConsoleContext; name: string; options: { value: string; label: string; count?: number | string | undefined }[] }) {
  const present = c.req.query(name) ?? '';
  return (
    <nav class="tabs" aria-label={`Filter by ${name}`}>
      {options.map((option) => (
        <a href={linkWith(c, { [name]: option.value, after: null })} aria-current={present === option.value ? 'true' : undefined}>
          {option.label}
          {option.count ? <span class="count">{option.count}</span> : null}
        </a>
      ))}
    </nav>
  );
}

export function Pager({ c, next }: { c: ConsoleContext; next: string | null }) {
  const after = c.req.query('after');
  if (!next && !after) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {after ? <a href={linkWith(c, { after: null })}>Newest</a> : null}
      {next ? (
        <a href={linkWith(c, { after: next })} rel="next">
          Older
        </a>
      ) : null}
    </nav>
  );
}

/** What stands where a list would be: never just nothing, always what to do next. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <div>{children}</div>
    </div>
  );
}

/** Stands where the part of a list that was looked through has no match, and there is more of it. */
export function NoneSoFar({ c, next }: { c: ConsoleContext; next: string }) {
  return (
    <>
      <Empty title={`No match among ${LOOKED_THROUGH.toLocaleString('en')}`}>There are older ones, which were not looked through yet.</Empty>
      <Pager c={c} next={next} />
    </>
  );
}

export function Exports({ c, csv }: { c: ConsoleContext; csv?: boolean }) {
  return (
    <p class="exports">
      Export: <a href={linkWith(c, { format: 'json' })}>JSON</a>
      {csv ? (
        <>
          {' · '}
          <a href={linkWith(c, { format: 'csv' })}>CSV</a>
        </>
      ) : null}
    </p>
  );
}
