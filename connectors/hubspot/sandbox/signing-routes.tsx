import { Hono } from 'hono';
import { documentOf } from '#shared/sandbox/page.tsx';
import { saidOf, sendRoutes } from '#shared/sandbox/send-routes.tsx';
import { Deal, newsOf } from './deal.tsx';
import { contactName, type Desk } from './desk.ts';
import { Frame } from './frame.tsx';

/** A deal's page and what its card does. */
export function signingRoutes(desk: Desk): Hono {
  const pages = new Hono();

  pages.get('/deals/:id', async (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    if (!deal) return c.notFound();
    return c.html(documentOf(<Deal desk={desk} deal={deal} card={await desk.card.show(deal.id)} said={saidOf('deal', c.req.query('said'))} />));
  });

  pages.get('/deals/:id/news', (c) => {
    const deal = desk.account.find('deals', c.req.param('id'));
    return deal ? c.text(newsOf(desk, deal)) : c.notFound();
  });

  pages.route(
    '/',
    sendRoutes({
      path: '/deals',
      baseUrl: desk.options.baseUrl,
      words: { record: 'deal', values: 'properties' },
      card: desk.card,
      find(id) {
        const deal = desk.account.find('deals', id);
        const people = desk.account.linked(id, 'contacts').map((contact) => ({ name: contactName(contact), email: contact.properties.email ?? '' }));
        return deal && { id: deal.id, name: deal.properties.dealname ?? '', people };
      },
      frame: (form) => (
        <Frame desk={desk} title="Send for signature" here="/deals">
          {form}
        </Frame>
      ),
    }),
  );
  return pages;
}
