import { Hono } from 'hono';
import type { NoticeId } from '#core/ids';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import type { InboxTable } from '#store/schema';
import { findNotice, listNotices, noticeContent, NOTICE_STATES, type NoticeRow, type Page } from '#store/view';
import { Badge, NOTICE_WORDS } from './badge.tsx';
import { at, back, isOperator, sessionIn, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Data, Facts, Id } from './data.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, Filter, jsonPage, NoneSoFar, oneOf, Pager, Tabs, wantsJson } from './list.tsx';
import { When } from './when.tsx';
import { sayKind } from './wording.ts';

export function inboxPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/inbox', async (c) => {
    const filter = { state: oneOf(NOTICE_STATES, c.req.query('state')), text: c.req.query('q') };
    const page = await listNotices(c.var.options.db, tenantIn(c).id, filter, askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    return show(c, { title: 'Inbox', current: 'inbox' }, <Inbox c={c} page={page} filtered={Boolean(filter.state ?? filter.text)} />);
  });
  app.get('/inbox/:notice', async (c) => {
    const notice = await noticeOf(c);
    const content = await noticeContent(c.var.options.db, notice.tenant, notice, isOperator(c));
    if (wantsJson(c)) return c.json({ ...notice, payload: content.text });
    return show(c, { title: sayKind(notice.kind), current: 'inbox' }, <NoticePage c={c} notice={notice} content={content} />);
  });
  app.post('/inbox/:notice/replay', async (c) => {
    const notice = await noticeOf(c);
    await c.var.options.desk.replayNotice(notice.tenant, notice.id, nameOf(sessionIn(c)));
    return back(c, at(c, `/inbox/${notice.id}`), 'replayed');
  });
  app.post('/inbox/:notice/discard', async (c) => {
    const notice = await noticeOf(c);
    await c.var.options.desk.discardNotice(notice.tenant, notice.id, nameOf(sessionIn(c)));
    return back(c, at(c, `/inbox/${notice.id}`), 'discarded');
  });
  return app;
}

async function noticeOf(c: ConsoleContext): Promise<InboxTable> {
  const notice = await findNotice(c.var.options.db, tenantIn(c).id, c.req.param('notice') as NoticeId);
  if (!notice) throw new Problem('request.not-found');
  return notice;
}

function Inbox({ c, page, filtered }: { c: ConsoleContext; page: Page<NoticeRow>; filtered: boolean }) {
  const { waiting } = c.var;
  return (
    <>
      <h1>Inbox</h1>
      <p class="soft">What vendors told us, event by event. Each becomes facts, or is noted and changes nothing.</p>
      <Filter c={c} hint="Event name, key or correlation" />
      <Tabs
        c={c}
        name="state"
        options={[
          { value: '', label: 'All' },
          { value: 'dead', label: 'Dead letters', count: waiting?.inbox.dead },
          { value: 'ready', label: 'Waiting', count: waiting?.inbox.ready },
          { value: 'done', label: 'Done' },
          { value: 'noted', label: 'Noted' },
        ]}
      />
      {page.rows.length > 0 ? (
        <>
          <NoticeTable c={c} rows={page.rows} />
          <Pager c={c} next={page.next} />
          <Exports c={c} />
        </>
      ) : page.next ? (
        <NoneSoFar c={c} next={page.next} />
      ) : filtered ? (
        <Empty title="Nothing here">
          That is good news for dead letters. <a href={at(c, '/inbox')}>Show all notices</a>
        </Empty>
      ) : (
        <Empty title="Nothing was told yet">Webhooks appear here as they arrive, and what reconciliation finds. Move a deal to see the first.</Empty>
      )}
      {isOperator(c) ? (
        <p>
          <a href={at(c, '/faulty')}>Deliveries that could not be read</a> {c.var.faulty ? <span class="count bad">{c.var.faulty}</span> : null}{' '}
          <span class="soft">(of all tenants, for operators)</span>
        </p>
      ) : null}
    </>
  );
}

function NoticeTable({ c, rows }: { c: ConsoleContext; rows: NoticeRow[] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">State</th>
          <th scope="col">From</th>
          <th scope="col">Received</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <td data-label="Event" class="main">
              <a href={at(c, `/inbox/${row.id}`)}>{sayKind(row.kind)}</a>
              <p class="soft small">
                <code>{row.kind}</code>
              </p>
              {row.error ? <p class="bad small">{row.error}</p> : null}
            </td>
            <td data-label="State">
              <Badge words={NOTICE_WORDS[row.state]} />
            </td>
            <td data-label="From">{row.vendor === 'countersign' ? 'Countersign' : vendorName(c.var.options, row.vendor)}</td>
            <td data-label="Received">
              <When at={row.received_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NoticePage({ c, notice, content }: { c: ConsoleContext; notice: InboxTable; content: { text: string | null; withheld: boolean } }) {
  const now = c.var.options.clock.now();
  const gone = content.withheld
    ? 'It came in one delivery with events of other accounts, so only an operator may see it.'
    : 'It is not kept any more: its time is over, or it named someone who was erased.';
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/inbox')}>Inbox</a>
      </p>
      <h1>
        {sayKind(notice.kind)} <Badge words={NOTICE_WORDS[notice.state]} />
      </h1>
      {notice.state === 'dead' ? <DeadNotice c={c} notice={notice} /> : null}
      <section class="sheet">
        <Facts
          rows={[
            ['Event', <code>{notice.kind}</code>],
            ['From', notice.vendor === 'countersign' ? 'Countersign' : vendorName(c.var.options, notice.vendor)],
            ['Happened', <When at={notice.at} now={now} seconds />],
            ['Received', <When at={notice.received_at} now={now} seconds />],
            ['Attempts', notice.attempts],
            ['Key', <code>{notice.key}</code>],
            ['Notice', <Id value={notice.id} />],
            ['Delivery', notice.delivery && <code>{notice.delivery}</code>],
            ['Story', <a href={at(c, `/stories/${notice.correlation}`)}>{notice.correlation}</a>],
          ]}
        />
      </section>
      <section>
        <h2>What was told</h2>
        {content.text === null ? <p class="soft">{gone}</p> : <Data text={content.text} label="What was told" />}
      </section>
    </>
  );
}

function DeadNotice({ c, notice }: { c: ConsoleContext; notice: InboxTable }) {
  return (
    <div class="note bad">
      <p>
        <strong>It could not be understood or stored:</strong> {notice.error ?? 'no cause was kept.'}
      </p>
      <div class="row">
        <form method="post" action={at(c, `/inbox/${notice.id}/replay`)}>
          <button>Try it again</button>
        </form>
        <details>
          <summary>Discard it instead</summary>
          <form method="post" action={at(c, `/inbox/${notice.id}/discard`)}>
            <p>Nothing will come of it, and this cannot be taken back.</p>
            <button class="danger">Discard it for good</button>
          </form>
        </details>
      </div>
    </div>
  );
}
