import { Hono } from 'hono';
import { nameOf } from '#http/sessions';
import { listApiKeys, type ApiKey } from '#store/api-keys';
import { listCapturePages, type CapturePageRow } from '#store/capture-pages';
import { apiKeyPages, ApiKeys } from './api-keys.tsx';
import { Badge } from './badge.tsx';
import { captureEditor, rowOf } from './capture-editor.tsx';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** The pages at which visitors leave their address and their consent, and the keys of programs that bring the same. */
export function capturePagesOfConsole(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/capture', async (c) => {
    const pages = await listCapturePages(c.var.options.db, tenantIn(c).id);
    if (wantsJson(c)) return c.json({ items: pages, next: null });
    return show(c, { title: 'Capture', current: 'capture' }, <Capture c={c} pages={pages} keys={await listApiKeys(c.var.options.db, tenantIn(c).id)} />);
  });
  app.post('/capture/:page/show', async (c) => {
    const { version, open } = await formOf(c);
    const { slug } = await rowOf(c, c.req.param('page'));
    await c.var.options.desk.capture.show(tenantIn(c).id, slug, { version: Number(version) || 0, open: open === 'yes' }, nameOf(sessionIn(c)));
    return back(c, at(c, `/capture/${slug}`), open === 'yes' ? 'page-shown' : 'page-closed');
  });
  app.route('/', apiKeyPages());
  app.route('/', captureEditor());
  return app;
}

function Capture({ c, pages, keys }: { c: ConsoleContext; pages: CapturePageRow[]; keys: ApiKey[] }) {
  return (
    <>
      <div class="heading">
        <h1>Capture</h1>
        <a class="button" href={at(c, '/capture/new')}>
          Write a page
        </a>
      </div>
      <p class="soft">
        Forms at which visitors leave their address, read the wording in force and agree or not. What they agreed to is proven word for word; the CRM gets the contact.
      </p>
      {pages.length === 0 ? <p class="note">There is no page yet. Write one: the editor begins with an example.</p> : null}
      <ul class="rows">
        {pages.map((page) => (
          <PageRow c={c} page={page} />
        ))}
      </ul>
      <ApiKeys c={c} keys={keys} />
    </>
  );
}

function PageRow({ c, page }: { c: ConsoleContext; page: CapturePageRow }) {
  const waiting = page.posts - page.taken;
  return (
    <li>
      <a href={at(c, `/capture/${page.slug}`)}>{page.slug}</a> {page.open ? <Badge words={['Open', 'good']} /> : <Badge words={['Closed', 'bad']} />}{' '}
      <span class="soft">
        version {page.version}, <When at={page.changedAt} now={c.var.options.clock.now()} />, {counted(page.posts, 'post')}
        {waiting > 0 ? `, ${waiting} on the way to the CRM` : ''}
      </span>
    </li>
  );
}
