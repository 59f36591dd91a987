import { randomUUID } from 'node:crypto';
import { childrenOf, words, type Desk } from '../desk.ts';
import type { Row } from '../org/state.ts';
import type { Answer, Card, Preview } from './card-client.ts';
import { Frame } from './frame.tsx';
import { spoken } from './opportunities.tsx';
import { PreviewResult } from './preview.tsx';

export interface Choice {
  template: string;
  recipients: { role: string; name: string; email: string; contact?: string }[];
}
const UNDER_WAY = ['sent', 'viewed', 'partially_signed'];

/** What the Send for signature component shows on the record page. */
export function CardSummary({ desk, opportunity, card }: { desk: Desk; opportunity: Row; card: Answer<Card> }) {
  const base = desk.options.baseUrl();
  if (!card.ok) {
    return (
      <section class="sheet" aria-label="Send for signature">
        <h2>Send for signature</h2>
        <p class="note bad">{card.message}</p>
        <p>
          <a href={`${base}/setup`}>Open Setup</a>
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
          <strong>{spoken(envelope.status)}</strong> · {envelope.template}
          {envelope.waitingFor.length > 0 ? <div class="soft">Waiting for {envelope.waitingFor.join(', ')}</div> : null}
          <div class="soft">{envelope.recipients.map((recipient) => `${recipient.role}: ${recipient.status}`).join(' · ')}</div>
          {envelope.url ? <a href={envelope.url}>Open in Countersign</a> : null}
          {UNDER_WAY.includes(envelope.status) ? <EnvelopeActions here={`${base}/opportunities/${opportunity.id}/envelopes/${envelope.id}`} /> : null}
        </div>
      ))}
      {why ? <p class="soft">{why}</p> : null}
      {reasons.map((reason) => (
        <p class="note bad">{reason.say}</p>
      ))}
      {canSend ? (
        <p>
          <a class={envelopes.length > 0 ? 'button plain' : 'button'} href={`${base}/opportunities/${opportunity.id}/sign`}>
            {envelopes.length > 0 ? 'Send another' : 'Send for signature'}
          </a>
        </p>
      ) : null}
    </section>
  );
}

function EnvelopeActions({ here }: { here: string }) {
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

/** The quick action: template and recipients. What is chosen is kept through previews, and one key goes with it all, so that pressing twice sends once. */
export function SignForm(props: { desk: Desk; opportunity: Row; card: Card; choice: Choice; sendKey?: string; preview: Answer<Preview> | null }) {
  const { desk, opportunity, card, choice, preview } = props;
  const base = desk.options.baseUrl();
  const here = `${base}/opportunities/${opportunity.id}/sign`;
  const contacts = childrenOf(desk, 'OpportunityContactRole', 'OpportunityId', opportunity.id).flatMap(
    (role) => desk.org.store.find('Contact', String(role.values.ContactId)) ?? [],
  );
  return (
    <Frame desk={desk} title="Send for signature" here="/opportunities">
      <h1>Send for signature: {opportunity.values.Name}</h1>
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
            <option value={words(contact.values.Name)} />
          ))}
        </datalist>
        <datalist id="addresses">{contacts.map((contact) => (contact.values.Email === null ? null : <option value={words(contact.values.Email)} />))}</datalist>
        {preview ? <PreviewResult preview={preview} /> : null}
        <p class="row">
          <button class="plain" name="act" value="preview">
            Preview
          </button>
          <button name="act" value="send">
            Send now
          </button>
          <a href={`${base}/opportunities/${opportunity.id}`}>Back to the opportunity</a>
        </p>
      </form>
    </Frame>
  );
}
