import { Hono } from 'hono';
import type { AuditTable, LedgerHeadsTable, LedgerName } from '#store/ledger-schema';
import { ledgerHeads, listAudit, listInstalls, type Page } from '#store/view';
import { actionsSaid, sayAction, sayActor, sayOn } from './audit-words.ts';
import { commandOf } from './command.ts';
import { tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Data, Facts, Id } from './data.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, Filter, jsonPage, Pager, wantsJson } from './list.tsx';
import { When } from './when.tsx';

const BOOKS: [LedgerName, string, string][] = [
  ['facts', 'Facts', 'what we heard'],
  ['receipts', 'Receipts', 'what was done'],
  ['audit', 'Audit', 'what people did here'],
  ['consents', 'Consents', 'what people agreed to'],
  ['touches', 'Touchpoints', 'how people came'],
  ['attributions', 'Attributions', 'what was frozen of it'],
];

export function ledgerPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/ledger', async (c) => {
    const { db } = c.var.options;
    const text = c.req.query('q');
    const page = await listAudit(db, tenantIn(c).id, { text, actions: actionsSaid(text) }, askOf(c));
    const heads = await ledgerHeads(db, tenantIn(c).id);
    if (wantsJson(c)) return jsonPage(c, page);
    const installs = await listInstalls(db, tenantIn(c).id);
    const accounts = new Map(installs.map(({ id, vendor, name }) => [id, `${vendorName(c.var.options, vendor)} ${name}`]));
    return show(c, { title: 'Ledger', current: 'ledger' }, <Ledger c={c} heads={heads} page={page} filtered={Boolean(text)} accounts={accounts} />);
  });
  return app;
}

interface LedgerProps {
  c: ConsoleContext;
  heads: LedgerHeadsTable[];
  page: Page<AuditTable>;
  filtered: boolean;
  accounts: ReadonlyMap<string, string>;
}

function Ledger({ c, heads, page, filtered, accounts }: LedgerProps) {
  return (
    <>
      <h1>Ledger</h1>
      <p class="soft">Six books that are only ever added to. Each entry carries the hash of the one before it, so that a change anywhere shows.</p>
      <section class="tiles">
        {BOOKS.map(([name, title, what]) => (
          <LedgerTile title={title} what={what} head={heads.find((head) => head.ledger === name)} />
        ))}
      </section>
      <section class="sheet">
        <h2>Prove it</h2>
        <p>On the machine that runs the server:</p>
        <pre class="data">{commandOf('ledger verify')}</pre>
        <p class="soft">
          It recomputes every hash of every book and names the first entry that does not fit. Keep a head from above elsewhere to prove later that nothing before it was changed.
        </p>
      </section>
      <section>
        <h2>What people did</h2>
        <Filter c={c} hint="Action, person or subject" />
        {page.rows.length > 0 ? (
          <Audit c={c} rows={page.rows} accounts={accounts} />
        ) : filtered ? (
          <Empty title="Nothing matches">Actions match in part, people and ids as a whole.</Empty>
        ) : null}
        {page.rows.length === 0 && !filtered ? (
          <Empty title="Nobody did anything yet">Connecting an account, saving a mapping or voiding an envelope is written here.</Empty>
        ) : null}
        <Pager c={c} next={page.next} />
        <Exports c={c} />
      </section>
    </>
  );
}

function LedgerTile({ title, what, head }: { title: string; what: string; head: LedgerHeadsTable | undefined }) {
  const entries = head?.seq ?? 0;
  return (
    <div class="tile">
      <h2>
        {title} <small>{what}</small>
      </h2>
      <p>
        <b class="figure">{entries}</b> {entries === 1 ? 'entry' : 'entries'}
      </p>
      {head && head.seq > 0 ? <Id value={head.hash} /> : <p class="soft">Empty.</p>}
    </div>
  );
}

function Audit({ c, rows, accounts }: { c: ConsoleContext; rows: AuditTable[]; accounts: LedgerProps['accounts'] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Action</th>
          <th scope="col">By</th>
          <th scope="col">On</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <td data-label="Action" class="main">
              <strong>{sayAction(row.action)}</strong>
              <AuditDetails row={row} />
            </td>
            <td data-label="By">{sayActor(row.actor)}</td>
            <td data-label="On">
              <On c={c} row={row} accounts={accounts} />
            </td>
            <td data-label="When">
              <When at={row.at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function On({ c, row, accounts }: { c: ConsoleContext; row: AuditTable; accounts: LedgerProps['accounts'] }) {
  const { say, href } = sayOn(c, row, accounts);
  return href === null ? <>{say}</> : <a href={href}>{say}</a>;
}

function AuditDetails({ row }: { row: AuditTable }) {
  return (
    <details>
      <summary>Details</summary>
      <Facts
        rows={[
          ['Action', <code>{row.action}</code>],
          ['By', <code>{row.actor}</code>],
          ['On', <code>{row.subject}</code>],
          ['Place in the ledger', row.seq],
          ['Hash', <code>{row.hash}</code>],
        ]}
      />
      {row.detail === '{}' ? null : <Data text={row.detail} />}
    </details>
  );
}
