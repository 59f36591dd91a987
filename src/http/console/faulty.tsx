import { Hono } from 'hono';
import type { DeliveryId } from '#core/ids';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { asServer } from '#store/scope';
import { findFaulty, listFaulty } from '#store/view';
import { at, back, isOperator, sessionIn, vendorName, type ConsoleEnv } from './context.ts';
import { Data, Facts, Id } from './data.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, jsonPage, Pager, wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** Only so much of a body is shown; the whole is in the database. */
const SHOWN_BYTES = 20_000;

/** Deliveries that were signed but not of the expected form. They name no tenant, so only operators see them. */
export function faultyPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.use('/faulty/*', async (c, next) => {
    if (!isOperator(c)) throw new Problem('request.not-found');
    await next();
  });
  app.get('/faulty', async (c) => {
    const { db, clock } = c.var.options;
    const page = await asServer(() => listFaulty(db, askOf(c)));
    if (wantsJson(c)) return jsonPage(c, page);
    return show(
      c,
      { title: 'Faulty deliveries', current: 'inbox' },
      <>
        <p class="crumb">
          <a href={at(c, '/inbox')}>Inbox</a>
        </p>
        <h1>Deliveries that could not be read</h1>
        <p class="soft">Their signatures were right, their content was not of the vendor’s form. Nothing in them was acted upon.</p>
        {page.rows.length === 0 ? <Empty title="There are none">Every delivery so far could be read.</Empty> : null}
        <ul class="rows">
          {page.rows.map((row) => (
            <li>
              <a href={at(c, `/faulty/${row.id}`)}>{vendorName(c.var.options, row.vendor)}</a> <span>{row.fault}</span>
              <span class="soft end">
                <When at={row.received_at} now={clock.now()} />
              </span>
            </li>
          ))}
        </ul>
        <Pager c={c} next={page.next} />
        <Exports c={c} />
      </>,
    );
  });
  app.get('/faulty/:delivery', async (c) => {
    const { db, clock } = c.var.options;
    const delivery = await asServer(() => findFaulty(db, c.req.param('delivery') as DeliveryId));
    if (!delivery) throw new Problem('request.not-found');
    const body = delivery.body ? Buffer.from(delivery.body).subarray(0, SHOWN_BYTES).toString('utf8') : null;
    return show(
      c,
      { title: 'Faulty delivery', current: 'inbox' },
      <>
        <p class="crumb">
          <a href={at(c, '/faulty')}>Deliveries that could not be read</a>
        </p>
        <h1>{vendorName(c.var.options, delivery.vendor)}</h1>
        <p class="note bad">{delivery.fault}</p>
        <Facts
          rows={[
            ['Delivery', <Id value={delivery.id} />],
            ['Received', <When at={delivery.received_at} now={clock.now()} seconds />],
          ]}
        />
        <details>
          <summary>Discard it</summary>
          <form method="post" action={at(c, `/faulty/${delivery.id}/discard`)}>
            <p>Its body is forgotten, and this cannot be taken back. Nothing of it was acted upon.</p>
            <button class="danger">Discard it for good</button>
          </form>
        </details>
        <h2>Body</h2>
        {body === null ? <p class="soft">It is not kept any more.</p> : <Data text={body} label="Body" />}
        <h2>Headers</h2>
        <Data text={delivery.headers} label="Headers" />
      </>,
    );
  });
  app.post('/faulty/:delivery/discard', async (c) => {
    await c.var.options.desk.discardDelivery(c.req.param('delivery') as DeliveryId, nameOf(sessionIn(c)));
    return back(c, at(c, '/faulty'), 'delivery-discarded');
  });
  return app;
}
