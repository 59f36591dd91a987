import type { Template } from '#core/records';
import type { InstallView } from '#store/view';
import { Badge } from './badge.tsx';
import { counted } from './counted.ts';
import { at, isOperator, tenantIn, vendorName, type ConsoleContext, type Vendor } from './context.ts';
import { Facts, Id } from './data.tsx';
import { When } from './when.tsx';

const STATE = { active: ['Active', 'good'], reauthorize: ['Needs reauthorisation', 'bad'], left: ['Disconnected', 'plain'] } as const;

export function InstallState({ install }: { install: Pick<InstallView, 'state'> }) {
  return <Badge words={STATE[install.state]} />;
}

/** One connected account: its health, and what can be done about it. */
export function InstallCard({ c, install, templates }: { c: ConsoleContext; install: InstallView; templates: Template[] | undefined }) {
  const { options } = c.var;
  const now = options.clock.now();
  const vendor = options.vendors.find((candidate) => candidate.id === install.vendor);
  const reconnect = `/install/${encodeURIComponent(install.vendor)}?tenant=${tenantIn(c).id}`;
  return (
    <article class="sheet install" id={install.id}>
      <header class="heading">
        <h2>
          {vendorName(options, install.vendor)} <small>{install.name}</small>
        </h2>
        <span class="row">
          {install.environment === 'test' ? <Badge words={['Test account', 'warn']} /> : null}
          <InstallState install={install} />
        </span>
      </header>
      {install.state === 'active' ? null : (
        <div class={install.state === 'left' ? 'note' : 'note bad'}>
          <p>{install.reason ?? (install.state === 'left' ? 'This account was disconnected.' : 'The account has withdrawn or lost its permission.')}</p>
          <p>
            {install.held > 0 ? `${counted(install.held, 'effect')} wait here and go on once it is connected again. ` : ''}
            <a class="button" href={reconnect}>
              Reconnect
            </a>
          </p>
          {vendor ? <ConnectByKey c={c} vendor={vendor} /> : null}
        </div>
      )}
      <Facts
        rows={[
          ['Account', <code>{install.account}</code>],
          ['Permissions', <Permissions scopes={JSON.parse(install.scopes) as string[]} />],
          ['Access renewed before', install.state === 'left' ? null : <When at={install.expires_at} now={now} />],
          ['Last success', <When at={install.last_ok_at} now={now} />],
          ['Webhook address', <WebhookAddress c={c} install={install} kind={vendor?.webhook} />],
          ...install.grounds.map((ground): [string, unknown] => [ground.kind === 'schema' ? 'Fields and stages read' : 'Templates read', <When at={ground.read_at} now={now} />]),
        ]}
      />
      {templates ? <Templates templates={templates} /> : null}
      <Reconciliation c={c} install={install} />
      {install.state === 'left' ? null : <InstallActions c={c} install={install} signs={vendor?.capabilities.includes('sign') ?? false} />}
    </article>
  );
}

/** For operators alone, where the server holds a key: it acts for the user whom the configuration names. */
export function ConnectByKey({ c, vendor }: { c: ConsoleContext; vendor: Vendor }) {
  if (!isOperator(c) || !vendor.byKey) return null;
  return (
    <form method="post" action={at(c, `/installs/${encodeURIComponent(vendor.id)}/key`)}>
      <button class="plain">Connect {vendor.name} with the server’s key</button>
    </form>
  );
}

/** A short list stands open; a long one unfolds. */
function Permissions({ scopes }: { scopes: string[] }) {
  if (scopes.length <= 4) return <>{scopes.join(', ')}</>;
  return (
    <details class="inline">
      <summary>{scopes.length} granted</summary>
      {scopes.join(', ')}
    </details>
  );
}

function Templates({ templates }: { templates: Template[] }) {
  return (
    <section aria-label="Templates">
      <h3>Templates</h3>
      {templates.length === 0 ? <p class="soft">The account has none. Make one at the provider, then read templates again.</p> : null}
      <ul class="plainlist">
        {templates.map((template) => (
          <li>
            {template.name}{' '}
            <span class="soft">
              signed by{' '}
              {[...template.roles]
                .sort((a, b) => a.order - b.order)
                .map(({ name }) => name)
                .join(', then ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function WebhookAddress({ c, install, kind }: { c: ConsoleContext; install: InstallView; kind: 'app' | 'install' | undefined }) {
  const root = `${c.var.options.publicUrl()}/webhooks/${install.vendor}`;
  return <Id value={kind === 'install' ? `${root}/${install.hook}` : root} />;
}

function Reconciliation({ c, install }: { c: ConsoleContext; install: InstallView }) {
  const now = c.var.options.clock.now();
  if (install.cursors.length === 0) return <p class="soft">Not reconciled yet.</p>;
  return (
    <>
      {install.cursors.map((cursor) => (
        <div class="reconcile">
          <h3>Reconciliation of {cursor.name}</h3>
          {cursor.error ? <p class="bad">The last round failed: {cursor.error}</p> : null}
          <Facts
            rows={[
              ['Last success', <When at={cursor.last_ok_at} now={now} />],
              ['Looked at', `${cursor.seen} in ${cursor.lease_until > now ? 'the running round so far' : 'the last round'}`],
              ['Gaps found', `${cursor.gaps} in that round, ${cursor.gaps_total} in all: changes that no webhook had told`],
              ['Next round', cursor.lease_until > now ? 'running now' : <When at={cursor.next_at} now={now} />],
            ]}
          />
        </div>
      ))}
    </>
  );
}

function InstallActions({ c, install, signs }: { c: ConsoleContext; install: InstallView; signs: boolean }) {
  const act = (verb: string) => at(c, `/installs/${install.id}/${verb}`);
  return (
    <>
      <div class="row actions">
        <form method="post" action={act('reconcile')}>
          <button class="plain">Reconcile now</button>
        </form>
        <form method="post" action={act('refresh')}>
          <button class="plain">{signs ? 'Read templates again' : 'Read fields and stages again'}</button>
        </form>
        <a class="button plain danger" href={act('disconnect')}>
          Disconnect…
        </a>
      </div>
      {install.environment === 'test' ? <AllowSending action={act('sending')} allowed={install.send_allowed === 1} /> : null}
      {signs ? <WebhookKeys action={act('keys')} install={install} /> : null}
    </>
  );
}

function AllowSending({ action, allowed }: { action: string; allowed: boolean }) {
  return (
    <details>
      <summary>Sending from this test account: {allowed ? 'allowed' : 'not allowed'}</summary>
      <p>A test or cloned account holds copies of live people’s addresses. Unless you allow it here, nothing is sent to anyone from it.</p>
      <form method="post" action={action}>
        <input type="hidden" name="allow" value={allowed ? '0' : '1'} />
        <button class={allowed ? 'plain' : 'danger'}>{allowed ? 'Stop sending from it' : 'Allow it to send to live people'}</button>
      </form>
    </details>
  );
}

function WebhookKeys({ action, install }: { action: string; install: InstallView }) {
  return (
    <details>
      <summary>Webhook keys: {install.keyed ? 'set for this account' : 'the server’s own'}</summary>
      <p>
        Keys with which the provider signs this account’s webhooks, one a line; from then on these count, and the server’s own no more. Several may be live while you change them.
        They are stored sealed and are never shown again.
      </p>
      <form method="post" action={action}>
        <label for={`keys-${install.id}`}>Keys</label>
        <textarea id={`keys-${install.id}`} name="keys" rows={3} autocomplete="off" spellcheck={false} required></textarea>
        <button class="plain">Store these keys</button>
      </form>
    </details>
  );
}
