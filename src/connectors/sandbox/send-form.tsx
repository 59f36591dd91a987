import { randomUUID } from 'node:crypto';
import type { Answer, Card, Choice, Preview } from './card.ts';

/** A record from which something is sent, as the form needs it. */
export interface Sender {
  id: string;
  name: string;
  /** Whom the form offers as recipients. */
  people: { name: string; email: string }[];
}

/** What the vendor calls a record of this kind, such as "deal", and what its values are called, such as "properties". */
export interface SendWords {
  record: string;
  values: string;
}

interface Sending {
  /** Address of the record's page. */
  here: string;
  words: SendWords;
  sender: Sender;
  card: Card;
  choice: Choice;
  sendKey?: string;
  preview: Answer<Preview> | null;
}

/** Template and recipients. What is chosen is kept through previews, and one key goes with it all, so that pressing twice sends once. */
export function SendForm({ here, words, sender, card, choice, sendKey, preview }: Sending) {
  const action = `${here}/sign`;
  return (
    <>
      <h1>Send for signature: {sender.name}</h1>
      <TemplateForm action={action} card={card} chosen={choice.template} />
      <form method="post" action={action} class="sheet">
        <input type="hidden" name="key" value={sendKey ?? randomUUID()} />
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
          {sender.people.map(({ name }) => (
            <option value={name} />
          ))}
        </datalist>
        <datalist id="addresses">{sender.people.map(({ email }) => (email === '' ? null : <option value={email} />))}</datalist>
        {preview ? <PreviewResult preview={preview} values={words.values} /> : null}
        <p class="row">
          <button class="plain" name="act" value="preview">
            Preview
          </button>
          <button name="act" value="send">
            Send now
          </button>
          <a href={here}>Back to the {words.record}</a>
        </p>
      </form>
    </>
  );
}

function TemplateForm({ action, card, chosen }: { action: string; card: Card; chosen: string }) {
  return (
    <form method="get" action={action} class="sheet">
      <label for="template">Template</label>
      <div class="row">
        <select id="template" name="template">
          {card.templates.map((template) => (
            <option value={template.id} selected={template.id === chosen}>
              {template.name}
            </option>
          ))}
        </select>
        <button class="plain">Use this template</button>
      </div>
    </form>
  );
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

/** What would be sent and written, or why nothing would. */
function PreviewResult({ preview, values }: { preview: Answer<Preview>; values: string }) {
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
  const { plan, writes } = body;
  return (
    <div class="note" role="status">
      <p>
        <strong>{plan.template.name}</strong>: “{plan.subject}”
      </p>
      <ol>
        {[...plan.recipients]
          .sort((a, b) => a.order - b.order)
          .map((recipient) => (
            <li>
              {recipient.role}: {recipient.name} ({recipient.email})
            </li>
          ))}
      </ol>
      <table class="stacked fields">
        {plan.fields.map((field) => (
          <tr>
            <td>{field.label}</td>
            <td>{field.value}</td>
          </tr>
        ))}
      </table>
      {writes.map((write) => (
        <Writes values={values} type={write.record.type} set={Object.entries(write.set).filter(([, value]) => isSet(value))} />
      ))}
    </div>
  );
}

function Writes({ values, type, set }: { values: string; type: string; set: [string, unknown][] }) {
  return (
    <details>
      <summary>
        Once it is sent, {set.length} {values} of the {type} are set
      </summary>
      <table class="stacked fields">
        {set.map(([name, value]) => (
          <tr>
            <td>
              <code>{name}</code>
            </td>
            <td>{String(value)}</td>
          </tr>
        ))}
      </table>
    </details>
  );
}
