import type { Child } from 'hono/jsx';
import { Page } from '#shared/sandbox/page.tsx';
import type { StoredMail } from './sandbox.ts';

function Frame({ base, title, refresh, children }: { base: string; title: string; refresh?: number; children?: Child }) {
  return (
    <Page vendor="Mailbox" accent="violet" title={title} base={base} nav={[{ label: 'Inbox', href: `${base}/`, current: title === 'Inbox' }]} {...(refresh ? { refresh } : {})}>
      {children}
    </Page>
  );
}

interface Inbox {
  base: string;
  /** Newest first. */
  mails: StoredMail[];
  people: [address: string, name: string][];
  /** The address whose mail is shown; everybody's where empty. */
  to: string;
  now: number;
}
export function InboxPage({ base, mails, people, to, now }: Inbox) {
  return (
    <Frame base={base} title="Inbox" refresh={5}>
      <h1>Inbox</h1>
      <p class="soft">Every mail that the sandbox world would have sent, whoever it is for.</p>
      {people.length > 0 ? (
        <nav class="row" aria-label="Whose mail">
          <a href={`${base}/`} aria-current={to ? undefined : 'page'}>
            Everybody
          </a>
          {people.map(([address, name]) => (
            <a href={`${base}/?to=${encodeURIComponent(address)}`} aria-current={to === address ? 'page' : undefined}>
              {name || address}
            </a>
          ))}
        </nav>
      ) : null}
      <section class="sheet" aria-label="Mails">
        {mails.length === 0 ? <p class="soft">{to ? 'No mail for this address.' : 'No mail yet. Send an envelope, and its mails arrive here.'}</p> : null}
        {mails.length > 0 ? (
          <table>
            <tbody>
              {mails.map((mail) => (
                <Row base={base} mail={mail} now={now} />
              ))}
            </tbody>
          </table>
        ) : null}
      </section>
    </Frame>
  );
}

function Row({ base, mail, now }: { base: string; mail: StoredMail; now: number }) {
  const subject = <a href={`${base}/mails/${mail.id}`}>{mail.subject}</a>;
  return (
    <tr>
      <td>
        {mail.read ? subject : <strong>{subject}</strong>} {mail.read ? null : <span class="tag">new</span>}
        <br />
        <span class="soft">
          to {mail.toName || mail.to} · {ago(mail.at, now)}
        </span>
      </td>
    </tr>
  );
}

export function MailPage({ base, mail, now }: { base: string; mail: StoredMail; now: number }) {
  return (
    <Frame base={base} title={mail.subject}>
      <article class="sheet">
        <h1>{mail.subject}</h1>
        <dl>
          <dt>From</dt>
          <dd>{mail.from}</dd>
          <dt>To</dt>
          <dd>
            {mail.toName} &lt;{mail.to}&gt;
          </dd>
          <dt>Sent</dt>
          <dd>{ago(mail.at, now)}</dd>
        </dl>
        {mail.text.split('\n').map((line) => (
          <p>{line}</p>
        ))}
        {mail.link ? (
          <p>
            <a class="button" href={mail.link.url}>
              {mail.link.label}
            </a>
          </p>
        ) : null}
      </article>
      <p>
        <a href={`${base}/`}>Back to the inbox</a>
      </p>
    </Frame>
  );
}

export function AbsentPage({ base }: { base: string }) {
  return (
    <Frame base={base} title="No such mail">
      <section class="sheet">
        <h1>No such mail</h1>
        <p>It may have been cleared away.</p>
      </section>
    </Frame>
  );
}

function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
