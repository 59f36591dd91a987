import { Hono, type Context } from 'hono';
import type { CaptureId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { pageOfVersion, type ShownPage } from '#flow/capture/shown';
import { signingAddress, signingStage, type SigningStage } from '#flow/capture/signing';
import { readWaiting, signWaiting } from '#flow/capture/waiting';
import type { Flow } from '#flow/flow';
import { rateOf } from '#flow/rates';
import { findPost, type CapturePost } from '#store/capture-posts';
import { addressOf, countedAs } from './address.ts';
import { brandOf, showPage } from './frame.tsx';
import { allowFrames } from './headers.ts';
import { stringsFor, type Strings } from './strings.ts';

const LOOK_SECONDS = 3;
/** After so long nobody waits at a page any more. */
const PATIENCE_MS = 3 * 60_000;
const WINDOW_MS = 10 * 60_000;
/** Addresses to sign at in ten minutes: of one post, and of one network address, behind which an office may sit. */
const POST_SIGNINGS = 12;
const ADDRESS_SIGNINGS = 60;
const KEYS = 20_000;

/** How a visitor came back, or why they did not get there, in our words. A hint for what the page says, never a status: anybody can type it. */
const HINTS = ['done', 'declined', 'later', 'refused', 'trouble', 'often'] as const;
type Hint = (typeof HINTS)[number];
/** What `event` says where it is not "later": the provider's page was left, or could not be opened any more. */
const EVENTS: Readonly<Record<string, Hint>> = { signing_complete: 'done', decline: 'declined', viewing_complete: 'done' };

interface Waiting {
  post: CapturePost;
  shown: ShownPage;
  /** The token in the address; null where there is none that is good. */
  key: string | null;
}

/** Where a visitor goes who has posted: with the key to the document, where there will be one. */
export function afterPost(flow: Flow, { tenant, slug, page }: ShownPage, post: CaptureId): string {
  const path = `/c/${tenant}/${slug}/done/${post}`;
  return page.then === 'thanks' ? path : `${path}?key=${encodeURIComponent(signWaiting(flow.sealer, { tenant, post }, flow.clock.now()))}`;
}

/** What comes after a post: thanks, or how the document to sign comes along and the way to sign it. The page names nobody. */
export function donePages(flow: Flow, { proxies }: { proxies: number }): Hono {
  const app = new Hono();
  const byPost = rateOf(flow, 'sign-post', { most: POST_SIGNINGS, windowMs: WINDOW_MS, keys: KEYS });
  const byAddress = rateOf(flow, 'sign-address', { most: ADDRESS_SIGNINGS, windowMs: WINDOW_MS, keys: KEYS });

  app.get('/c/:tenant/:page/done/:post', async (c) => show(c, await waitingIn(c), hintOf(c.req.query('hint'))));

  // A new address for each click: the provider's is good for one use, within minutes.
  app.get('/c/:tenant/:page/sign/:post', async (c) => {
    const now = flow.clock.now();
    const wait = await byAddress.take(countedAs(addressOf(c, proxies)), now);
    const waiting = await waitingIn(c);
    if (waiting.key === null) throw new Problem('request.not-found');
    const pause = Math.max(wait, await byPost.take(waiting.post.id, now));
    if (pause > 0) c.header('retry-after', String(Math.ceil(pause / 1000)));
    if (pause > 0) return show(c, waiting, 'often', 429);
    return c.redirect(await addressFor(waiting), 303);
  });

  // The provider adds how it ended; the status itself comes by its webhook.
  app.get('/c/:tenant/:page/back/:post', async (c) => c.redirect(doneAt(await waitingIn(c), EVENTS[c.req.query('event') ?? ''] ?? 'later'), 303));
  return app;

  async function waitingIn(c: Context): Promise<Waiting> {
    const tenant = c.req.param('tenant') as TenantId;
    const post = await findPost(flow.db, tenant, c.req.param('post') as CaptureId);
    if (!post || post.slug !== c.req.param('page')) throw new Problem('request.not-found');
    const key = c.req.query('key') ?? '';
    const good = readWaiting(flow.sealer, key, { tenant, post: post.id }, flow.clock.now());
    return { post, shown: await pageOfVersion(flow, tenant, post.slug, post.version), key: good ? key : null };
  }

  async function addressFor(waiting: Waiting): Promise<string> {
    try {
      const back = new URL(pathOf(waiting, 'back'), flow.publicUrl()).href;
      return (await signingAddress(flow, waiting.post, back)) ?? doneAt(waiting, null);
    } catch (error) {
      const problem = Problem.from(error);
      const cause = problem.remedy === 'bug' ? { err: problem.cause ?? problem } : {};
      flow.log.warn({ ...cause, code: problem.code, post: waiting.post.id }, 'no address to sign at');
      return doneAt(waiting, problem.remedy === 'reject' && problem.code !== 'host.refused' ? 'refused' : 'trouble');
    }
  }

  function doneAt(waiting: Waiting, hint: Hint | null): string {
    return `${pathOf(waiting, 'done')}${hint === null ? '' : `&hint=${hint}&at=${flow.clock.now()}`}`;
  }

  async function show(c: Context, waiting: Waiting, hint: Hint | null, status: 200 | 429 = 200): Promise<Response> {
    const { post, shown, key } = waiting;
    const words = stringsFor(post.locale);
    const stage = shown.page.then === 'thanks' ? null : await signingStage(flow, post);
    const since = Number(c.req.query('at') ?? '') || post.posted_at;
    const tired = flow.clock.now() - since > PATIENCE_MS;
    const view = viewOf(words, { stage, hint, tired, key: key !== null });
    allowFrames(c, shown.page.origins);
    return showPage(
      c,
      { title: words.thanks, locale: post.locale, status, brand: brandOf(shown), refreshSeconds: view.waits ? LOOK_SECONDS : undefined },
      <>
        <h1>{words.thanks}</h1>
        <p role="status">{view.text}</p>
        {view.signs ? (
          <p>
            {/* Out of a frame: the provider's page may refuse to be in one. */}
            <a class="button" href={pathOf(waiting, 'sign')} target="_top" rel="nofollow">
              {words.signNow}
            </a>
          </p>
        ) : null}
      </>,
    );
  }
}

const hintOf = (text: string | undefined): Hint | null => HINTS.find((hint) => hint === text) ?? null;
const pathOf = ({ post, key }: Waiting, step: 'done' | 'sign' | 'back'): string => `/c/${post.tenant}/${post.slug}/${step}/${post.id}?key=${encodeURIComponent(key ?? '')}`;

interface View {
  text: string;
  /** Whether the page looks again by itself, and whether it leads to the document. */
  waits?: boolean;
  signs?: boolean;
}

/** What the page says. What we know goes before what the address says. */
function viewOf(words: Strings, { stage, hint, tired, key }: { stage: SigningStage | null; hint: Hint | null; tired: boolean; key: boolean }): View {
  switch (stage) {
    case null:
      return { text: words.thanksText };
    case 'making':
      return tired ? { text: words.signFailed } : { text: words.signText, waits: true };
    case 'mailed':
      return { text: words.signReady };
    case 'failed':
      return { text: words.signFailed };
    case 'signed':
      return { text: words.signSigned };
    case 'declined':
      return { text: words.signDeclined };
    case 'over':
      return { text: words.signOver };
    case 'ready':
      return key ? readyView(words, hint, tired) : { text: words.signElsewhere };
  }
}

function readyView(words: Strings, hint: Hint | null, tired: boolean): View {
  switch (hint) {
    case 'done':
    case 'declined':
      return { text: words.signConfirming, waits: !tired };
    case 'later':
      return { text: words.signLater, signs: true };
    case 'refused':
      return { text: words.signRefused, signs: true };
    case 'trouble':
      return { text: words.signTrouble, signs: true };
    case 'often':
      return { text: words.signOften, signs: true };
    case null:
      return { text: words.signHere, signs: true };
  }
}
