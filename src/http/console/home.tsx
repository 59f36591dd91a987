import { Hono } from 'hono';
import { listTenants, type Page, type TenantView } from '#store/view';
import { isOperator, type ConsoleContext, type ConsoleEnv, type Vendor } from './context.ts';
import { SignedOut } from './enter.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Filter, jsonPage, Pager, wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** The front door: where to go depends on who asks. */
export function homePage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/', async (c) => {
    const { session, options } = c.var;
    if (!session) return show(c, { title: 'Sign in' }, <SignedOut />);
    if (session.tenant !== null) return c.redirect(`/t/${session.tenant}`);
    const text = c.req.query('q');
    const page = await listTenants(options.db, { ...askOf(c), text });
    const [only] = page.rows;
    const looking = text !== undefined || c.req.query('all') !== undefined || c.req.query('after') !== undefined || wantsJson(c);
    if (!looking && !only) return show(c, { title: 'Begin' }, <Begin c={c} />);
    if (!looking && only && page.rows.length === 1) return c.redirect(`/t/${only.id}`);
    if (wantsJson(c)) return jsonPage(c, page);
    return show(c, { title: 'Tenants' }, <Tenants c={c} page={page} />);
  });
  return app;
}

function Tenants({ c, page }: { c: ConsoleContext; page: Page<TenantView> }) {
  const now = c.var.options.clock.now();
  return (
    <>
      <h1>Tenants</h1>
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
      {isOperator(c) ? (
        <section>
          <h2>Another account</h2>
          <ConnectButtons vendors={c.var.options.vendors.filter((vendor) => vendor.capabilities.includes('crm'))} tenant={null} />
        </section>
      ) : null}
    </>
  );
}

function Begin({ c }: { c: ConsoleContext }) {
  const { vendors, sandbox, sandboxLinks, sandboxSteps } = c.var.options;
  return (
    <section class="sheet medium">
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
  const suffix = tenant ? `?tenant=${encodeURIComponent(tenant)}` : '';
  return (
    <p class="row">
      {vendors.map((vendor) =>
        vendor.connectable ? (
          <a class="button" href={`/install/${encodeURIComponent(vendor.id)}${suffix}`}>
            Connect {vendor.name}
          </a>
        ) : (
          <span class="soft">{vendor.name}: put its app registration into app.config.json first.</span>
        ),
      )}
    </p>
  );
}
