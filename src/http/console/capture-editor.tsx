import { Hono } from 'hono';
import { projectFile } from '#lib/root';
import { parseCapturePage } from '#core/capture-parse';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { getCaptureVersion, listCapturePages, listCaptureVersions, type CapturePageRow, type CapturePageVersion } from '#store/capture-pages';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Badge } from './badge.tsx';
import { ProblemNote, statusOf } from './errors.tsx';
import { FaultList, type PlacedFault } from './faults.tsx';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { TextEditor } from './mapping-editor.tsx';
import { When } from './when.tsx';

const NOTE_LENGTH = 200;
const NEW = 'new';

/** What the editor shows: a stored text, or the one just posted, which is given back whatever went wrong with it. */
interface Draft {
  /** The page that is edited; null for one that is new. */
  slug: string | null;
  text: string;
  note: string;
  faults: PlacedFault[] | null;
  problem: Problem | null;
}

export function captureEditor(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/capture/:page', async (c) => {
    const slug = slugOf(c);
    if (slug === null) return showEditor(c, { slug, text: projectFile('mappings/consent/capture.yaml'), note: '', faults: null, problem: null });
    const { version } = await rowOf(c, slug);
    const shown = await getCaptureVersion(c.var.options.db, tenantIn(c).id, slug, Number(c.req.query('version')) || version);
    if (wantsJson(c)) return c.json(shown);
    return showEditor(c, { slug, text: shown.text, note: '', ...(await check(c, shown.text)) });
  });
  app.post('/capture/:page', async (c) => {
    const slug = slugOf(c);
    if (slug !== null) await rowOf(c, slug);
    const form = await formOf(c);
    // A browser sends line ends as CR LF.
    const text = (form.text ?? '').replaceAll('\r\n', '\n');
    const note = (form.note ?? '').trim().slice(0, NOTE_LENGTH);
    if (form.do !== 'save') return showEditor(c, { slug, text, note, ...(await check(c, text)) });
    try {
      const saved = await c.var.options.desk.capture.save(tenantIn(c).id, text, note, nameOf(sessionIn(c)), slug ?? undefined);
      if (saved.saved) return back(c, at(c, `/capture/${saved.slug}`), 'page-saved');
      return await showEditor(c, {
        slug,
        text,
        note,
        faults: saved.faults,
        problem: new Problem('mapping.faulty', { say: 'The page has faults. Correct them all, then save again.' }),
      });
    } catch (error) {
      return showEditor(c, { slug, text, note, faults: null, problem: Problem.from(error) });
    }
  });
  return app;
}

const slugOf = (c: ConsoleContext): string | null => (c.req.param('page') === NEW ? null : (c.req.param('page') ?? null));

/** A page of this tenant. @throws Problem `request.not-found` */
export async function rowOf(c: ConsoleContext, slug: string): Promise<CapturePageRow> {
  const row = (await listCapturePages(c.var.options.db, tenantIn(c).id)).find((one) => one.slug === slug);
  if (!row) throw new Problem('request.not-found');
  return row;
}

async function check(c: ConsoleContext, text: string): Promise<Pick<Draft, 'faults' | 'problem'>> {
  try {
    return { faults: await c.var.options.desk.capture.check(tenantIn(c).id, text), problem: null };
  } catch (error) {
    return { faults: null, problem: Problem.from(error) };
  }
}

async function showEditor(c: ConsoleContext, draft: Draft): Promise<Response> {
  const status = draft.problem ? statusOf(draft.problem) : 200;
  const title = draft.slug ?? 'New page';
  const about = draft.slug === null ? null : { row: await rowOf(c, draft.slug), versions: await listCaptureVersions(c.var.options.db, tenantIn(c).id, draft.slug) };
  return show(
    c,
    { title, current: 'capture', status },
    <>
      <p class="crumb">
        <a href={at(c, '/capture')}>Capture</a>
      </p>
      <h1>{title}</h1>
      {about ? <Address c={c} row={about.row} shown={about.versions.find(({ version }) => version === about.row.version)} /> : null}
      {draft.problem ? <ProblemNote problem={draft.problem} /> : null}
      {draft.faults ? <FaultList faults={draft.faults} href={(fault) => `#line-${fault.line}`} /> : null}
      <form method="post" action={at(c, `/capture/${draft.slug ?? NEW}`)} class="editor-form">
        <TextEditor text={draft.text} faults={draft.faults ?? []} label="Text of the page" />
        <label for="note">What you changed, for the list of versions</label>
        <input id="note" name="note" value={draft.note} maxlength={NOTE_LENGTH} />
        <div class="row">
          <button name="do" value="check" class="plain">
            Check
          </button>
          <button name="do" value="save">
            Save as a new version
          </button>
        </div>
      </form>
      {about ? <Versions c={c} row={about.row} versions={about.versions} /> : null}
    </>,
  );
}

/** Where the page is, and what a site has to carry to show it. */
function Address({ c, row, shown }: { c: ConsoleContext; row: CapturePageRow; shown: CapturePageVersion | undefined }) {
  const url = `${c.var.options.publicUrl()}/c/${tenantIn(c).id}/${row.slug}`;
  const parsed = shown ? parseCapturePage(shown.text) : null;
  const origins = parsed?.ok ? parsed.page.origins : [];
  const snippet = `<script src="${c.var.options.publicUrl()}/t.js" async></script>\n<iframe src="${url}" title="${row.slug}" loading="lazy" width="100%" height="900"></iframe>`;
  return (
    <section class="sheet">
      <p>
        {row.open ? (
          <a href={url} target="_blank" rel="noopener">
            {url}
          </a>
        ) : (
          <>
            <Badge words={['Closed', 'bad']} /> <span>{url} answers nobody.</span>
          </>
        )}
      </p>
      <p class="soft">
        {row.posts} posted, {row.taken} taken by the CRM.{' '}
        {origins.length > 0 ? `May be shown in frames of ${origins.join(', ')}.` : 'May be shown in no frame: name sites under "origins" to embed it.'}
      </p>
      <details>
        <summary>Embed it</summary>
        <pre class="data" tabindex={0} aria-label="What a site carries">
          {snippet}
        </pre>
        <p class="soft small">The script remembers how a visitor came only after they agreed: call countersign.consent(true) from your cookie banner.</p>
      </details>
      <form method="post" action={at(c, `/capture/${row.slug}/show`)}>
        <input type="hidden" name="version" value={String(row.version)} />
        <button class="plain" name="open" value={row.open ? 'no' : 'yes'}>
          {row.open ? 'Close the page' : 'Open the page'}
        </button>
      </form>
    </section>
  );
}

function Versions({ c, row, versions }: { c: ConsoleContext; row: CapturePageRow; versions: readonly CapturePageVersion[] }) {
  const now = c.var.options.clock.now();
  return (
    <section>
      <h2>Versions</h2>
      <ul class="rows">
        {versions.map(({ version, note, created_by, created_at }) => (
          <li>
            <a href={at(c, `/capture/${row.slug}?version=${version}`)}>Version {version}</a>
            {version === row.version ? <Badge words={['Shown', 'good']} /> : null}
            <span>{note}</span>
            <span class="soft">
              {created_by}, <When at={created_at} now={now} />
            </span>
            {version === row.version ? null : (
              <form method="post" action={at(c, `/capture/${row.slug}/show`)} class="row end">
                <input type="hidden" name="version" value={String(version)} />
                <button class="link" name="open" value="yes">
                  Show this one
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
