import { Hono } from 'hono';
import { MODELS, type Model } from '#core/attribution-models';
import { sayMoney } from '#core/money';
import { buildReport, REPORT_BY, type Report } from '#core/report';
import { isDay, lastDay, readAsk, writeDay, type ReportAsk } from '#core/report-ask';
import { readReport, type ReportBasis } from '#store/view';
import { commandOf } from './command.ts';
import { at, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { Id } from './data.tsx';
import { show } from './layout.tsx';
import { Empty, Exports, linkWith, oneOf, wantsJson } from './list.tsx';
import { Bars, Funnel } from './report-chart.tsx';
import { amountIn, mainCurrency, reportCsv } from './report-csv.ts';
import { reportJson } from './report-json.ts';
import { BY_WORDS, GroupTable, Key, nameOf, StopTable, TimeTable } from './report-tables.tsx';

export const MODEL_WORDS: Record<Model, string> = {
  first: 'First touch',
  last: 'Last touch',
  linear: 'Linear: all alike',
  position: 'Position: 40, 20, 40',
  decay: 'Time decay: half in 7 days',
};
const BARS = 10;
const DAY_MS = 86_400_000;

export function reportPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/reports', async (c) => {
    const { db, clock } = c.var.options;
    const ask = askedIn(c, clock.now());
    const basis = await readReport(db, tenantIn(c).id, ask, ask.model !== 'first' && ask.model !== 'last');
    const report = buildReport(ask, basis.envelopes, basis.touches);
    if (c.req.query('format') === 'csv')
      return c.body(reportCsv(report), 200, { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': `attachment; filename="report-by-${ask.by}.csv"` });
    if (wantsJson(c)) return c.json(reportJson(ask, report, basis));
    return show(
      c,
      { title: 'Reports', current: 'reports' },
      <>
        <h1>Reports</h1>
        <Asking c={c} ask={ask} />
        {basis.envelopes.length > 0 ? <Figures c={c} report={report} basis={basis} /> : <Nothing c={c} basis={basis} />}
      </>,
    );
  });
  return app;
}

/** As the address says; what it says in vain is as if it were not there, like on every list. */
function askedIn(c: ConsoleContext, now: number): ReportAsk {
  const { by, model, from = '', to = '' } = c.req.query();
  const period = isDay(from) && isDay(to) && from > to ? { from: to, to: from } : { from: isDay(from) ? from : undefined, to: isDay(to) ? to : undefined };
  return readAsk({ by: oneOf(REPORT_BY, by), model: oneOf(MODELS, model), ...period }, now);
}

function Asking({ c, ask }: { c: ConsoleContext; ask: ReportAsk }) {
  const days = (count: number) => linkWith(c, { from: writeDay(c.var.options.clock.now() - (count - 1) * DAY_MS), to: null });
  return (
    <form class="filter asking" method="get" action={c.req.path}>
      <label>
        Sent from
        <input type="date" name="from" value={writeDay(ask.from)} />
      </label>
      <label>
        until
        <input type="date" name="to" value={lastDay(ask)} />
      </label>
      <label>
        By
        <select name="by">
          {REPORT_BY.map((by) => (
            <option value={by} selected={by === ask.by}>
              {BY_WORDS[by]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Model
        <select name="model">
          {MODELS.map((model) => (
            <option value={model} selected={model === ask.model}>
              {MODEL_WORDS[model]}
            </option>
          ))}
        </select>
      </label>
      <button class="plain">Show</button>
      <p class="small">
        <a href={days(30)}>30 days</a> · <a href={days(90)}>90 days</a> · <a href={days(365)}>a year</a> · <a href={linkWith(c, { from: '2000-01-01', to: null })}>everything</a>
      </p>
    </form>
  );
}

function Figures({ c, report, basis }: { c: ConsoleContext; report: Report; basis: ReportBasis }) {
  const { total } = report;
  const steps = [
    { label: 'sent', count: total.sent },
    { label: 'viewed', count: total.viewed },
    { label: 'signed', count: total.signed },
  ];
  return (
    <>
      <section aria-labelledby="stops-title">
        <h2 id="stops-title">Where journeys stop</h2>
        <Funnel id="funnel" title="Of the envelopes sent, how many were viewed and signed" steps={steps} />
        <StopTable stops={report.stops} />
      </section>
      <section aria-labelledby="groups-title">
        <h2 id="groups-title">
          By {BY_WORDS[report.by].toLowerCase()} <small>{credit(report)}</small>
        </h2>
        <ValueBars report={report} />
        <GroupTable report={report} />
      </section>
      <section aria-labelledby="times-title">
        <h2 id="times-title">
          How long it takes <small>median, what nine of ten did not exceed, and of how many</small>
        </h2>
        <TimeTable report={report} />
      </section>
      <Basis basis={basis} />
      <Exports c={c} csv />
    </>
  );
}

function credit({ by, model }: Report): string {
  if (by === 'template' || by === 'owner') return 'whatever the model';
  return `envelopes count for their first touch; value by “${MODEL_WORDS[model]}”`;
}

function ValueBars({ report }: { report: Report }) {
  const { rows, total } = report;
  const currency = mainCurrency(total.value);
  if (currency === null) return null;
  const amounts = rows.map((row) => ({ key: row.key, money: amountIn(row.value, currency) })).filter(({ money }) => money.minor > 0);
  const shown = amounts.toSorted((a, b) => b.money.minor - a.money.minor).slice(0, BARS);
  const bars = shown.map(({ key, money }) => ({ label: <Key name={key} />, name: nameOf(key), amount: money.minor, say: sayMoney(money) }));
  return <Bars title={`Signed value${currency ? ` in ${currency}` : ''}${amounts.length > BARS ? `, the first ${BARS} of ${amounts.length}` : ''}`} bars={bars} />;
}

function Basis({ basis: { frozen, corrections, head, cut } }: { basis: ReportBasis }) {
  return (
    <section class="sheet basis" aria-labelledby="basis-title">
      <h2 id="basis-title">Where the figures come from</h2>
      <p>
        {counted(frozen, 'frozen row')} of the attribution ledger{corrections > 0 ? `, with ${counted(corrections, 'correction')}` : ''}, head {head.seq}: <Id value={head.hash} />
      </p>
      <p class="soft">
        Sums over the rows are the whole to the last cent. <code>{commandOf('ledger verify')}</code> proves that no row was changed.
        {cut ? ' The period holds more than a report looks at: the oldest were left out.' : ''}
      </p>
    </section>
  );
}

function Nothing({ c, basis }: { c: ConsoleContext; basis: ReportBasis }) {
  if (basis.head.seq > 0)
    return (
      <Empty title="Nothing was sent in that time">
        <a href={linkWith(c, { from: '2000-01-01', to: null })}>Show everything</a>
      </Empty>
    );
  return (
    <Empty title="Nothing to report yet">
      As soon as an envelope goes out, what brought its signer is frozen, and shows here. <a href={at(c, '/envelopes')}>Look at the envelopes</a>
    </Empty>
  );
}
