import { Hono } from 'hono';
import { ACT_STATUSES, CONSENT_TYPES } from '#core/consent';
import type { ConsentId, PersonId } from '#core/ids';
import { listTexts } from '#store/consent-texts';
import type { Consent, SealedIdentity } from '#store/consents';
import { findPersonByEmail } from '#store/people';
import { listConsentActs, type ConsentFilter, type Page } from '#store/view';
import { Badge } from './badge.tsx';
import { HOW_SHORT, identitiesOf, PersonLink, STATUS_WORDS, topicWords, TYPE_WORDS, Wording } from './consent-words.tsx';
import { at, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { csvOf } from './csv.ts';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, Filter, jsonPage, linkWith, oneOf, Pager, Tabs, wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** One export holds at most this many rows; a `Link` header names the next piece. */
const CSV_ROWS = 5000;

export function consentPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/consents', async (c) => {
    const { db } = c.var.options;
    const tenant = tenantIn(c).id;
    const filter = await filterOf(c);
    if (c.req.query('format') === 'csv') return csv(c, await listConsentActs(db, tenant, filter, { ...askOf(c), limit: CSV_ROWS }));
    const page = await listConsentActs(db, tenant, filter, askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    const identities = await identitiesOf(c, page.rows);
    const filtered = Object.values(filter).some(Boolean);
    return show(
      c,
      { title: 'Consent', current: 'consents' },
      <>
        <div class="heading">
          <h1>Consent</h1>
          <a href={at(c, '/consents/texts')}>Texts</a>
        </div>
        <p class="soft">Each act of a person, as it was captured. What stands now follows from all acts of the person together: a withdrawal wins.</p>
        <Filter c={c} hint="Person, e-mail address, record, purpose or text">
          {filter.type ? <input type="hidden" name="type" value={filter.type} /> : null}
          {filter.status ? <input type="hidden" name="status" value={filter.status} /> : null}
        </Filter>
        <Tabs c={c} name="type" options={[{ value: '', label: 'About anything' }, ...CONSENT_TYPES.map((type) => ({ value: type, label: TYPE_WORDS[type] }))]} />
        <Tabs c={c} name="status" options={[{ value: '', label: 'Any act' }, ...ACT_STATUSES.map((status) => ({ value: status, label: STATUS_WORDS[status][0] }))]} />
        {page.rows.length > 0 ? <Acts c={c} page={page} identities={identities} /> : filtered ? <NothingFound c={c} /> : await noneYet(c)}
      </>,
    );
  });
  return app;
}

/** An address that was typed is looked up, and forgotten: it is nowhere in the answer. */
async function filterOf(c: ConsoleContext): Promise<ConsentFilter> {
  const { db, sealer } = c.var.options;
  const text = c.req.query('q')?.trim() ?? '';
  const filter = { type: oneOf(CONSENT_TYPES, c.req.query('type')), status: oneOf(ACT_STATUSES, c.req.query('status')) };
  if (!text.includes('@')) return { ...filter, text };
  // Nobody has this id: an address that is not known finds nothing, rather than everything.
  const nobody: PersonId = 'per_none';
  return { ...filter, person: (await findPersonByEmail(db, sealer, tenantIn(c).id, text)) ?? nobody };
}

function Acts({ c, page, identities }: { c: ConsoleContext; page: Page<Consent>; identities: Map<ConsentId, SealedIdentity> }) {
  return (
    <>
      <ActTable c={c} rows={page.rows} identities={identities} />
      <Pager c={c} next={page.next} />
      <Exports c={c} csv />
    </>
  );
}

/** Acts as a table; without `identities` it is about one person, who is named above it. */
export function ActTable({ c, rows, identities }: { c: ConsoleContext; rows: readonly Consent[]; identities?: Map<ConsentId, SealedIdentity> }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">About</th>
          {identities ? <th scope="col">Person</th> : null}
          <th scope="col">Act</th>
          <th scope="col">How</th>
          <th scope="col">Wording</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <td data-label="About" class="main">
              <a href={at(c, `/consents/${row.id}`)}>{topicWords(row)}</a>
            </td>
            {identities ? (
              <td data-label="Person">
                <PersonLink c={c} row={row} identity={identities.get(row.id)} />
              </td>
            ) : null}
            <td data-label="Act">
              <Badge words={STATUS_WORDS[row.status]} />
            </td>
            <td data-label="How" class="short">
              {HOW_SHORT[row.how]}
            </td>
            <td data-label="Wording">
              <Wording c={c} row={row} />
            </td>
            <td data-label="When">
              <When at={row.captured_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NothingFound({ c }: { c: ConsoleContext }) {
  return (
    <Empty title="No act matches">
      Ids, purposes, names of texts and addresses match as a whole. <a href={at(c, '/consents')}>Show all acts</a>
    </Empty>
  );
}

async function noneYet(c: ConsoleContext) {
  const texts = await listTexts(c.var.options.db, tenantIn(c).id);
  return (
    <Empty title="Nobody has agreed to anything yet">
      {texts.length === 0 ? 'First publish the words that people shall see. ' : 'Acts come from signed envelopes, capture pages, the API, imports and the CRM. '}
      <a href={at(c, '/consents/texts')}>{texts.length === 0 ? 'Publish a text' : 'See the texts'}</a>
    </Empty>
  );
}

const iso = (time: number | null): string => (time === null ? '' : new Date(time).toISOString());

/** Names nobody: persons are ids, which a proof can be asked for by. */
function csv(c: ConsoleContext, page: Page<Consent>): Response {
  const head = ['id', 'entry', 'person', 'type', 'purpose', 'channel', 'status', 'captured_at', 'recorded_at', 'expires_at', 'how', 'source', 'basis', 'locale', 'jurisdiction'];
  const more = ['text', 'text_version', 'text_hash', 'envelope', 'document_hash', 'hash'];
  const rows = page.rows.map((row) => [
    ...[row.id, String(row.seq), row.person, row.type, row.purpose ?? '', row.channel ?? '', row.status, iso(row.captured_at), iso(row.recorded_at), iso(row.expires_at)],
    ...[row.how, row.source, row.basis, row.locale ?? '', row.jurisdiction ?? '', row.text_name ?? '', row.text_version === null ? '' : String(row.text_version)],
    ...[row.text_hash ?? '', row.envelope ?? '', row.document_hash ?? '', row.hash],
  ]);
  const headers = { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="consents.csv"' };
  return c.body(csvOf([[...head, ...more], ...rows]), 200, page.next ? { ...headers, link: `<${linkWith(c, { after: page.next })}>; rel="next"` } : headers);
}
