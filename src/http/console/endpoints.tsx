import { Hono } from 'hono';
import type { EndpointId, MessageId } from '#core/ids';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { findEndpoint, findMessage, listEndpoints, listMessages, MESSAGE_STATES, type EndpointView } from '#store/view';
import { at, back, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { ConfirmDelete, EndpointForm, RefusedSettings, SecretMade, type EndpointSettings } from './endpoint-forms.tsx';
import { EndpointPage, EndpointState, Subscribed } from './endpoint.tsx';
import { refusalIn, statusOf } from './errors.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, jsonPage, oneOf, wantsJson } from './list.tsx';
import { MessagePage } from './message.tsx';
import { When } from './when.tsx';

const CURRENT = { current: 'webhooks' };

export function endpointPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/webhooks', async (c) => {
    const endpoints = await listEndpoints(c.var.options.db, tenantIn(c).id);
    if (wantsJson(c)) return c.json({ items: endpoints, next: null });
    return show(c, { title: 'Webhooks', ...CURRENT }, <Endpoints c={c} endpoints={endpoints} />);
  });
  app.post('/webhooks', async (c) => {
    const typed = await settingsOf(c);
    try {
      const { id, secret } = await c.var.options.desk.endpoints.add(tenantIn(c).id, typed, nameOf(sessionIn(c)));
      return await show(c, { title: 'Endpoint added', ...CURRENT }, <SecretMade c={c} id={id} secret={secret} />);
    } catch (error) {
      const problem = refusalIn(error);
      return show(c, { title: 'Add an endpoint', ...CURRENT, status: statusOf(problem) }, <RefusedSettings c={c} typed={typed} problem={problem} />);
    }
  });
  app.get('/webhooks/:endpoint', async (c) => {
    const endpoint = await endpointOf(c);
    const filter = { state: oneOf(MESSAGE_STATES, c.req.query('state')), text: c.req.query('q') };
    const page = await listMessages(c.var.options.db, endpoint.tenant, endpoint.id, filter, askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    const filtered = filter.state !== undefined || Boolean(filter.text) || c.req.query('after') !== undefined;
    return show(c, { title: 'Webhook', ...CURRENT }, <EndpointPage c={c} endpoint={endpoint} page={page} filtered={filtered} />);
  });
  app.get('/webhooks/:endpoint/delete', async (c) => show(c, { title: 'Delete the endpoint', ...CURRENT }, <ConfirmDelete c={c} endpoint={await endpointOf(c)} />));
  app.get('/webhooks/:endpoint/messages/:message', async (c) => {
    const endpoint = await endpointOf(c);
    const message = await findMessage(c.var.options.db, endpoint.tenant, endpoint.id, c.req.param('message') as MessageId);
    if (!message) throw new Problem('request.not-found');
    if (wantsJson(c)) return c.json(message);
    return show(c, { title: 'Message', ...CURRENT }, <MessagePage c={c} endpoint={endpoint} message={message} />);
  });
  return actions(app);
}

/** What can be done to one endpoint; each leads back to its page. */
function actions(app: Hono<ConsoleEnv>): Hono<ConsoleEnv> {
  app.post('/webhooks/:endpoint/delete', async (c) => {
    const { tenant, id } = await endpointOf(c);
    await c.var.options.desk.endpoints.remove(tenant, id, nameOf(sessionIn(c)));
    return back(c, at(c, '/webhooks'), 'endpoint-deleted');
  });
  app.post('/webhooks/:endpoint/settings', async (c) => {
    const endpoint = await endpointOf(c);
    const typed = await settingsOf(c);
    try {
      await c.var.options.desk.endpoints.change(endpoint.tenant, endpoint.id, typed, nameOf(sessionIn(c)));
      return back(c, at(c, `/webhooks/${endpoint.id}`), 'endpoint-changed');
    } catch (error) {
      const problem = refusalIn(error);
      return show(c, { title: 'Change the endpoint', ...CURRENT, status: statusOf(problem) }, <RefusedSettings c={c} endpoint={endpoint} typed={typed} problem={problem} />);
    }
  });
  app.post('/webhooks/:endpoint/rotate', async (c) => {
    const { tenant, id } = await endpointOf(c);
    const { secret, oldUntil } = await c.var.options.desk.endpoints.rotate(tenant, id, nameOf(sessionIn(c)));
    return show(c, { title: 'Secret rotated', ...CURRENT }, <SecretMade c={c} id={id} secret={secret} oldUntil={oldUntil} />);
  });
  for (const verb of ['enable', 'disable', 'test'] as const) {
    app.post(`/webhooks/:endpoint/${verb}`, async (c) => {
      const { tenant, id } = await endpointOf(c);
      await c.var.options.desk.endpoints[verb](tenant, id, nameOf(sessionIn(c)));
      return back(c, at(c, `/webhooks/${id}`), `endpoint-${verb}`);
    });
  }
  app.post('/webhooks/:endpoint/replay', async (c) => {
    const { tenant, id } = await endpointOf(c);
    await c.var.options.desk.endpoints.replayFailed(tenant, id, nameOf(sessionIn(c)));
    return back(c, at(c, `/webhooks/${id}`), 'messages-replayed');
  });
  app.post('/webhooks/:endpoint/messages/:message/replay', async (c) => {
    const { tenant, id } = await endpointOf(c);
    const message = await findMessage(c.var.options.db, tenant, id, c.req.param('message') as MessageId);
    if (!message) throw new Problem('request.not-found');
    await c.var.options.desk.endpoints.replay(tenant, id, message.id, nameOf(sessionIn(c)));
    return back(c, at(c, `/webhooks/${id}/messages/${message.id}`), 'messages-replayed');
  });
  return app;
}

async function endpointOf(c: ConsoleContext): Promise<EndpointView> {
  const endpoint = await findEndpoint(c.var.options.db, tenantIn(c).id, c.req.param('endpoint') as EndpointId);
  if (!endpoint) throw new Problem('request.not-found');
  return endpoint;
}

async function settingsOf(c: ConsoleContext): Promise<EndpointSettings> {
  const form = await c.req.parseBody({ all: true });
  const texts = (name: string): string[] => [form[name] ?? []].flat().filter((value) => typeof value === 'string');
  return { url: texts('url')[0] ?? '', events: texts('events'), description: texts('description')[0] ?? '' };
}

function Endpoints({ c, endpoints }: { c: ConsoleContext; endpoints: EndpointView[] }) {
  return (
    <>
      <h1>Webhooks</h1>
      <p class="lead">
        Whatever happens to an envelope is told to the endpoints below, signed in the form of Standard Webhooks. Messages hold ids and status, never a name, an address or a
        document.
      </p>
      {endpoints.length === 0 ? (
        <Empty title="No tool is subscribed">
          Add the address of a tool that should know when a document is sent, viewed, signed, declined or expires: a data warehouse, a chat, a workflow, your own service.
        </Empty>
      ) : (
        <EndpointTable c={c} endpoints={endpoints} />
      )}
      <details class="sheet" open={endpoints.length === 0}>
        <summary>
          <h2>Add an endpoint</h2>
        </summary>
        <EndpointForm c={c} action={at(c, '/webhooks')} />
      </details>
      <p class="soft small">
        Every event and its members: <a href="/events.schema.json">events.schema.json</a>
      </p>
      {endpoints.length > 0 ? <Exports c={c} /> : null}
    </>
  );
}

function EndpointTable({ c, endpoints }: { c: ConsoleContext; endpoints: EndpointView[] }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col">State</th>
          <th scope="col">Messages</th>
          <th scope="col">Last success</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <tr>
            <td data-label="Endpoint" class="main">
              <a href={at(c, `/webhooks/${endpoint.id}`)}>{endpoint.description || new URL(endpoint.url).host}</a>
              <p class="soft small">
                {new URL(endpoint.url).host} · events: <Subscribed endpoint={endpoint} />
              </p>
            </td>
            <td data-label="State">
              <EndpointState endpoint={endpoint} />
            </td>
            <td data-label="Messages">
              {endpoint.failed > 0 ? <a href={at(c, `/webhooks/${endpoint.id}?state=failed`)}>{counted(endpoint.failed, 'failed', 'failed')}</a> : 'none failed'}
              {endpoint.waiting > 0 ? <p class="soft small">{endpoint.waiting} waiting</p> : null}
            </td>
            <td data-label="Last success">
              <When at={endpoint.last_ok_at} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
