import { Hono } from 'hono';
import type { InstallId } from '#core/ids';
import type { Template } from '#core/records';
import { Problem } from '#core/problem';
import { findGround } from '#store/grounds';
import { findInstall, listInstalls, type InstallView } from '#store/view';
import { nameOf } from '#http/sessions';
import { at, back, formOf, isOperator, sessionIn, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { ConnectButtons } from './home.tsx';
import { ConnectByKey, InstallCard } from './install-card.tsx';
import { CardKeyMade } from './install-settings.tsx';
import { show } from './layout.tsx';
import { Empty, Exports, wantsJson } from './list.tsx';

export function installPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/installs', async (c) => {
    const installs = await listInstalls(c.var.options.db, tenantIn(c).id);
    if (wantsJson(c)) return c.json({ items: installs, next: null });
    return show(c, { title: 'Installs', current: 'installs' }, <Installs c={c} installs={installs} templates={await templatesOf(c, installs)} />);
  });
  app.get('/installs/:install/disconnect', async (c) => {
    const install = await installOf(c);
    return show(c, { title: 'Disconnect', current: 'installs' }, <ConfirmDisconnect c={c} install={install} />);
  });
  app.post('/installs/:install/disconnect', async (c) => {
    const install = await installOf(c);
    await c.var.options.desk.disconnect(install.tenant, install.id, nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), 'disconnected');
  });
  app.post('/installs/:install/reconcile', async (c) => {
    const install = await installOf(c);
    await c.var.options.desk.reconcileNow(install.tenant, install.id, nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), 'reconciling');
  });
  app.post('/installs/:install/refresh', async (c) => {
    const install = await installOf(c);
    await c.var.options.desk.refreshGround(install.tenant, install.id);
    return back(c, at(c, '/installs'), 'refreshed');
  });
  app.post('/installs/:install/sending', async (c) => {
    const install = await installOf(c);
    const allow = (await formOf(c)).allow === '1';
    await c.var.options.desk.allowSending(install.tenant, install.id, allow, nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), allow ? 'sending-on' : 'sending-off');
  });
  app.post('/installs/:install/keys', async (c) => {
    const install = await installOf(c);
    const keys = ((await formOf(c)).keys ?? '').split(/\s+/).filter((key) => key !== '');
    if (keys.length === 0) throw new Problem('request.malformed', { say: 'Enter at least one key.' });
    await c.var.options.desk.setWebhookKeys(install.tenant, install.id, keys, nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), 'keys-set');
  });
  app.post('/installs/:install/card-key', async (c) => {
    const install = await installOf(c);
    const value = await c.var.options.desk.makeCardKey(install.tenant, install.id, nameOf(sessionIn(c)));
    return show(c, { title: 'Key made', current: 'installs' }, <CardKeyMade c={c} value={value} />);
  });
  app.post('/installs/:install/share', async (c) => {
    const install = await installOf(c);
    await c.var.options.desk.setDayShare(install.tenant, install.id, Number((await formOf(c)).percent), nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), 'share-set');
  });
  app.post('/installs/:install/listening', async (c) => {
    const install = await installOf(c);
    const on = (await formOf(c)).on === '1';
    await c.var.options.desk.setListening(install.tenant, install.id, on, nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), on ? 'listening' : 'listening-off');
  });
  app.post('/installs/:vendor/key', async (c) => {
    if (!isOperator(c)) throw new Problem('request.not-found');
    await c.var.options.desk.connectByKey(tenantIn(c).id, c.req.param('vendor'), nameOf(sessionIn(c)));
    return back(c, at(c, '/installs'), 'connected');
  });
  return app;
}

/** The templates of each provider's account, as last read. */
async function templatesOf(c: ConsoleContext, installs: InstallView[]): Promise<Map<InstallId, Template[]>> {
  const known = new Map<InstallId, Template[]>();
  for (const install of installs) {
    if (!install.grounds.some((ground) => ground.kind === 'templates')) continue;
    const ground = await findGround(c.var.options.db, install.tenant, install.id, 'templates');
    if (ground) known.set(install.id, ground.data);
  }
  return known;
}

async function installOf(c: ConsoleContext): Promise<InstallView> {
  const install = await findInstall(c.var.options.db, tenantIn(c).id, c.req.param('install') as InstallId);
  if (!install) throw new Problem('request.not-found');
  return install;
}

function Installs({ c, installs, templates }: { c: ConsoleContext; installs: InstallView[]; templates: Map<InstallId, Template[]> }) {
  const present = new Set(installs.filter((install) => install.state !== 'left').map((install) => install.vendor));
  const missing = c.var.options.vendors.filter((vendor) => !present.has(vendor.id));
  return (
    <>
      <h1>Installs</h1>
      {installs.length === 0 ? <Empty title="Nothing is connected">Connect a CRM first, then an e-signature provider.</Empty> : null}
      {installs.map((install) => (
        <InstallCard c={c} install={install} templates={templates.get(install.id)} />
      ))}
      {missing.length > 0 ? (
        <section>
          <h2>Connect more</h2>
          <ConnectButtons vendors={missing} tenant={tenantIn(c).id} />
          {missing.map((vendor) => (
            <ConnectByKey c={c} vendor={vendor} />
          ))}
        </section>
      ) : null}
      <Exports c={c} />
    </>
  );
}

function ConfirmDisconnect({ c, install }: { c: ConsoleContext; install: InstallView }) {
  return (
    <section class="sheet narrow">
      <h1>
        Disconnect {vendorName(c.var.options, install.vendor)} {install.name}?
      </h1>
      <ul>
        <li>The vendor is told that we leave, and its webhooks stop.</li>
        <li>The access tokens are destroyed at once.</li>
        <li>What still waits for this account is held. Connecting the same account again lets it go on.</li>
        <li>Envelopes, timelines and ledgers stay as they are.</li>
      </ul>
      <form method="post" class="row">
        <button class="danger">Disconnect</button>
        <a class="button plain" href={at(c, '/installs')}>
          Keep it
        </a>
      </form>
    </section>
  );
}
