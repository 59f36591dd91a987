import type { Template } from '#core/records';
import { STREAM } from '#store/cursors';
import type { InstallView } from '#store/view';
import { Badge } from './badge.tsx';
import { counted } from './counted.ts';
import { at, isOperator, tenantIn, vendorName, type ConsoleContext, type Vendor } from './context.ts';
import { Facts, Id } from './data.tsx';
import { InstallLimits } from './install-limits.tsx';
import { InstallSettings } from './install-settings.tsx';
import { When } from './when.tsx';

/** The round that reads fields, stages and templates. */
const GROUND = 'ground';
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
      <InstallLimits c={c} install={install} />
      <Reconciliation c={c} install={install} />
      {install.state === 'left' ? null : <InstallActions c={c} install={install} vendor={vendor} />}
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
      {install.cursors.map((cursor) =>
        cursor.name === STREAM ? (
          install.listening ? (
            <Stream cursor={cursor} now={now} />
          ) : null
        ) : (
          <div class="reconcile">
            <h3>{cursor.name === GROUND ? 'Reading of fields, stages and templates' : 'Reconciliation of changes'}</h3>
            {cursor.error ? <p class="bad">The last round failed: {cursor.error}</p> : null}
            <Facts
              rows={[
                ['Last success', <When at={cursor.last_ok_at} now={now} />],
                ...roundRows(cursor, now),
                ['Next round', cursor.lease_until > now ? 'running now' : <When at={cursor.next_at} now={now} />],
              ]}
            />
          </div>
        ),
      )}
    </>
  );
}

type Cursor = InstallView['cursors'][number];
/** Only a round that asks for changes looks at some, and can find a gap. */
const roundRows = ({ name, seen, gaps, gaps_total, lease_until }: Cursor, now: number): [string, unknown][] =>
  name === GROUND
    ? []
    : [
        ['Looked at', `${seen} in ${lease_until > now ? 'the running round so far' : 'the last round'}`],
        ['Gaps found', `${gaps} in that round, ${gaps_total} in all: changes that no webhook had told`],
      ];

/** A stream that nobody begins again by itself waits for a time that does not come. */
const NEVER_MS = 366 * 86_400_000;

function Stream({ cursor, now }: { cursor: Cursor; now: number }) {
  const given = cursor.next_at - now > NEVER_MS;
  const state = cursor.lease_until > now ? 'running now' : given ? 'given up; switch listening off and on to try again' : <When at={cursor.next_at} now={now} />;
  return (
    <div class="reconcile">
      <h3>Changes as they happen</h3>
      {cursor.error ? <p class="bad">{cursor.error}</p> : null}
      <Facts
        rows={[
          ['Last heard', <When at={cursor.last_ok_at} now={now} />],
          ['Heard', `${cursor.seen} since it began`],
          ['Stream', state],
        ]}
      />
    </div>
  );
}

function InstallActions({ c, install, vendor }: { c: ConsoleContext; install: InstallView; vendor: Vendor | undefined }) {
  const signs = vendor?.capabilities.includes('sign') ?? false;
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
      <InstallSettings c={c} install={install} vendor={vendor} />
    </>
  );
}
