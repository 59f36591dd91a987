import type { Context, Hono } from 'hono';
import type { Faults } from '#ports/sandbox';
import { documentOf } from '#shared/sandbox/page.tsx';
import type { Lifecycle } from './lifecycle.ts';
import type { ConsentAsk } from './oauth.ts';
import { ConsentPage, EnvelopePage, FAULT_NAMES, FaultsPage, HomePage, WordsPage, type Place } from './pages.tsx';
import { SigningPage } from './signing-page.tsx';
import type { SandboxState, StoredEnvelope, StoredRecipient } from './state.ts';

export interface PageOptions {
  state: SandboxState;
  faults: Faults;
  lifecycle: Lifecycle;
  place: () => Place;
}

export const consentPage = (place: Place, ask: ConsentAsk) => documentOf(ConsentPage({ place, ask }));
export const wordsPage = (place: Place, title: string, words: string) => documentOf(WordsPage({ place, title, words }));

/** The pages that people need: the sender's account, the signing page behind each mail, and the faults. */
export function routePages(app: Hono, { state, faults, lifecycle, place }: PageOptions): void {
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
    const { name, agree } = await c.req.parseBody();
    return withRecipient(c, (envelope, recipient) => {
      const typed = String(name ?? '').trim();
      if (!typed || agree !== 'yes') return signing(c, envelope, recipient, 'Type your name and tick that you agree to sign electronically.');
      lifecycle.sign(envelope, recipient, typed.slice(0, 100));
      return c.redirect(`${place().base}/sign/${recipient.token}`, 303);
    });
  });
  app.post('/sign/:token/decline', async (c) => {
    const { reason } = await c.req.parseBody();
    return withRecipient(c, (envelope, recipient) => {
      const typed = String(reason ?? '').trim();
      if (!typed) return signing(c, envelope, recipient, 'Say in a few words why you do not sign.');
      lifecycle.decline(envelope, recipient, typed.slice(0, 500));
      return c.redirect(`${place().base}/sign/${recipient.token}`, 303);
    });
  });

  app.get('/faults', (c) => c.html(documentOf(FaultsPage({ place: place(), faults, saved: c.req.query('saved') === 'yes' }))));
  app.post('/faults', async (c) => {
    const form = await c.req.parseBody();
    for (const name of FAULT_NAMES) {
      const value = Number(form[name]);
      if (Number.isFinite(value) && value >= 0) faults[name] = name === 'maxPauseMs' ? Math.min(value, 60_000) : Math.min(value, 1);
    }
    return c.redirect(`${place().base}/faults?saved=yes`, 303);
  });

  // Mounted under a path, the slash at its end is an address of its own to the router.
  app.get('/*', (c) => (c.req.path === `${new URL(place().base).pathname}/` ? home(c) : absent(c, 'The sandbox has no page at this address.')));

  function withEnvelope(c: Context, answer: (envelope: StoredEnvelope) => Response | Promise<Response>): Response | Promise<Response> {
    const envelope = state.envelopes.find(({ envelopeId }) => envelopeId === c.req.param('id'));
    return envelope ? answer(envelope) : absent(c, 'There is no such envelope in this account.');
  }
  function withRecipient(c: Context, answer: (envelope: StoredEnvelope, recipient: StoredRecipient) => Response | Promise<Response>): Response | Promise<Response> {
    for (const envelope of state.envelopes) {
      const recipient = envelope.recipients.find(({ token }) => token === c.req.param('token'));
      if (recipient) return answer(envelope, recipient);
    }
    return absent(c, 'This link belongs to no document. Open it from the mail again.');
  }
  function signing(c: Context, envelope: StoredEnvelope, recipient: StoredRecipient, fault?: string): Response | Promise<Response> {
    return c.html(documentOf(SigningPage({ place: place(), envelope, recipient, ...(fault ? { fault } : {}) })), fault ? 422 : 200);
  }
  function absent(c: Context, words: string): Response | Promise<Response> {
    return c.html(wordsPage(place(), 'Nothing here', words), 404);
  }
  const back = (c: Context, envelope: StoredEnvelope) => c.redirect(`${place().base}/envelopes/${envelope.envelopeId}`, 303);
}
