import { Hono } from 'hono';
import { z } from 'zod';
import { documentOf } from '#shared/sandbox/page.tsx';
import type { Desk } from '../desk.ts';
import { id18Of } from '../org/ids.ts';
import type { Row } from '../org/state.ts';
import type { Outcome, Transaction } from '../org/transaction.ts';
import type { SeenObject } from '../org/schema.ts';
import { cardSchema, previewSchema, type Card } from './card-client.ts';
import { Opportunities } from './opportunities.tsx';
import { newsOf, OpportunityPage } from './opportunity.tsx';
import { SignForm, type Choice } from './signing.tsx';

const SAID: Record<string, string> = {
  sent: 'Asked Countersign to send it. The opportunity will say so in a moment.',
  void: 'Asked to void the envelope.',
  remind: 'Asked to remind.',
};

/** Opportunities and what is done with them. */
export function opportunityRoutes(desk: Desk): Hono {
  const pages = new Hono();
  const { store } = desk.org;
  const find = (id: string): Row | undefined => {
    const row = store.find('Opportunity', id18Of(id) ?? '');
    return row?.deleted ? undefined : row;
  };
  const cardOf = (id: string) => desk.card.ask(cardSchema, 'GET', `/cards/salesforce/deals/${id}`);
  const post = (path: string, body: unknown) => desk.card.ask(z.unknown(), 'POST', path, body);
  const at = (id: string, said: string) => `${desk.options.baseUrl()}/opportunities/${id}?said=${encodeURIComponent(said)}`;
  const saying = (said: string | undefined): string | null => (said === undefined || said === '' ? null : (SAID[said] ?? said.slice(0, 300)));
  const change = (work: (tx: Transaction, object: SeenObject) => Outcome): Outcome => {
    const actor = desk.org.person();
    const object = actor.schema.own('Opportunity');
    if (!object) return { ok: false, faults: [] };
    return desk.org.write(actor, (tx) => work(tx, object));
  };

  pages.get('/opportunities', (c) => c.html(documentOf(<Opportunities desk={desk} said={saying(c.req.query('said'))} />)));
  pages.get('/opportunities/:id', async (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    return c.html(documentOf(<OpportunityPage desk={desk} row={row} card={await cardOf(row.id)} said={saying(c.req.query('said'))} />));
  });
  pages.get('/opportunities/:id/news', (c) => {
    const row = find(c.req.param('id'));
    return row ? c.text(newsOf(desk, row)) : c.notFound();
  });
  pages.post('/opportunities/:id/stage', async (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    const stage = String((await c.req.parseBody()).stage);
    const outcome = change((tx, object) => tx.update(object, row.id, { StageName: stage }));
    return c.redirect(at(row.id, outcome.ok ? `It is now in ${stage}.` : (outcome.faults[0]?.message ?? '')), 303);
  });
  pages.post('/opportunities/:id/delete', (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    const outcome = change((tx, object) => tx.remove(object, row.id));
    return c.redirect(outcome.ok ? `${desk.options.baseUrl()}/opportunities` : at(row.id, outcome.faults[0]?.message ?? ''), 303);
  });

  pages.get('/opportunities/:id/sign', async (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    const card = await cardOf(row.id);
    if (!card.ok) return c.redirect(at(row.id, card.message), 303);
    return c.html(documentOf(<SignForm desk={desk} opportunity={row} card={card.body} choice={choiceFor(card.body, c.req.query('template'))} preview={null} />));
  });
  pages.post('/opportunities/:id/sign', async (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    const form = await c.req.parseBody();
    const choice = choiceFrom(form);
    const key = String(form.key);
    const path = `/cards/salesforce/deals/${row.id}`;
    if (form.act === 'send') {
      const answer = await post(`${path}/send`, { key, ...choice });
      return c.redirect(at(row.id, answer.ok ? 'sent' : answer.message), 303);
    }
    const [card, preview] = await Promise.all([cardOf(row.id), desk.card.ask(previewSchema, 'POST', `${path}/preview`, choice)]);
    if (!card.ok) return c.redirect(at(row.id, card.message), 303);
    return c.html(documentOf(<SignForm desk={desk} opportunity={row} card={card.body} choice={choice} sendKey={key} preview={preview} />));
  });
  pages.post('/opportunities/:id/envelopes/:envelope', async (c) => {
    const form = await c.req.parseBody();
    const act = form.act === 'void' ? 'void' : 'remind';
    const reason = typeof form.reason === 'string' && form.reason !== '' ? form.reason : 'Voided on the opportunity.';
    const answer = await post(`/cards/salesforce/envelopes/${encodeURIComponent(c.req.param('envelope'))}/${act}`, act === 'void' ? { reason } : {});
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
