import type { Answer, Card } from './card.ts';
import type { PageLink } from './page.tsx';
import { spoken } from './status.tsx';

const UNDER_WAY = ['sent', 'viewed', 'partially_signed'];

/** The Send for signature card on a record's page, which is at `here`. `help` is where to go when the card cannot be shown. */
export function CardSummary({ here, card, help }: { here: string; card: Answer<Card>; help: PageLink }) {
  return (
    <section class="sheet" aria-label="Send for signature">
      <h2>Send for signature</h2>
      {card.ok ? (
        <Shown here={here} card={card.body} />
      ) : (
        <>
          <p class="note bad">{card.message}</p>
          <p>
            <a href={help.href}>{help.label}</a>
          </p>
        </>
      )}
    </section>
  );
}

function Shown({ here, card }: { here: string; card: Card }) {
  const { canSend, why, reasons, envelopes } = card;
  return (
    <>
      {envelopes.map((envelope) => (
        <div class="note">
          <strong>{spoken(envelope.status)}</strong> · {envelope.template}
          {envelope.waitingFor.length > 0 ? <div class="soft">Waiting for {envelope.waitingFor.join(', ')}</div> : null}
          <div class="soft">{envelope.recipients.map((recipient) => `${recipient.role}: ${recipient.status}`).join(' · ')}</div>
          {envelope.url ? <a href={envelope.url}>Open in Countersign</a> : null}
          {UNDER_WAY.includes(envelope.status) ? <EnvelopeActions action={`${here}/envelopes/${envelope.id}`} /> : null}
        </div>
      ))}
      {why ? <p class="soft">{why}</p> : null}
      {reasons.map((reason) => (
        <p class="note bad">{reason.say}</p>
      ))}
      {canSend ? (
        <p>
          <a class={envelopes.length > 0 ? 'button plain' : 'button'} href={`${here}/sign`}>
            {envelopes.length > 0 ? 'Send another' : 'Send for signature'}
          </a>
        </p>
      ) : null}
    </>
  );
}

function EnvelopeActions({ action }: { action: string }) {
  return (
    <>
      <form method="post" action={action}>
        <button class="plain" name="act" value="remind">
          Remind
        </button>
      </form>
      <details>
        <summary>Void it</summary>
        <form method="post" action={action}>
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
