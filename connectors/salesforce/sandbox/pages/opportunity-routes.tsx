import { Hono } from 'hono';
import { documentOf } from '#shared/sandbox/page.tsx';
import { saidOf, sendRoutes } from '#shared/sandbox/send-routes.tsx';
import { childrenOf, words, type Desk } from '../desk.ts';
import { id18Of } from '../org/ids.ts';
import type { Row } from '../org/state.ts';
import type { Outcome, Transaction } from '../org/transaction.ts';
import type { SeenObject } from '../org/schema.ts';
import { Frame } from './frame.tsx';
import { Opportunities } from './opportunities.tsx';
import { newsOf, OpportunityPage } from './opportunity.tsx';

/** Opportunities and what is done with them. */
export function opportunityRoutes(desk: Desk): Hono {
  const pages = new Hono();
  const { store } = desk.org;
  const find = (id: string): Row | undefined => {
    const row = store.find('Opportunity', id18Of(id) ?? '');
    return row?.deleted ? undefined : row;
  };
  const at = (id: string, said: string) => `${desk.options.baseUrl()}/opportunities/${id}?said=${encodeURIComponent(said)}`;
  const change = (work: (tx: Transaction, object: SeenObject) => Outcome): Outcome => {
    const actor = desk.org.person();
    const object = actor.schema.own('Opportunity');
    if (!object) return { ok: false, faults: [] };
    return desk.org.write(actor, (tx) => work(tx, object));
  };

  pages.get('/opportunities', (c) => c.html(documentOf(<Opportunities desk={desk} said={saidOf('opportunity', c.req.query('said'))} />)));
  pages.get('/opportunities/:id', async (c) => {
    const row = find(c.req.param('id'));
    if (!row) return c.notFound();
    return c.html(documentOf(<OpportunityPage desk={desk} row={row} card={await desk.card.show(row.id)} said={saidOf('opportunity', c.req.query('said'))} />));
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

  pages.route(
    '/',
    sendRoutes({
      path: '/opportunities',
      baseUrl: desk.options.baseUrl,
      words: { record: 'opportunity', values: 'fields' },
      card: desk.card,
      find(id) {
        const row = find(id);
        return row && { id: row.id, name: words(row.values.Name), people: peopleOf(desk, row) };
      },
      frame: (form) => (
        <Frame desk={desk} title="Send for signature" here="/opportunities">
          {form}
        </Frame>
      ),
    }),
  );
  return pages;
}

function peopleOf(desk: Desk, { id }: Row): { name: string; email: string }[] {
  return childrenOf(desk, 'OpportunityContactRole', 'OpportunityId', id).flatMap(({ values }) => {
    const contact = desk.org.store.find('Contact', String(values.ContactId));
    return contact ? [{ name: words(contact.values.Name), email: words(contact.values.Email) }] : [];
  });
}
