import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { localeFor, wordsIn } from '#core/capture';
import { accentOnDark } from '#core/capture-accent';
import { readAnswers, type AnswerFault, type Answers } from '#core/capture-answers';
import { touchOfVisit } from '#core/capture-touch';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { takePost } from '#flow/capture/post';
import { currentTexts, pageOfVersion, shownPage, textsOf, type ShownPage } from '#flow/capture/shown';
import { newNonce, readForm, signForm, type FormToken } from '#flow/capture/token';
import type { Flow } from '#flow/flow';
import { rateOf } from '#flow/rates';
import { keepRendering } from '#store/capture-pages';
import type { ConsentText } from '#store/consent-texts';
import { bindTenant } from '#store/scope';
import { addressOf, countedAs } from './address.ts';
import { captureAssets } from './assets.ts';
import { renderConsents } from './consent-part.tsx';
import { afterPost, donePages } from './done.tsx';
import { CaptureForm, NO_ANSWERS } from './form.tsx';
import { brandOf, showPage } from './frame.tsx';
import { allowFrames, captureHeaders } from './headers.ts';
import { stringsFor } from './strings.ts';

const BODY_BYTES = 128 * 1024;
const WINDOW_MS = 10 * 60_000;
/** Posts in ten minutes: of one address, behind which an office may sit, and of one page. */
const ADDRESS_POSTS = 30;
const PAGE_POSTS = 600;
const KEYS = 20_000;
/** Renderings that are known to be kept already. */
const KNOWN_RENDERINGS = 2_000;

export interface CaptureOptions {
  /** How many proxies of our own stand in front. */
  proxies: number;
}

/** The pages of visitors: `/c/<tenant>/<page>`, what belongs to them, and `/t.js`. */
export function capturePages(flow: Flow, { proxies }: CaptureOptions): Hono {
  const app = new Hono();
  const byAddress = rateOf(flow, 'capture-address', { most: ADDRESS_POSTS, windowMs: WINDOW_MS, keys: KEYS });
  const byPage = rateOf(flow, 'capture-page', { most: PAGE_POSTS, windowMs: WINDOW_MS, keys: KEYS });
  const form = createForms(flow);
  app.route('/', captureAssets());
  app.use('/c/*', captureHeaders());
  app.use('/c/:tenant/*', async (c, next) => {
    bindTenant(c.req.param('tenant') as TenantId);
    await next();
  });
  app.use('/c/*', bodyLimit({ maxSize: BODY_BYTES, onError: refuseLargeBody }));

  app.get('/c/:tenant/:page', async (c) => form.fresh(c, await shownIn(c, flow), NO_ANSWERS, {}));

  app.post('/c/:tenant/:page', async (c) => {
    const shown = await shownIn(c, flow);
    const posted = await textsIn(c);
    const now = flow.clock.now();
    const token = readForm(flow.sealer, posted.token ?? '', { tenant: shown.tenant, slug: shown.slug }, now);
    const address = addressOf(c, proxies);
    const wait = Math.max(await byAddress.take(`${shown.tenant}|${countedAs(address)}`, now), await byPage.take(`${shown.tenant}|${shown.slug}`, now));
    const seen = token ? await pageOfVersion(flow, shown.tenant, shown.slug, token.version) : shown;
    if (!token || wait > 0) {
      const { answers } = readAnswers(seen.page, posted);
      if (wait > 0) c.header('retry-after', String(Math.ceil(wait / 1000)));
      if (wait > 0 && token) return form.again(c, seen, token, { answers, faults: [], notice: 'tooMany', touches: posted.touches ?? '' });
      // The texts may be others today, so nothing is ticked.
      return form.fresh(c, shown, { ...answers, ticked: [] }, { notice: wait > 0 ? 'tooMany' : 'stale', touches: posted.touches ?? '' });
    }
    const result = await takePost(flow, seen, { form: posted, token, ip: address, userAgent: c.req.header('user-agent')?.slice(0, 400) ?? null });
    if (!result.ok) return form.again(c, seen, token, { answers: result.answers, faults: result.faults, notice: null, touches: posted.touches ?? '' });
    return c.redirect(afterPost(flow, seen, result.post), 303);
  });

  app.route('/', brandFiles(flow));
  app.route('/', donePages(flow, { proxies }));
  app.onError((error, c) => answerFailure(error, c, flow));
  return app;
}

function refuseLargeBody(): never {
  throw new Problem('request.too-large');
}

/** The page that an address names. @throws Problem `request.not-found` */
async function shownIn(c: Context, flow: Flow): Promise<ShownPage> {
  return shownPage(flow, c.req.param('tenant') as TenantId, c.req.param('page') ?? '');
}

async function textsIn(c: Context): Promise<Record<string, string>> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}

interface Again {
  answers: Answers;
  faults: AnswerFault[];
  notice: 'stale' | 'tooMany' | null;
  touches: string;
}

/** Renders forms: a new one with the texts of today, or the one that somebody had before them. */
function createForms(flow: Flow) {
  const kept = new Set<string>();

  async function keep(shown: ShownPage, locale: string, texts: readonly ConsentText[]): Promise<string> {
    const { tenant, slug, version, page } = shown;
    const { html, hash } = renderConsents(page, texts, locale);
    const key = `${tenant}|${hash}`;
    if (kept.has(key)) return hash;
    await keepRendering(flow.db, tenant, { hash, slug, version, locale, texts: texts.map(({ id }) => id), html }, flow.clock.now());
    if (kept.size >= KNOWN_RENDERINGS) kept.clear();
    kept.add(key);
    return hash;
  }

  function show(c: Context, shown: ShownPage, token: FormToken, texts: readonly ConsentText[], again: Again) {
    const { page } = shown;
    const { locale } = token;
    const words = stringsFor(locale);
    allowFrames(c, page.origins);
    const view = { page, locale, texts, token: signForm(flow.sealer, token), ...again, notice: again.notice === null ? null : words[again.notice] };
    const status = again.notice === 'tooMany' ? 429 : again.notice === 'stale' || again.faults.length > 0 ? 422 : 200;
    const title = wordsIn(page, page.title, locale);
    return showPage(c, { title: status === 200 ? title : `${words.errorPrefix}: ${title}`, locale, status, brand: brandOf(shown) }, <CaptureForm {...view} />);
  }

  return {
    async fresh(c: Context, shown: ShownPage, answers: Answers, { notice = null, touches = '' }: { notice?: Again['notice']; touches?: string }) {
      const locale = localeFor(shown.page, c.req.query('lang'), c.req.header('accept-language'));
      const texts = await currentTexts(flow, shown, locale);
      const rendering = await keep(shown, locale, texts);
      const { tenant, slug, version } = shown;
      const at = flow.clock.now();
      const touch = c.req.method === 'GET' ? touchOfVisit(visited(c, flow), referrerOf(c), at) : null;
      const token: FormToken = { tenant, slug, version, locale, texts: texts.map(({ id }) => id), rendering, at, nonce: newNonce(), touch };
      return show(c, shown, token, texts, { answers, faults: [], notice, touches });
    },
    async again(c: Context, shown: ShownPage, token: FormToken, again: Again) {
      return show(c, shown, token, await textsOf(flow, shown.tenant, token.texts), again);
    },
  };
}

/** The address as the visitor has it, whatever stands between. */
function visited(c: Context, flow: Flow): URL {
  const { pathname, search } = new URL(c.req.url);
  return new URL(`${pathname}${search}`, flow.publicUrl());
}

/** In a frame the page around it knows better where the visitor came from; it is not itself a source. */
function referrerOf(c: Context): string | undefined {
  return c.req.header('sec-fetch-dest') === 'iframe' ? undefined : c.req.header('referer');
}

/** Colour and logo of a version, which never change. */
function brandFiles(flow: Flow): Hono {
  const app = new Hono();
  const LONG = 'public, max-age=31536000, immutable';
  const versionIn = (c: Context) => pageOfVersion(flow, c.req.param('tenant') as TenantId, c.req.param('page') ?? '', Number(c.req.param('version')) || 0);
  app.get('/c/:tenant/:page/brand/:version', async (c) => {
    const { accent } = (await versionIn(c)).page.brand;
    const css = `:root{--accent:${accent};--accent-text:${accent}}@media (prefers-color-scheme:dark){:root{--accent-text:${accentOnDark(accent)}}}`;
    return c.body(css, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': LONG });
  });
  app.get('/c/:tenant/:page/logo/:version', async (c) => {
    const [head = '', data = ''] = (await versionIn(c)).page.brand.logo?.split(',') ?? [];
    const type = /^data:(image\/[a-z]+);/.exec(head)?.[1];
    if (type === undefined) throw new Problem('request.not-found');
    return c.body(new Uint8Array(Buffer.from(data, 'base64')), 200, { 'content-type': type, 'cache-control': LONG });
  });
  return app;
}

/** A visitor is told what they can do, in their own language and in no other words than ours. */
function answerFailure(error: unknown, c: Context, flow: Flow): Response | Promise<Response> {
  const problem = Problem.from(error);
  const locale = /^de\b/i.test(c.req.header('accept-language') ?? '') ? 'de' : 'en';
  const words = stringsFor(locale);
  const gone = problem.code === 'request.not-found';
  if (!gone && problem.code !== 'request.too-large') flow.log.error({ err: problem.cause ?? problem, code: problem.code }, 'a capture page failed');
  const [title, text] = gone ? [words.gone, words.goneText] : [words.failed, words.failedText];
  const status = gone ? 404 : problem.code === 'request.too-large' ? 413 : 503;
  return showPage(
    c,
    { title, locale, status },
    <>
      <h1>{title}</h1>
      <p>{text}</p>
    </>,
  );
}
