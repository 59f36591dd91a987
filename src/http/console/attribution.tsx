import { Hono } from 'hono';
import type { FrozenAttribution, KnownTouch } from '#core/frozen-attribution';
import type { EnvelopeId, TenantId } from '#core/ids';
import { sayMoney } from '#core/money';
import { Problem } from '#core/problem';
import type { Touchpoint, TouchInput } from '#core/touch';
import type { CorrectionInput } from '#flow/desk/attribution';
import { nameOf } from '#http/sessions';
import { listAttributions, type AttributionRow } from '#store/attributions';
import type { Db } from '#store/database';
import type { EnvelopesTable } from '#store/schema';
import { listTouches } from '#store/touches';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { Facts, objectOf, plain } from './data.tsx';
import { When } from './when.tsx';

/** So many touchpoints of a chain are shown, the newest. */
const SHOWN = 20;

export interface AttributionView {
  rows: AttributionRow[];
  /** The newest touchpoints of the newest row's chain, latest first. */
  chain: KnownTouch[];
}

export async function readAttribution(db: Db, tenant: TenantId, envelope: EnvelopeId): Promise<AttributionView> {
  const rows = await listAttributions(db, tenant, envelope);
  const newest = rows.findLast(({ corrects }) => corrects === null);
  return { rows, chain: newest ? (await listTouches(db, tenant, newest.data.chain.ids.slice(-SHOWN))).reverse() : [] };
}

/** What was frozen of an envelope, the chain that led to it, and what was corrected since. */
export function Attribution({ c, envelope, attribution: { rows, chain } }: { c: ConsoleContext; envelope: EnvelopesTable; attribution: AttributionView }) {
  return (
    <details class="sheet" id="attribution">
      <summary>
        <h2>Attribution</h2>
      </summary>
      {rows.length === 0 ? <Names envelope={envelope} /> : null}
      {(['sent', 'signed'] as const).map((point) => (
        <Frozen c={c} rows={rows.filter((row) => row.point === point)} />
      ))}
      {chain.length > 0 ? <Chain c={c} rows={rows} chain={chain} /> : null}
    </details>
  );
}

function Names({ envelope }: { envelope: EnvelopesTable }) {
  const names = Object.entries(objectOf(envelope.attribution));
  return (
    <>
      <p class="soft">Frozen when the envelope was made; it never changes. The whole chain is frozen when it goes out.</p>
      {names.length === 0 ? <p>Neither the CRM nor a touchpoint named a source.</p> : <Facts rows={names.map(([name, value]) => [name, plain(value)])} />}
    </>
  );
}

const POINTS = { sent: 'When it was sent', signed: 'When it was signed' } as const;

function Frozen({ c, rows }: { c: ConsoleContext; rows: AttributionRow[] }) {
  const [row, ...corrections] = rows;
  const newest = rows.at(-1);
  if (!row || !newest) return null;
  const now = c.var.options.clock.now();
  return (
    <section class="frozen">
      <h3>{POINTS[row.point]}</h3>
      <p class="soft">
        What was known until <When at={row.at} now={now} />. It is frozen and never changes.
      </p>
      <Ends c={c} data={row.data} />
      {corrections.map((correction) => (
        <div class="note">
          <p>
            Corrected by {correction.by}: {correction.why}
          </p>
          <Ends c={c} data={correction.data} />
        </div>
      ))}
      <CorrectionForm c={c} row={newest} />
    </section>
  );
}

function Ends({ c, data }: { c: ConsoleContext; data: FrozenAttribution }) {
  const { first, last, value, chain } = data;
  return (
    <Facts
      rows={[
        ['First touch', first ? <Touch c={c} touch={first} /> : 'Nobody knows.'],
        ['Last touch', last ? <Touch c={c} touch={last} /> : null],
        ['Touchpoints', chain.count > 0 ? chain.count : null],
        ['Value', value && sayMoney(value)],
      ]}
    />
  );
}

/** A touchpoint in a line: texts from elsewhere, shown as text. */
function Touch({ c, touch }: { c: ConsoleContext; touch: Touchpoint }) {
  const words = [touch.source, touch.medium, touch.campaign ?? touch.campaignId, touch.term, touch.content].filter(Boolean).join(' · ');
  const clicks = Object.keys(touch.clickIds ?? {}).join(', ');
  return (
    <>
      {words || touch.referrer || touch.landingPage || 'Without a source'}
      {clicks ? <span class="soft"> ({clicks})</span> : null}
      {touch.dated === false ? <span class="soft"> time not told</span> : <When at={touch.at} now={c.var.options.clock.now()} />}
    </>
  );
}

function Chain({ c, rows, chain }: { c: ConsoleContext; rows: AttributionRow[]; chain: KnownTouch[] }) {
  const count = rows.findLast(({ corrects }) => corrects === null)?.data.chain.count ?? 0;
  return (
    <details class="inline">
      <summary>
        {counted(count, 'touchpoint')}
        {count > chain.length ? `, the newest ${chain.length}` : ''}
      </summary>
      <ol class="plainlist chain">
        {chain.map((touch) => (
          <li>
            <Touch c={c} touch={touch} /> <span class="soft">{VIA[touch.via]}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

const VIA: Record<KnownTouch['via'], string> = { capture: 'capture page', script: 'script', crm: 'CRM', api: 'API' };
const PARTS = ['source', 'medium', 'campaign'] as const;
const REASON_LENGTH = 500;

function CorrectionForm({ c, row }: { c: ConsoleContext; row: AttributionRow }) {
  return (
    <details class="inline">
      <summary>Correct it</summary>
      <form method="post" action={at(c, `/envelopes/${row.envelope}/attribution/${row.id}`)}>
        <p class="soft">A correction is a new row that points back. What was frozen stays; reports count the newest row.</p>
        {(['first', 'last'] as const).map((end) => (
          <fieldset>
            <legend>{end === 'first' ? 'First touch' : 'Last touch'}</legend>
            {PARTS.map((part) => (
              <label>
                {part.charAt(0).toUpperCase() + part.slice(1)}
                <input name={`${end}_${part}`} value={row.data[end]?.[part] ?? ''} maxlength={500} autocomplete="off" />
              </label>
            ))}
          </fieldset>
        ))}
        <label>
          Why
          <input name="why" maxlength={REASON_LENGTH} required autocomplete="off" />
        </label>
        <button class="plain">Add the correction</button>
      </form>
    </details>
  );
}

export function attributionPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.post('/envelopes/:envelope/attribution/:attribution', async (c) => {
    const { db, desk } = c.var.options;
    const tenant = tenantIn(c).id;
    const envelope = c.req.param('envelope') as EnvelopeId;
    const form = await formOf(c);
    const row = (await listAttributions(db, tenant, envelope)).find(({ id }) => id === c.req.param('attribution'));
    if (!row) throw new Problem('request.not-found');
    const input = changeOf(row, form);
    await desk.correctAttribution(tenant, row.id, input, (form.why ?? '').slice(0, REASON_LENGTH), nameOf(sessionIn(c)));
    return back(c, at(c, `/envelopes/${envelope}`), 'corrected');
  });
  return app;
}

/** What differs from the row. An end that is changed keeps what the form does not show. */
function changeOf({ data }: AttributionRow, form: Record<string, string>): CorrectionInput {
  const ends = (['first', 'last'] as const).map((end) => {
    const given = Object.fromEntries(PARTS.map((part) => [part, (form[`${end}_${part}`] ?? '').trim()]));
    const changed = PARTS.some((part) => given[part] !== (data[end]?.[part] ?? ''));
    return [end, changed ? { ...shown(data[end]), ...given } : undefined] as const;
  });
  return Object.fromEntries(ends.filter(([, touch]) => touch !== undefined));
}

/** The parts of a frozen touch that a correction may keep. Its campaign's id goes: it would name the old one. */
function shown(touch: Touchpoint | null): Partial<TouchInput> {
  if (!touch) return {};
  const { at: time, term, content, landingPage, referrer, clickIds } = touch;
  return { at: time, term, content, landingPage, referrer, clickIds };
}
