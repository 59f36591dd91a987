import type { Child } from 'hono/jsx';
import { moment, Page, type PageLink } from '#shared/sandbox/page.tsx';
import type { StoredMail } from './sandbox.ts';

/** Where the box is, and where the other parts of the world are. */
export interface Place {
  base: string;
  elsewhere: PageLink[];
}

function Frame({ place, title, refresh, children }: { place: Place; title: string; refresh?: number; children?: Child }) {
  const { base, elsewhere } = place;
  return (
    <Page
      vendor="Mailbox"
      accent="violet"
      title={title}
      base={base}
      nav={[{ label: 'Inbox', href: `${base}/`, current: title === 'Inbox' }]}
      elsewhere={elsewhere}
      {...(refresh ? { refresh } : {})}
    >
      {children}
    </Page>
  );
}

interface Inbox {
  place: Place;
  /** Newest first. */
  mails: StoredMail[];
  people: [address: string, name: string][];
  /** The address whose mail is shown; everybody's where empty. */
  to: string;
  now: number;
}
export function InboxPage({ place, mails, people, to, now }: Inbox) {
  const { base } = place;
  return (
    <Frame place={place} title="Inbox" refresh={2}>
      <h1>Inbox</h1>
      <p class="soft">Every mail that the sandbox world would have sent, whoever it is for. None leaves this machine.</p>
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

export function MailPage({ place, mail, now }: { place: Place; mail: StoredMail; now: number }) {
  return (
    <Frame place={place} title={mail.subject}>
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
        <a href={`${place.base}/`}>Back to the inbox</a>
      </p>
    </Frame>
  );
}

export function AbsentPage({ place }: { place: Place }) {
  return (
    <Frame place={place} title="No such mail">
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
  return moment(at);
}
