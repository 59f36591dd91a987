import { Hono, type Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { Card, CardClient, Choice } from './card.ts';
import { documentOf } from './page.tsx';
import { SendForm, type Sender, type SendWords } from './send-form.tsx';

/** A vendor's records from which envelopes are sent. */
export interface SendDesk {
  /** Path of the records' pages, such as `/deals`. */
  path: string;
  baseUrl: () => string;
  words: SendWords;
  card: CardClient;
  find(id: string): Sender | undefined;
  /** The vendor's own frame around the form. */
  frame(form: Child): unknown;
}

/** What a record's page says after `said`, which is a key or a sentence for the person. */
export function saidOf(record: string, said: string | undefined): string | null {
  switch (said) {
    case undefined:
    case '':
      return null;
    case 'sent':
      return `Asked Countersign to send it. The ${record} will say so in a moment.`;
    case 'void':
      return 'Asked to void the envelope.';
    case 'remind':
      return 'Asked to remind.';
    default:
      return said.slice(0, 300);
  }
}

/** What a card does below a record's page: the form with preview and sending, and what is done with an envelope that is out. */
export function sendRoutes({ path, baseUrl, words, card, find, frame }: SendDesk): Hono {
  const pages = new Hono();
  const hereOf = (id: string) => `${baseUrl()}${path}/${id}`;
  const back = (c: Context, id: string, said: string) => c.redirect(`${hereOf(id)}?said=${encodeURIComponent(said)}`, 303);
  const show = (c: Context, sending: Omit<Parameters<typeof SendForm>[0], 'here' | 'words'>) =>
    c.html(documentOf(frame(<SendForm here={hereOf(sending.sender.id)} words={words} {...sending} />)));

  pages.get(`${path}/:id/sign`, async (c) => {
    const sender = find(c.req.param('id'));
    if (!sender) return c.notFound();
    const answer = await card.show(sender.id);
    if (!answer.ok) return back(c, sender.id, answer.message);
    return show(c, { sender, card: answer.body, choice: choiceFor(answer.body, c.req.query('template')), preview: null });
  });

  pages.post(`${path}/:id/sign`, async (c) => {
    const sender = find(c.req.param('id'));
    if (!sender) return c.notFound();
    const form = await c.req.parseBody();
    const choice = choiceFrom(form);
    const sendKey = textIn(form, 'key');
    if (form['act'] === 'send') {
      const answer = await card.send(sender.id, sendKey, choice);
      return back(c, sender.id, answer.ok ? 'sent' : answer.message);
    }
    const [answer, preview] = await Promise.all([card.show(sender.id), card.preview(sender.id, choice)]);
    if (!answer.ok) return back(c, sender.id, answer.message);
    return show(c, { sender, card: answer.body, choice, sendKey, preview });
  });

  pages.post(`${path}/:id/envelopes/:envelope`, async (c) => {
    const { id, envelope } = c.req.param();
    const form = await c.req.parseBody();
    const act = form['act'] === 'void' ? 'void' : 'remind';
    const reason = textIn(form, 'reason') || `Voided on the ${words.record}.`;
    const answer = await (act === 'void' ? card.void(envelope, reason) : card.remind(envelope));
    return back(c, id, answer.ok ? act : answer.message);
  });
  return pages;
}

/** The suggested template, or the one asked for; with those suggested recipients whose roles it has. */
function choiceFor(card: Card, asked: string | undefined): Choice {
  const template = card.templates.find((known) => known.id === (asked ?? card.suggested?.template)) ?? card.templates[0];
  const suggested = card.suggested?.recipients ?? [];
  const recipients = [...(template?.roles ?? [])]
    .sort((a, b) => a.order - b.order)
    .map(({ name: role }) => {
      const known = suggested.find((recipient) => recipient.role === role);
      return { role, name: known?.name ?? '', email: known?.email ?? '', ...(known?.contact && { contact: known.contact }) };
    });
  return { template: template?.id ?? '', recipients };
}

const textIn = (form: Record<string, unknown>, name: string): string => (typeof form[name] === 'string' ? form[name] : '');

function choiceFrom(form: Record<string, unknown>): Choice {
  const text = (name: string) => textIn(form, name);
  const recipients: Choice['recipients'] = [];
  for (let index = 0; text(`role-${index}`) !== ''; index++) {
    const contact = text(`contact-${index}`);
    recipients.push({ role: text(`role-${index}`), name: text(`name-${index}`), email: text(`email-${index}`), ...(contact !== '' && { contact }) });
  }
  return { template: text('template'), recipients };
}
