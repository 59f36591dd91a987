import { Hono } from 'hono';
import { z } from 'zod';
import { documentOf } from '#shared/sandbox/page.tsx';
import { cardSchema, previewSchema, type Card } from './card-client.ts';
import { Deal, newsOf } from './deal.tsx';
import type { Desk } from './desk.ts';
import { SignForm, type Choice } from './signing.tsx';

const SAID: Record<string, string> = { sent: 'Asked Countersign to send it. The deal will say so in a moment.', void: 'Asked to void the envelope.', remind: 'Asked to remind.' };

/** A deal's page and what its card does. */
export function signingRoutes(desk: Desk): Hono {
  const pages = new Hono();
  const cardOf = (deal: string) => desk.card.ask(cardSchema, 'GET', `/cards/hubspot/deals/${deal}`);
  const post = (path: string, body: unknown) => desk.card.ask(z.unknown(), 'POST', path, body);
  const at = (deal: string, said: string) => `${desk.options.baseUrl()}/deals/${deal}?said=${encodeURIComponent(said)}`;

  pages.get('/deals/:id', async (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    if (!deal) return c.notFound();
    const said = c.req.query('said') ?? '';
    return c.html(documentOf(<Deal desk={desk} deal={deal} card={await cardOf(deal.id)} said={SAID[said] ?? (said ? said.slice(0, 300) : null)} />));
  });

  pages.get('/deals/:id/news', (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    return deal ? c.text(newsOf(desk, deal)) : c.notFound();
  });

  pages.get('/deals/:id/sign', async (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    if (!deal) return c.notFound();
    const card = await cardOf(deal.id);
    if (!card.ok) return c.redirect(at(deal.id, card.message), 303);
    return c.html(documentOf(<SignForm desk={desk} deal={deal} card={card.body} choice={choiceFor(card.body, c.req.query('template'))} preview={null} />));
  });

  pages.post('/deals/:id/sign', async (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    if (!deal) return c.notFound();
    const form = await c.req.parseBody();
    const choice = choiceFrom(form);
    const key = String(form.key);
    if (form.act === 'send') {
      const answer = await post(`/cards/hubspot/deals/${deal.id}/send`, { key, ...choice });
      return c.redirect(at(deal.id, answer.ok ? 'sent' : answer.message), 303);
    }
    const [card, preview] = await Promise.all([cardOf(deal.id), desk.card.ask(previewSchema, 'POST', `/cards/hubspot/deals/${deal.id}/preview`, choice)]);
    if (!card.ok) return c.redirect(at(deal.id, card.message), 303);
    return c.html(documentOf(<SignForm desk={desk} deal={deal} card={card.body} choice={choice} sendKey={key} preview={preview} />));
  });

  pages.post('/deals/:id/envelopes/:envelope', async (c) => {
    const form = await c.req.parseBody();
    const act = form.act === 'void' ? 'void' : 'remind';
    const reason = typeof form.reason === 'string' && form.reason !== '' ? form.reason : 'Voided on the deal.';
    const answer = await post(`/cards/hubspot/envelopes/${encodeURIComponent(c.req.param('envelope'))}/${act}`, act === 'void' ? { reason } : {});
    return c.redirect(at(c.req.param('id'), answer.ok ? act : answer.message), 303);
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

function choiceFrom(form: Record<string, unknown>): Choice {
  const text = (name: string): string => (typeof form[name] === 'string' ? form[name] : '');
  const recipients: Choice['recipients'] = [];
  for (let index = 0; text(`role-${index}`) !== ''; index++) {
    const contact = text(`contact-${index}`);
    recipients.push({ role: text(`role-${index}`), name: text(`name-${index}`), email: text(`email-${index}`), ...(contact !== '' && { contact }) });
  }
  return { template: text('template'), recipients };
}
