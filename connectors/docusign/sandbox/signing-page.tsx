import type { Place } from '#shared/sandbox/account.tsx';
import { moment as when, Page } from '#shared/sandbox/page.tsx';
import { currentRecipients, type StoredEnvelope, type StoredRecipient } from './state.ts';
import { boxesOf, templateOf } from './templates.ts';

interface Signing {
  place: Place;
  envelope: StoredEnvelope;
  recipient: StoredRecipient;
  /** Address of the session of an embedded recipient. */
  session?: string;
  /** What was wrong with the form, in words. */
  fault?: string;
}

/** What a recipient meets behind the mail's button: the document and, when it is their turn, the way to sign or decline. */
export function SigningPage({ place, envelope, recipient, session, fault }: Signing) {
  const turn = currentRecipients(envelope).includes(recipient);
  return (
    <Page vendor="DocuSign" accent="blue" title={envelope.emailSubject} base={place.base} elsewhere={session === undefined ? place.elsewhere : []}>
      <h1>{envelope.emailSubject}</h1>
      {turn ? <p class="soft">For {recipient.name}. Read the document, then sign or decline below it.</p> : <End envelope={envelope} recipient={recipient} />}
      {fault ? (
        <p class="note bad" role="alert">
          {fault}
        </p>
      ) : null}
      <Paper envelope={envelope} />
      {turn ? <Choice address={session ?? `${place.base}/sign/${recipient.token}`} envelope={envelope} recipient={recipient} /> : null}
      {session === undefined ? null : <Later address={session} />}
    </Page>
  );
}

/** Why there is nothing to do here, in words. */
function End({ envelope, recipient }: { envelope: StoredEnvelope; recipient: StoredRecipient }) {
  if (envelope.status === 'voided') return <p class="note bad">This document can no longer be signed: {envelope.voidedReason || 'it was withdrawn by the sender.'}</p>;
  if (recipient.status === 'declined') return <p class="note bad">You have declined to sign. The sender has been told.</p>;
  if (envelope.status === 'declined') return <p class="note bad">Somebody has declined to sign, so this document is closed.</p>;
  if (envelope.status === 'completed') return <p class="note good">Everyone has signed. This is the finished document; nothing more is to do.</p>;
  if (recipient.status === 'completed') return <p class="note good">Thank you, you have signed on {when(recipient.signedAt)}. You get a copy once everyone has signed.</p>;
  if (envelope.status === 'created' || envelope.status === 'deleted') return <p class="note">This document has not been sent.</p>;
  return <p class="note">It is not your turn yet. You get a mail as soon as the others before you have signed.</p>;
}

/** The way back to the page that the signer came from. */
function Later({ address }: { address: string }) {
  return (
    <form method="post" action={`${address}/later`} aria-label="Finish later">
      <button class="plain">Finish later</button>
    </form>
  );
}

function Choice({ address, envelope, recipient }: { address: string; envelope: StoredEnvelope; recipient: StoredRecipient }) {
  return (
    <section aria-labelledby="choice">
      <h2 id="choice">Your decision</h2>
      <div class="grid">
        <form class="sheet" method="post" action={`${address}/sign`} aria-label="Sign">
          <h3>Sign</h3>
          <label for="name">Your name, as your signature</label>
          <input id="name" name="name" value={recipient.name} required maxlength={100} autocomplete="name" />
          <Boxes envelope={envelope} recipient={recipient} />
          <label class="check">
            <input type="checkbox" name="agree" value="yes" required /> I agree to sign electronically
          </label>
          <p>
            <button>Sign the document</button>
          </p>
        </form>
        <form class="sheet" method="post" action={`${address}/decline`} aria-label="Decline">
          <h3>Decline</h3>
          <label for="reason">Why you do not sign</label>
          <textarea id="reason" name="reason" rows={3} required maxlength={500}></textarea>
          <p>
            <button class="danger">Decline to sign</button>
          </p>
        </form>
      </div>
    </section>
  );
}

/** The boxes of the template, each with the wording that the sender put beside it. None is ticked beforehand. */
function Boxes({ envelope, recipient }: { envelope: StoredEnvelope; recipient: StoredRecipient }) {
  return (
    <>
      {boxesOf(templateOf(envelope.templateId), recipient.role).map(({ label, beside }) => (
        <label class="check">
          <input type="checkbox" name={`tick-${label}`} value="yes" /> {recipient.fields[beside] || label}
        </label>
      ))}
    </>
  );
}

function Paper({ envelope }: { envelope: StoredEnvelope }) {
  const template = templateOf(envelope.templateId);
  const fields = Object.assign({}, ...envelope.recipients.map((one) => one.fields)) as Record<string, string>;
  const ticks = new Map((template?.boxes ?? []).map(({ role, label, beside }) => [beside, envelope.recipients.some((one) => one.role === role && one.ticked?.includes(label))]));
  const boxed = (text: string) => text.replace(/\[ \] \{\{(\w+)\}\}/g, (_, beside: string) => `${ticks.get(beside) ? '☒' : '☐'} {{${beside}}}`);
  const filled = (text: string) => boxed(text).replace(/\{\{(\w+)\}\}/g, (_, label: string) => fields[label] || '________');
  return (
    <article class="paper" aria-label="Document">
      <h2>{template?.name ?? 'Document'}</h2>
      {template?.document.map(({ heading, text }) => (
        <>
          {heading ? <strong>{filled(heading)}</strong> : null}
          {signatureOf(envelope, text) ?? <Lines text={filled(text)} />}
        </>
      ))}
    </article>
  );
}

function Lines({ text }: { text: string }) {
  return (
    <p>
      {text.split('\n').map((line) => (
        <>
          {line}
          <br />
        </>
      ))}
    </p>
  );
}

/** The place of a role's signature, with what is in it. */
function signatureOf(envelope: StoredEnvelope, text: string) {
  const role = /^\[\[(.+)\]\]$/.exec(text)?.[1];
  if (!role) return null;
  const recipient = envelope.recipients.find((one) => one.role === role);
  if (!recipient?.signedAt) return <p>Signature: ________________ {recipient?.name ? `(${recipient.name})` : ''}</p>;
  return (
    <>
      <p class="signature">{recipient.signedName}</p>
      <p>
        {recipient.name}, signed {when(recipient.signedAt)}
      </p>
    </>
  );
}
