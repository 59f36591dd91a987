import { Hono } from 'hono';
import { asServer } from '#store/scope';
import { consumeLink, isLinkGood } from '#store/sessions';
import { endSession, setSessionCookie } from '#http/sessions';
import { commandOf } from './command.ts';
import type { ConsoleContext, ConsoleEnv } from './context.ts';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';

/** Sign-in by one-time link. Opening the link only shows a button: mail scanners and link previews open links too, and must not use it up. */
export function enterPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/enter/:token', async (c) => {
    const { db, clock } = c.var.options;
    c.header('cache-control', 'no-store');
    if (!(await asServer(() => isLinkGood(db, c.req.param('token'), clock.now()))))
      return show(c, { title: 'Link expired', status: 410 }, <Expired inside={c.var.session !== undefined} />);
    return show(
      c,
      { title: 'Sign in' },
      <section class="sheet narrow center">
        <h1>Welcome to Countersign</h1>
        <p>This link opens the console on this browser for twelve hours. It works once.</p>
        <form method="post">
          <button>Open the console</button>
        </form>
      </section>,
    );
  });
  app.post('/enter/:token', async (c) => {
    const { options } = c.var;
    const opened = await asServer(() => consumeLink(options.db, c.req.param('token'), options.clock.now()));
    if (!opened) return show(c, { title: 'Link expired', status: 410 }, <Expired inside={c.var.session !== undefined} />);
    setSessionCookie(c, options, opened.cookie);
    return c.redirect('/', 303);
  });
  app.post('/leave', async (c) => {
    await endSession(c, c.var.options);
    return c.redirect('/', 303);
  });
  return app;
}

function Expired({ inside }: { inside: boolean }) {
  return (
    <section class="sheet narrow">
      <h1>This link no longer works</h1>
      <p>A sign-in link works once and for a short time. This one was used, or its time is over.</p>
      {inside ? (
        <p>
          You are signed in on this browser anyway. <a href="/">Go to the console</a>
        </p>
      ) : (
        <HowToSignIn />
      )}
    </section>
  );
}

/** What a page shows to a browser without a session. */
export function askToSignIn(c: ConsoleContext): Response | Promise<Response> {
  if (wantsJson(c)) return c.json({ error: { code: 'request.forbidden', message: 'Sign in first.' } }, 401);
  return show(c, { title: 'Sign in', status: 401 }, <SignedOut />);
}

export function SignedOut() {
  return (
    <section class="sheet narrow">
      <h1>Sign in</h1>
      <p>Countersign has no passwords. You come in by a link that works once.</p>
      <HowToSignIn />
    </section>
  );
}

function HowToSignIn() {
  return (
    <>
      <p>Get a new one on the machine that runs the server:</p>
      <pre class="data">{commandOf('link')}</pre>
      <p class="soft">It prints an address; open it in this browser. People of a connected account can also come in from their CRM’s install button.</p>
    </>
  );
}
