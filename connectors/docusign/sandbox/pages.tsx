import { Frame, type Place } from '#shared/sandbox/account.tsx';
import { moment as when } from '#shared/sandbox/page.tsx';
import { ACCOUNT, currentRecipients, dueAt, type SandboxState, type StoredEnvelope } from './state.ts';
import { TEMPLATES, templateOf } from './templates.ts';

const STATUS_WORDS: Record<string, string> = { sent: 'out for signature', delivered: 'opened', completed: 'signed by all', autoresponded: 'mail bounced' };
const words = (status: string): string => STATUS_WORDS[status] ?? status;
const RECIPIENT_WORDS: Record<string, string> = { created: 'not yet asked', sent: 'asked', delivered: 'has opened it', completed: 'signed', autoresponded: 'mail bounced' };

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
    <table class="stacked">
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
            <td data-label="Status">{words(envelope.status)}</td>
            <td data-label="Waiting for">
              {currentRecipients(envelope)
                .map(({ name }) => name)
                .join(', ') || '–'}
            </td>
            <td data-label="Changed">{when(envelope.statusChangedAt)}</td>
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
        <table class="stacked">
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
