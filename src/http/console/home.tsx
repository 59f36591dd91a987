import { Hono } from 'hono';
import type { AlarmsTable } from '#store/schema';
import { asServer } from '#store/scope';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { findServerStop, listServerAlarms, listTenants, type Page, type ServerStop, type TenantView } from '#store/view';
import { Alarms } from './alarms.tsx';
import { back, formOf, isOperator, type ConsoleContext, type ConsoleEnv, type Vendor } from './context.ts';
import { SignedOut } from './enter.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Filter, jsonPage, Pager, wantsJson } from './list.tsx';
import { StopForm } from './stops.tsx';
import { When } from './when.tsx';

/** The front door: where to go depends on who asks. */
export function homePage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/', async (c) => {
    const { session, options } = c.var;
    if (!session) return show(c, { title: 'Sign in' }, <SignedOut />);
    if (session.tenant !== null) return c.redirect(`/t/${session.tenant}`);
    const text = c.req.query('q');
    const page = await asServer(() => listTenants(options.db, { ...askOf(c), text }));
    const [only] = page.rows;
    const looking = text !== undefined || c.req.query('all') !== undefined || c.req.query('after') !== undefined || wantsJson(c);
    const alarms = await asServer(() => listServerAlarms(options.db));
    if (!looking && !only) return show(c, { title: 'Begin' }, <Begin c={c} alarms={alarms} />);
    if (!looking && only && page.rows.length === 1) return c.redirect(`/t/${only.id}`);
    if (wantsJson(c)) return jsonPage(c, page);
    return show(c, { title: 'Tenants' }, <Tenants c={c} page={page} alarms={alarms} stop={(await findServerStop(options.db)) ?? null} />);
  });
  app.post('/', async (c) => {
    const { session, options } = c.var;
    if (session?.tenant !== null) throw new Problem('request.forbidden');
    const { reason = '', do: what } = await formOf(c);
    if (what === 'resume') await options.desk.brakes.resumeServer(nameOf(session));
    else await options.desk.brakes.stopServer(reason, nameOf(session));
    return back(c, '/?all=1', what === 'resume' ? 'resumed' : 'stopped');
  });
  return app;
}

function Tenants({ c, page, alarms, stop }: { c: ConsoleContext; page: Page<TenantView>; alarms: AlarmsTable[]; stop: ServerStop | null }) {
  const now = c.var.options.clock.now();
  return (
    <>
      <h1>Tenants</h1>
      <Alarms c={c} alarms={alarms.filter(({ code }) => code !== 'sending-stopped')} />
      <Filter c={c} hint="Name or id" />
      {page.rows.length === 0 ? (
        <Empty title="No tenant of that name">
          <a href="/?all=1">Show all of them</a>
        </Empty>
      ) : (
        <ul class="rows">
          {page.rows.map((tenant) => (
            <li>
              <a href={`/t/${tenant.id}`}>{tenant.name}</a> <code class="soft">{tenant.id}</code>
              <span class="soft end">
                since <When at={tenant.created_at} now={now} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <Pager c={c} next={page.next} />
      <section>
        <h2>Stop sending on this server</h2>
        {stop ? (
          <>
            <p class="note warn">
              <strong>Sending is stopped for every tenant:</strong> {stop.because} (by {stop.by}, <When at={stop.at} now={now} />)
            </p>
            <form method="post" action="/" class="row">
              <button name="do" value="resume">
                Resume sending for every tenant
              </button>
            </form>
          </>
        ) : (
          <>
            <p class="soft">Acts at once, for every tenant and in every process. Voids, withdrawals of consent and write-backs go on.</p>
            <StopForm action="/" label="Stop sending for every tenant" />
          </>
        )}
      </section>
      {isOperator(c) ? (
        <section>
          <h2>Another account</h2>
          <ConnectButtons vendors={c.var.options.vendors.filter((vendor) => vendor.capabilities.includes('crm'))} tenant={null} />
        </section>
      ) : null}
    </>
  );
}

function Begin({ c, alarms }: { c: ConsoleContext; alarms: AlarmsTable[] }) {
  const { vendors, sandbox, sandboxLinks, sandboxSteps } = c.var.options;
  return (
    <section class="sheet medium">
      <Alarms c={c} alarms={alarms} />
      <h1>Install in a CRM</h1>
      <p class="lead">Everything begins with a CRM account: its deals are what gets signed, and its records are what gets written.</p>
      <ConnectButtons vendors={vendors.filter((vendor) => vendor.capabilities.includes('crm'))} tenant={null} />
      {sandbox ? (
        <>
          <h2>What you will do</h2>
          <ol class="steps">
            <li>Install in the CRM: press the button above, read the permissions and grant them.</li>
            <li>Connect the e-signature provider, so that its templates appear.</li>
            <li>Look at the mapping: which stage sends which template, to whom. Dry-run it on a deal; nothing is sent.</li>
            <li>Drag a deal to “Contract sent” on the deal board.</li>
            <li>Open the mailbox and sign, as each recipient in turn.</li>
            <li>See deal, contact and journey updated, and the timeline that explains every step.</li>
          </ol>
          <p class="soft">
            CRM, provider and mailbox are played by this server, over real HTTP; no mail leaves the machine.
            {sandboxSteps ? (
              <>
                {' '}
                You may also begin where a customer would: <a href={sandboxSteps.install.href}>{sandboxSteps.install.label}</a>.
              </>
            ) : null}
          </p>
          <p class="row">
            {sandboxLinks.map((link) => (
              <a class="button plain" href={link.href}>
                {link.label}
              </a>
            ))}
          </p>
        </>
      ) : null}
    </section>
  );
}

/** One button a vendor; without an app registration it says what is missing. */
export function ConnectButtons({ vendors, tenant }: { vendors: Vendor[]; tenant: string | null }) {
  if (vendors.length === 0) return <p class="soft">No such connector is part of this server.</p>;
  return (
    <>
      <p class="row">{vendors.map((vendor) => (hasChoice(vendor) ? null : <ConnectButton vendor={vendor} tenant={tenant} />))}</p>
      {vendors.filter(hasChoice).map((vendor) => (
        <ConnectForm vendor={vendor} tenant={tenant} />
      ))}
    </>
  );
}

const hasChoice = (vendor: Vendor): boolean => vendor.connectable && (vendor.logins?.length ?? 0) > 0;

function ConnectButton({ vendor, tenant }: { vendor: Vendor; tenant: string | null }) {
  if (!vendor.connectable) return <span class="soft">{vendor.name}: set its app registration in the environment first, as its README says.</span>;
  return (
    <a class="button" href={`/install/${encodeURIComponent(vendor.id)}${tenant ? `?tenant=${encodeURIComponent(tenant)}` : ''}`}>
      Connect {vendor.name}
    </a>
  );
}

/** Where the account signs in decides what is connected: a production account, a test copy, or a login of the company's own. */
function ConnectForm({ vendor, tenant }: { vendor: Vendor; tenant: string | null }) {
  return (
    <form method="get" action={`/install/${encodeURIComponent(vendor.id)}`} class="row">
      {tenant ? <input type="hidden" name="tenant" value={tenant} /> : null}
      <button>Connect {vendor.name}</button>
      <label>
        at <input name="login" list={`logins-${vendor.id}`} value={vendor.logins?.[0]?.id ?? ''} required maxlength={120} autocapitalize="off" spellcheck={false} />
      </label>
      <datalist id={`logins-${vendor.id}`}>
        {vendor.logins?.map(({ id, name }) => (
          <option value={id}>{name}</option>
        ))}
      </datalist>
      {vendor.ownLogin === undefined ? null : <span class="soft">or your own, such as {vendor.ownLogin.replace('*', 'acme')}</span>}
    </form>
  );
}
