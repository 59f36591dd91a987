import { Hono } from 'hono';
import { ENVELOPE_STATUSES } from '#core/envelope';
import { countEnvelopes, listEnvelopes, type EnvelopeFilter, type EnvelopeRow, type Page } from '#store/view';
import { Badge, ENVELOPE_WORDS, RoleProgress } from './badge.tsx';
import { at, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { csvOf } from './csv.ts';
import { show } from './layout.tsx';
import { askOf, countedTo, Empty, Exports, Filter, jsonPage, linkWith, NoneSoFar, oneOf, Pager, Tabs, wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** One export holds at most this many rows; a `Link` header names the next piece. */
const CSV_ROWS = 5000;

export function envelopePages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/envelopes', async (c) => {
    const { db } = c.var.options;
    const tenant = tenantIn(c).id;
    const filter: EnvelopeFilter = { status: oneOf(ENVELOPE_STATUSES, c.req.query('status')), text: c.req.query('q') };
    if (c.req.query('format') === 'csv') return csv(c, await listEnvelopes(db, tenant, filter, { ...askOf(c), limit: CSV_ROWS }));
    const page = await listEnvelopes(db, tenant, filter, askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    const counts = await countEnvelopes(db, tenant);
    const tabs = ENVELOPE_STATUSES.filter((status) => counts[status] || filter.status === status).map((status) => ({
      value: status,
      label: ENVELOPE_WORDS[status][0],
      count: countedTo(counts[status] ?? 0),
    }));
    return show(
      c,
      { title: 'Envelopes', current: 'envelopes' },
      <>
        <h1>Envelopes</h1>
        <Filter c={c} hint="Deal, template, envelope or correlation">
          {filter.status ? <input type="hidden" name="status" value={filter.status} /> : null}
        </Filter>
        {tabs.length > 0 ? <Tabs c={c} name="status" options={[{ value: '', label: 'All' }, ...tabs]} /> : null}
        <Rows c={c} page={page} filtered={Boolean(filter.status ?? filter.text)} />
      </>,
    );
  });
  return app;
}

function Rows({ c, page, filtered }: { c: ConsoleContext; page: Page<EnvelopeRow>; filtered: boolean }) {
  if (page.rows.length === 0) return page.next ? <NoneSoFar c={c} next={page.next} /> : filtered ? <NothingFound c={c} /> : <NoneYet c={c} />;
  return (
    <>
      <EnvelopeTable c={c} rows={page.rows} />
      <Pager c={c} next={page.next} />
      <Exports c={c} csv />
    </>
  );
}

function NothingFound({ c }: { c: ConsoleContext }) {
  return (
    <Empty title="No envelope matches">
      Names match in part, ids only as a whole. <a href={at(c, '/envelopes')}>Show all envelopes</a>
    </Empty>
  );
}

function NoneYet({ c }: { c: ConsoleContext }) {
  return (
    <Empty title="No envelope yet">
      Move a deal to the stage that the mapping names, or press Send for signature on a deal. <a href={at(c, '/mappings/dry-run')}>See what a deal would send</a>
    </Empty>
  );
}

export function EnvelopeTable({ c, rows }: { c: ConsoleContext; rows: EnvelopeRow[] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Deal</th>
          <th scope="col">Status</th>
          <th scope="col">Template</th>
          <th scope="col">Recipients</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <td data-label="Deal" class="main">
              <a href={at(c, `/envelopes/${row.id}`)}>{row.deal_name || `Deal ${row.deal}`}</a>
            </td>
            <td data-label="Status">
              <Badge words={ENVELOPE_WORDS[row.status]} />
            </td>
            <td data-label="Template">{row.template_name}</td>
            <td data-label="Recipients">
              <RoleProgress recipients={row.recipients} />
            </td>
            <td data-label="Requested">
              <When at={row.requested_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const iso = (at: number | null): string => (at === null ? '' : new Date(at).toISOString());

function csv(c: ConsoleContext, page: Page<EnvelopeRow>): Response {
  const head = ['id', 'deal', 'deal_name', 'template', 'rule', 'status', 'requested_at', 'sent_at', 'completed_at', 'closed_at', 'recipients', 'correlation'];
  const rows = page.rows.map((row) => [
    row.id,
    row.deal,
    row.deal_name,
    row.template_name,
    row.rule,
    row.status,
    iso(row.requested_at),
    iso(row.sent_at),
    iso(row.completed_at),
    iso(row.closed_at),
    row.recipients.map((recipient) => `${recipient.role}: ${recipient.status}`).join('; '),
    row.correlation,
  ]);
  const headers = { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="envelopes.csv"' };
  return c.body(csvOf([head, ...rows]), 200, page.next ? { ...headers, link: `<${linkWith(c, { after: page.next })}>; rel="next"` } : headers);
}
