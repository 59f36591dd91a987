import { randomUUID } from 'node:crypto';
import type { Answer, Card, Preview } from './card-client.ts';
import { words } from './board.tsx';
import { contactName, type Desk } from './desk.ts';
import { Frame } from './frame.tsx';
import type { Item } from './world.ts';

export interface Choice {
  template: string;
  recipients: { role: string; name: string; email: string; contact?: string }[];
}

/** The app's card on a deal. */
export function CardSummary({ desk, deal, card }: { desk: Desk; deal: Item; card: Answer<Card> }) {
  const base = desk.options.baseUrl();
  if (!card.ok) {
    return (
      <section class="sheet" aria-label="Send for signature">
        <h2>Send for signature</h2>
        <p class="note bad">{card.message}</p>
        <p>
          <a href={`${base}/`}>Open the account’s apps</a>
        </p>
      </section>
    );
  }
  const { canSend, why, reasons, envelopes } = card.body;
  return (
    <section class="sheet" aria-label="Send for signature">
      <h2>Send for signature</h2>
      {envelopes.map((envelope) => (
        <div class="note">
          <strong>{words(envelope.status)}</strong> · {envelope.template}
          {envelope.waitingFor && envelope.waitingFor.length > 0 ? <div class="soft">Waiting for {[envelope.waitingFor].flat().join(', ')}</div> : null}
          <div class="soft">{envelope.recipients.map((recipient) => `${recipient.role}: ${recipient.status}`).join(' · ')}</div>
          {envelope.url ? <a href={envelope.url}>Open in Countersign</a> : null}
          {['sent', 'viewed', 'partially_signed'].includes(envelope.status) ? <EnvelopeActions base={base} deal={deal.id} envelope={envelope.id} /> : null}
        </div>
      ))}
      {why ? <p class="soft">{why}</p> : null}
      {reasons.map((reason) => (
        <p class="note bad">{reason.say}</p>
      ))}
      {canSend ? (
        <p>
          <a class={envelopes.length > 0 ? 'button plain' : 'button'} href={`${base}/deals/${deal.id}/sign`}>
            {envelopes.length > 0 ? 'Send another' : 'Send for signature'}
          </a>
        </p>
      ) : null}
    </section>
  );
}

function EnvelopeActions({ base, deal, envelope }: { base: string; deal: string; envelope: string }) {
  const here = `${base}/deals/${deal}/envelopes/${envelope}`;
  return (
    <>
      <form method="post" action={here}>
        <button class="plain" name="act" value="remind">
          Remind
        </button>
      </form>
      <details>
        <summary>Void it</summary>
        <form method="post" action={here}>
          <label>
            Reason, which the recipients will read
            <input name="reason" maxlength={200} placeholder="The price has changed" required />
          </label>
          <p>
            <button class="danger" name="act" value="void">
              Void for good
            </button>
          </p>
        </form>
      </details>
    </>
  );
}

/** Template and recipients. What is chosen is kept through previews, and one key goes with it all, so that pressing twice sends once. */
export function SignForm(props: { desk: Desk; deal: Item; card: Card; choice: Choice; sendKey?: string; preview: Answer<Preview> | null }) {
  const { desk, deal, card, choice, preview } = props;
  const base = desk.options.baseUrl();
  const here = `${base}/deals/${deal.id}/sign`;
  const contacts = desk.account.linked(deal.id, 'contacts');
  return (
    <Frame desk={desk} title="Send for signature" here="/deals">
      <h1>Send for signature: {deal.properties.dealname}</h1>
      <form method="get" action={here} class="sheet">
        <label for="template">Template</label>
        <div class="row">
          <select id="template" name="template">
            {card.templates.map((template) => (
              <option value={template.id} selected={template.id === choice.template}>
                {template.name}
              </option>
            ))}
          </select>
          <button class="plain">Use this template</button>
        </div>
      </form>
      <form method="post" action={here} class="sheet">
        <input type="hidden" name="key" value={props.sendKey ?? randomUUID()} />
        <input type="hidden" name="template" value={choice.template} />
        <h2>Recipients</h2>
        {choice.recipients.length === 0 ? <p class="soft">This template has no roles.</p> : null}
        {choice.recipients.map((recipient, index) => (
          <fieldset>
            <legend>{recipient.role}</legend>
            <input type="hidden" name={`role-${index}`} value={recipient.role} />
            <input type="hidden" name={`contact-${index}`} value={recipient.contact ?? ''} />
            <label>
              Name
              <input name={`name-${index}`} value={recipient.name} list="names" required />
            </label>
            <label>
              E-mail
              <input name={`email-${index}`} type="email" value={recipient.email} list="addresses" required />
            </label>
          </fieldset>
        ))}
        <datalist id="names">
          {contacts.map((contact) => (
            <option value={contactName(contact)} />
          ))}
        </datalist>
        <datalist id="addresses">{contacts.map((contact) => (contact.properties.email ? <option value={contact.properties.email} /> : null))}</datalist>
        {preview ? <PreviewResult preview={preview} /> : null}
        <p class="row">
          <button class="plain" name="act" value="preview">
            Preview
          </button>
          <button name="act" value="send">
            Send now
          </button>
          <a href={`${base}/deals/${deal.id}`}>Back to the deal</a>
        </p>
      </form>
    </Frame>
  );
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

function PreviewResult({ preview }: { preview: Answer<Preview> }) {
  if (!preview.ok) return <p class="note bad">{preview.message}</p>;
  const { body } = preview;
  if (!body.send) {
    return (
      <div class="note bad" role="status">
        <strong>It would not be sent.</strong>
        <ul>
          {body.reasons.map((reason) => (
            <li>{reason.say}</li>
          ))}
        </ul>
      </div>
    );
  }
  return (
    <div class="note" role="status">
      <p>
        <strong>{body.plan.template.name}</strong>: “{body.plan.subject}”
      </p>
      <ol>
        {[...body.plan.recipients]
          .sort((a, b) => a.order - b.order)
          .map((recipient) => (
            <li>
              {recipient.role}: {recipient.name} ({recipient.email})
            </li>
          ))}
      </ol>
      <table>
        {body.plan.fields.map((field) => (
          <tr>
            <td>{field.label}</td>
            <td>{field.value}</td>
          </tr>
        ))}
      </table>
      {body.writes.map((write) => (
        <details>
          <summary>
            Once it is sent, {Object.values(write.set).filter(isSet).length} properties of the {write.record.type} are set
          </summary>
          <table>
            {Object.entries(write.set)
              .filter(([, value]) => isSet(value))
              .map(([name, value]) => (
                <tr>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td>{String(value)}</td>
                </tr>
              ))}
          </table>
        </details>
      ))}
    </div>
  );
}
