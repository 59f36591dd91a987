import { ownUse, usedUpAt, type DayUse } from '#core/day-use';
import { sayEnd } from '#core/budget';
import type { InstallView } from '#store/view';
import { at, type ConsoleContext, type Vendor } from './context.ts';

interface Props {
  c: ConsoleContext;
  install: InstallView;
  vendor: Vendor | undefined;
}

/** What an admin may set of one connected account, each unfolded by its present state. */
export function InstallSettings({ c, install, vendor }: Props) {
  const act = (verb: string) => at(c, `/installs/${install.id}/${verb}`);
  return (
    <>
      {install.environment === 'test' ? <AllowSending action={act('sending')} allowed={install.send_allowed === 1} /> : null}
      {vendor?.capabilities.includes('sign') ? <WebhookKeys action={act('keys')} install={install} /> : null}
      {vendor?.cardKeys ? <CardKey action={act('card-key')} install={install} /> : null}
      {vendor?.listens ? <Listening action={act('listening')} on={install.listening === 1} /> : null}
      {install.day_use === null ? null : <DayShare action={act('share')} c={c} install={install} use={JSON.parse(install.day_use) as DayUse} />}
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

function CardKey({ action, install }: { action: string; install: InstallView }) {
  return (
    <details>
      <summary>Key of the components inside the CRM: {install.keyed ? 'made' : 'none yet'}</summary>
      <p>
        Send for signature on a record asks this server with a key that only your org knows. Make one here and put it into the package’s credential; it is shown once. The one
        before stays good until you make another.
      </p>
      <form method="post" action={action}>
        <button class="plain">{install.keyed ? 'Make a new key' : 'Make a key'}</button>
      </form>
    </details>
  );
}

/** The key, this once. */
export function CardKeyMade({ c, value }: { c: ConsoleContext; value: string }) {
  return (
    <section class="sheet narrow">
      <h1>The key of the components</h1>
      <p>Copy it now into the credential of the package in your org. It is stored sealed and is not shown again.</p>
      <pre class="data" tabindex={0} data-key="">
        {value}
      </pre>
      <p>
        <a class="button" href={at(c, '/installs')}>
          Done
        </a>
      </p>
    </section>
  );
}

function Listening({ action, on }: { action: string; on: boolean }) {
  return (
    <details>
      <summary>Changes as they happen: {on ? 'heard as a stream' : 'found by asking'}</summary>
      <p>
        The account is asked for changes at all times. A stream beside it tells them within seconds; it needs the optional package that the connector’s README names, and counts
        against the org’s event deliveries.
      </p>
      <form method="post" action={action}>
        <input type="hidden" name="on" value={on ? '0' : '1'} />
        <button class="plain">{on ? 'Stop listening' : 'Listen'}</button>
      </form>
    </details>
  );
}

function DayShare({ action, c, install, use }: { action: string; c: ConsoleContext; install: InstallView; use: DayUse }) {
  const now = c.var.options.clock.now();
  const own = ownUse(use, now);
  const allowed = Math.floor((use.limit * install.day_share) / 100);
  const end = usedUpAt(use, install.day_share, now);
  return (
    <details open={own >= allowed * 0.8}>
      <summary>
        Calls of the last 24 hours: {own.toLocaleString('en')} of the {allowed.toLocaleString('en')} that Countersign may make
      </summary>
      <p>
        The account has used {use.used.toLocaleString('en')} of {use.limit.toLocaleString('en')}, all integrations together.{' '}
        {end === null ? null : `${sayEnd('day’s quota', end, now)} `}
        Near its share Countersign waits, so that other integrations never starve; what people press still goes through.
      </p>
      <form method="post" action={action} class="row">
        <label for={`share-${install.id}`}>Share of the day’s calls, in percent</label>
        <input id={`share-${install.id}`} name="percent" type="number" min="1" max="100" value={String(install.day_share)} required />
        <button class="plain">Set</button>
      </form>
    </details>
  );
}
