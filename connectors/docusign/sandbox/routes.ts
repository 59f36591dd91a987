import type { Context, Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { absent, routeRest, type Place } from '#shared/sandbox/account.tsx';
import { API_FAULTS, WEBHOOK_FAULTS, routeFaults } from '#shared/sandbox/faults.tsx';
import { documentOf } from '#shared/sandbox/page.tsx';
import type { Clock } from '#lib/clock';
import { findSession, openView, returning } from './embedding.ts';
import type { Lifecycle } from './lifecycle.ts';
import { EnvelopePage, HomePage } from './pages.tsx';
import { SigningPage } from './signing-page.tsx';
import type { SandboxState, StoredEnvelope, StoredRecipient } from './state.ts';
import { boxesOf, templateOf } from './templates.ts';

export interface PageOptions {
  state: SandboxState;
  clock: Clock;
  faults: Faults;
  lifecycle: Lifecycle;
  place: () => Place;
}

type Form = Record<string, unknown>;
const wordsIn = (value: unknown, most: number) => (typeof value === 'string' ? value.trim().slice(0, most) : '');

/** Signs as the form says; returns what is wrong with it, in words, where nothing was done. */
function takeSignature(lifecycle: Lifecycle, envelope: StoredEnvelope, recipient: StoredRecipient, form: Form): string | null {
  const typed = wordsIn(form['name'], 100);
  if (!typed || form['agree'] !== 'yes') return 'Type your name and tick that you agree to sign electronically.';
  const ticked = boxesOf(templateOf(envelope.templateId), recipient.role).filter(({ label }) => form[`tick-${label}`] === 'yes');
  lifecycle.sign(
    envelope,
    recipient,
    typed,
    ticked.map(({ label }) => label),
  );
  return null;
}

function takeRefusal(lifecycle: Lifecycle, envelope: StoredEnvelope, recipient: StoredRecipient, form: Form): string | null {
  const typed = wordsIn(form['reason'], 500);
  if (!typed) return 'Say in a few words why you do not sign.';
  lifecycle.decline(envelope, recipient, typed);
  return null;
}

/** Embedded signing: an address for one use begins a session, at whose end the browser goes back to the sender's own page. */
function routeEmbedded(app: Hono, { state, clock, lifecycle, place }: PageOptions): void {
  app.get('/view/:token', (c) => {
    lifecycle.passTime();
    const opened = openView(state, clock, c.req.param('token'));
    if (!opened) return absent(c, place(), 'This address belongs to no document.');
    if ('event' in opened) return c.redirect(returning(opened.view, opened.event), 303);
    lifecycle.open(opened.envelope, opened.recipient);
    return c.redirect(`${place().base}/session/${opened.session}`, 303);
  });
  app.get('/session/:session', (c) => {
    lifecycle.passTime();
    return inSession(c, (envelope, recipient) => show(c, envelope, recipient));
  });
  app.post('/session/:session/sign', async (c) => ended(c, takeSignature, 'signing_complete', await c.req.parseBody()));
  app.post('/session/:session/decline', async (c) => ended(c, takeRefusal, 'decline', await c.req.parseBody()));
  app.post('/session/:session/later', (c) => ended(c, () => null, 'cancel', {}));

  function ended(c: Context, take: typeof takeSignature, event: string, form: Form) {
    return inSession(c, (envelope, recipient, back) => {
      const fault = take(lifecycle, envelope, recipient, form);
      return fault ? show(c, envelope, recipient, fault) : back(event);
    });
  }
  function inSession(
    c: Context,
    answer: (envelope: StoredEnvelope, recipient: StoredRecipient, back: (event: string) => Response) => Response | Promise<Response>,
  ): Response | Promise<Response> {
    const found = findSession(state, c.req.param('session') ?? '');
    if (!found) return absent(c, place(), 'This signing session is not there.');
    const { view, envelope, recipient } = found;
    const back = (event: string) => {
      view.expiresAt = 0;
      return c.redirect(returning(view, event), 303);
    };
    return clock.now() < view.expiresAt ? answer(envelope, recipient, back) : back('session_timeout');
  }
  function show(c: Context, envelope: StoredEnvelope, recipient: StoredRecipient, fault?: string): Response | Promise<Response> {
    const address = `${place().base}/session/${c.req.param('session') ?? ''}`;
    return c.html(documentOf(SigningPage({ place: place(), envelope, recipient, session: address, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  }
}

/** The pages that people need: the sender's account, the signing page behind each mail, and the faults. */
export function routePages(app: Hono, options: PageOptions): void {
  const { state, faults, lifecycle, place } = options;
  const home = (c: Context) => {
    lifecycle.passTime();
    return c.html(documentOf(HomePage({ place: place(), state })));
  };
  app.get('/', home);
  app.get('/envelopes/:id', (c) => withEnvelope(c, (envelope) => c.html(documentOf(EnvelopePage({ place: place(), envelope })))));
  app.post('/envelopes/:id/expire', (c) =>
    withEnvelope(c, (envelope) => {
      lifecycle.expire(envelope);
      return back(c, envelope);
    }),
  );
  app.post('/envelopes/:id/recipients/:recipient/bounce', (c) =>
    withEnvelope(c, (envelope) => {
      const recipient = envelope.recipients.find(({ recipientId }) => recipientId === c.req.param('recipient'));
      if (recipient) lifecycle.bounce(envelope, recipient);
      return back(c, envelope);
    }),
  );

  app.get('/sign/:token', (c) =>
    withRecipient(c, (envelope, recipient) => {
      lifecycle.passTime();
      lifecycle.open(envelope, recipient);
      return signing(c, envelope, recipient);
    }),
  );
  app.post('/sign/:token/sign', async (c) => {
    const form = await c.req.parseBody();
    return withRecipient(c, (envelope, recipient) => {
      const fault = takeSignature(lifecycle, envelope, recipient, form);
      return fault ? signing(c, envelope, recipient, fault) : c.redirect(`${place().base}/sign/${recipient.token}`, 303);
    });
  });
  app.post('/sign/:token/decline', async (c) => {
    const form = await c.req.parseBody();
    return withRecipient(c, (envelope, recipient) => {
      const fault = takeRefusal(lifecycle, envelope, recipient, form);
      return fault ? signing(c, envelope, recipient, fault) : c.redirect(`${place().base}/sign/${recipient.token}`, 303);
    });
  });
  routeEmbedded(app, options);

  routeFaults(app, { place, faults, words: { ...WEBHOOK_FAULTS, ...API_FAULTS } });
  routeRest(app, place, home);

  function withEnvelope(c: Context, answer: (envelope: StoredEnvelope) => Response | Promise<Response>): Response | Promise<Response> {
    const envelope = state.envelopes.find(({ envelopeId }) => envelopeId === c.req.param('id'));
    return envelope ? answer(envelope) : absent(c, place(), 'There is no such envelope in this account.');
  }
  function withRecipient(c: Context, answer: (envelope: StoredEnvelope, recipient: StoredRecipient) => Response | Promise<Response>): Response | Promise<Response> {
    for (const envelope of state.envelopes) {
      const recipient = envelope.recipients.find(({ token, clientUserId }) => token === c.req.param('token') && clientUserId === undefined);
      if (recipient) return answer(envelope, recipient);
    }
    return absent(c, place(), 'This link belongs to no document. Open it from the mail again.');
  }
  function signing(c: Context, envelope: StoredEnvelope, recipient: StoredRecipient, fault?: string): Response | Promise<Response> {
    return c.html(documentOf(SigningPage({ place: place(), envelope, recipient, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  }
  const back = (c: Context, envelope: StoredEnvelope) => c.redirect(`${place().base}/envelopes/${envelope.envelopeId}`, 303);
}
