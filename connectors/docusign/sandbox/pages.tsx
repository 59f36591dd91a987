import type { Child } from 'hono/jsx';
import { NO_FAULTS, type Faults } from '#ports/sandbox';
import { moment as when, Page, type PageLink } from '#shared/sandbox/page.tsx';
import type { ConsentAsk } from './oauth.ts';
import { ACCOUNT, currentRecipients, dueAt, type SandboxState, type StoredEnvelope } from './state.ts';
import { TEMPLATES, templateOf } from './templates.ts';

/** Where the pages are, and where the other parts of the world are. */
export interface Place {
  base: string;
  elsewhere: PageLink[];
}

const STATUS_WORDS: Record<string, string> = { sent: 'out for signature', delivered: 'opened', completed: 'signed by all', autoresponded: 'mail bounced' };
const words = (status: string): string => STATUS_WORDS[status] ?? status;
const RECIPIENT_WORDS: Record<string, string> = { created: 'not yet asked', sent: 'asked', delivered: 'has opened it', completed: 'signed', autoresponded: 'mail bounced' };

/** A page in the sender's account. */
export function Frame({ place, title, current, children, refresh }: { place: Place; title: string; current?: 'home' | 'faults'; children?: Child; refresh?: number }) {
  const nav = [
    { label: 'Envelopes', href: `${place.base}/`, current: current === 'home' },
    { label: 'Faults', href: `${place.base}/faults`, current: current === 'faults' },
  ];
  return (
    <Page vendor="DocuSign" accent="blue" title={title} base={place.base} nav={nav} elsewhere={place.elsewhere} {...(refresh ? { refresh } : {})}>
      {children}
    </Page>
  );
}

export function HomePage({ place, state }: { place: Place; state: SandboxState }) {
  const envelopes = [...state.envelopes].reverse();
  return (
    <Frame place={place} title={ACCOUNT.name} current="home" refresh={3}>
      <h1>{ACCOUNT.name}</h1>
      <p class="soft">
        Signed in as {ACCOUNT.user.name}. {state.consented ? 'Countersign is connected to this account.' : 'No app is connected to this account yet: connect it from Countersign.'}
      </p>
      <h2>Envelopes</h2>
      <section class="sheet">
        {envelopes.length > 0 ? <EnvelopeTable place={place} envelopes={envelopes} /> : <p class="soft">None yet. Move a deal, and its envelope appears here.</p>}
      </section>
      <h2>Templates</h2>
      <div class="grid">
        {TEMPLATES.map((template) => (
          <section class="sheet">
            <strong>{template.name}</strong>
            <p class="soft">Signed by {template.roles.map(({ name, order }) => `${order}. ${name}`).join(', ')}</p>
            <p class="soft">Fields: {template.fields.map(({ label }) => label).join(', ')}</p>
          </section>
        ))}
      </div>
    </Frame>
  );
}

function EnvelopeTable({ place, envelopes }: { place: Place; envelopes: StoredEnvelope[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Subject</th>
          <th>Status</th>
          <th>Waiting for</th>
          <th>Changed</th>
        </tr>
      </thead>
      <tbody>
        {envelopes.map((envelope) => (
          <tr>
            <td>
              <a href={`${place.base}/envelopes/${envelope.envelopeId}`}>{envelope.emailSubject}</a>
            </td>
            <td>{words(envelope.status)}</td>
            <td>
              {currentRecipients(envelope)
                .map(({ name }) => name)
                .join(', ') || '–'}
            </td>
            <td>{when(envelope.statusChangedAt)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function EnvelopePage({ place, envelope }: { place: Place; envelope: StoredEnvelope }) {
  const address = `${place.base}/envelopes/${envelope.envelopeId}`;
  const current = currentRecipients(envelope);
  return (
    <Frame place={place} title={envelope.emailSubject} refresh={3}>
      <h1>{envelope.emailSubject}</h1>
      <dl class="sheet">
        <dt>Status</dt>
        <dd>
          {words(envelope.status)}
          {envelope.voidedReason ? `: ${envelope.voidedReason}` : ''}
        </dd>
        <dt>Template</dt>
        <dd>{templateOf(envelope.templateId)?.name ?? envelope.templateId}</dd>
        <dt>Sent</dt>
        <dd>{when(envelope.sentAt)}</dd>
        <dt>Expires</dt>
        <dd>{when(dueAt(envelope))}</dd>
        <dt>Envelope id</dt>
        <dd>{envelope.envelopeId}</dd>
      </dl>
      {current.length > 0 ? (
        <form method="post" action={`${address}/expire`} class="row">
          <button class="danger">Let it expire now</button>
          <span class="soft">Moves the clock for this envelope alone, to see what follows.</span>
        </form>
      ) : null}
      <h2>Recipients</h2>
      <section class="sheet">
        <table>
          <tbody>
            {envelope.recipients.map((recipient) => (
              <tr>
                <td>
                  {recipient.order}. <strong>{recipient.name || 'Nobody yet'}</strong> <span class="soft">{recipient.email}</span>
                </td>
                <td>{recipient.role}</td>
                <td>
                  {RECIPIENT_WORDS[recipient.status] ?? recipient.status}
                  {recipient.declinedReason ? `: ${recipient.declinedReason}` : ''}
                </td>
                <td>
                  {current.includes(recipient) && recipient.status === 'sent' ? (
                    <form method="post" action={`${address}/recipients/${recipient.recipientId}/bounce`}>
                      <button class="plain">Bounce the mail</button>
                    </form>
                  ) : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="grid">
        <section class="sheet">
          <h2>History</h2>
          <dl>
            {envelope.history.map(({ at, action, who, words }) => (
              <>
                <dt>{when(at)}</dt>
                <dd>
                  {action} · {who}
                  {words ? `: ${words}` : ''}
                </dd>
              </>
            ))}
          </dl>
        </section>
        <section class="sheet">
          <h2>Custom fields</h2>
          <dl>
            {envelope.customFields.map(({ name, value }) => (
              <>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
          </dl>
        </section>
      </div>
    </Frame>
  );
}

const SCOPE_WORDS: Record<string, string> = {
  signature: 'Send envelopes and read your templates and envelopes',
  extended: 'Stay connected while you are away',
  impersonation: 'Act for you when no one is signed in',
};
export function ConsentPage({ place, ask }: { place: Place; ask: ConsentAsk }) {
  return (
    <Page vendor="DocuSign" accent="blue" title="Allow access" base={place.base}>
      <section class="sheet">
        <h1>Countersign asks for access</h1>
        <p>
          To the account <strong>{ACCOUNT.name}</strong>, as {ACCOUNT.user.name} ({ACCOUNT.user.email}). It may then:
        </p>
        <ul>
          {ask.scopes.map((scope) => (
            <li>
              {SCOPE_WORDS[scope] ?? scope} <span class="soft">({scope})</span>
            </li>
          ))}
        </ul>
        <form method="post" action={`${place.base}/oauth/auth`}>
          {Object.entries(ask.query).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <div class="row">
            <button name="decision" value="allow">
              Allow
            </button>
            <button class="plain" name="decision" value="cancel">
              Cancel
            </button>
          </div>
        </form>
      </section>
    </Page>
  );
}

export function WordsPage({ place, title, words }: { place: Place; title: string; words: string }) {
  return (
    <Page vendor="DocuSign" accent="blue" title={title} base={place.base}>
      <section class="sheet">
        <h1>{title}</h1>
        <p>{words}</p>
      </section>
    </Page>
  );
}

const FAULT_WORDS: Record<keyof Faults, string> = {
  duplicate: 'Webhooks sent twice',
  reorder: 'Webhooks out of order',
  delay: 'Webhooks late',
  drop: 'Webhooks never sent',
  wrongSignature: 'Webhooks signed wrongly',
  rateLimited: 'API calls refused for their number',
  unavailable: 'API calls answered 503',
  lostReply: 'API calls done, answer cut off',
  maxPauseMs: 'Longest pause, milliseconds',
};
export const FAULT_NAMES = Object.keys(NO_FAULTS) as (keyof Faults)[];
export function FaultsPage({ place, faults, saved }: { place: Place; faults: Faults; saved: boolean }) {
  return (
    <Frame place={place} title="Faults" current="faults">
      <h1>Faults</h1>
      <p class="soft">How often this vendor misbehaves, from 0 (never) to 1 (always). It takes effect at once.</p>
      {saved ? <p class="note">Saved.</p> : null}
      <form class="sheet" method="post" action={`${place.base}/faults`}>
        <div class="grid">
          {FAULT_NAMES.map((name) => (
            <div>
              <label for={name}>{FAULT_WORDS[name]}</label>
              <input id={name} name={name} type="number" min="0" {...(name === 'maxPauseMs' ? { step: '100' } : { max: '1', step: '0.05' })} value={String(faults[name])} />
            </div>
          ))}
        </div>
        <p>
          <button>Save</button>
        </p>
      </form>
    </Frame>
  );
}
