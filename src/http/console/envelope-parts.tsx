import { ENVELOPE_RANK, isClosed, type EnvelopeStatus } from '#core/envelope';
import type { PlannedField } from '#core/plan';
import type { PersonalData } from '#store/people';
import type { EnvelopesTable, RecipientsTable } from '#store/schema';
import type { EnvelopeDetail } from '#store/view';
import { Badge, ENVELOPE_WORDS, RECIPIENT_WORDS } from './badge.tsx';
import { at, type ConsoleContext } from './context.ts';
import { Facts, Id, objectOf } from './data.tsx';
import { When } from './when.tsx';
import type { Names } from './wording.ts';

const PATH: EnvelopeStatus[] = ['requested', 'sent', 'viewed', 'partially_signed', 'completed'];

/** How far the envelope has come. An end other than completion takes the place of the steps that will not come any more. */
export function StatusPath({ envelope, recipients, now }: { envelope: EnvelopesTable; recipients: RecipientsTable[]; now: number }) {
  const { status } = envelope;
  const ended = isClosed(status) && status !== 'completed';
  const times: Partial<Record<EnvelopeStatus, number | null>> = {
    requested: envelope.requested_at,
    sent: envelope.sent_at,
    viewed: envelope.viewed_at,
    partially_signed: recipients.length > 1 ? firstOf(recipients.map((recipient) => recipient.signed_at)) : null,
    completed: envelope.completed_at,
  };
  const reached = (step: EnvelopeStatus) => (ended ? Boolean(times[step]) : ENVELOPE_RANK[step] <= ENVELOPE_RANK[status]);
  const steps = ended ? [...PATH.filter(reached), status] : PATH;
  return (
    <ol class="path" aria-label="Status">
      {steps.map((step) => (
        <li class={`${step === status ? 'here' : reached(step) ? 'passed' : 'ahead'} ${ENVELOPE_WORDS[step][1]}`} aria-current={step === status ? 'step' : undefined}>
          <span>{ENVELOPE_WORDS[step][0]}</span>
          <small>
            <StepTime at={step === status && isClosed(step) ? (envelope.closed_at ?? envelope.completed_at) : (times[step] ?? null)} now={now} />
          </small>
        </li>
      ))}
    </ol>
  );
}

function firstOf(times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

function StepTime({ at: moment, now }: { at: number | null; now: number }) {
  return moment === null ? null : <When at={moment} now={now} />;
}

export function Recipients({ recipients, people, now }: { recipients: RecipientsTable[]; people: (PersonalData | null)[]; now: number }) {
  return (
    <section class="sheet">
      <h2>Recipients</h2>
      {recipients.length === 0 ? <p class="soft">Nobody yet.</p> : null}
      <ol class="people">
        {recipients.map((recipient, index) => (
          <li>
            <div class="row">
              <strong>{people[index]?.name ?? 'Erased'}</strong>
              <Badge words={RECIPIENT_WORDS[recipient.status]} />
            </div>
            <p class="soft">
              {recipient.role} · routing order {recipient.position}
              {people[index] ? <> · {people[index].email}</> : null}
            </p>
            {recipient.signed_at ? (
              <p class="soft">
                signed <When at={recipient.signed_at} now={now} />
              </p>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What went into the document. After a recipient's erasure nothing of it is left. */
export function Document({ envelope }: { envelope: EnvelopesTable }) {
  const document = objectOf(envelope.document);
  const fields = (Array.isArray(document.fields) ? document.fields : []) as PlannedField[];
  return (
    <details class="sheet" id="document">
      <summary>
        <h2>What was sent</h2>
      </summary>
      {document.subject === undefined ? <p class="soft">Erased, because a recipient asked to be forgotten.</p> : null}
      <Facts
        rows={[
          ['Subject', document.subject],
          ['Message', document.message],
          ...fields.map((field): [string, unknown] => [
            field.label,
            <>
              {field.value} <span class="soft">({field.role})</span>
            </>,
          ]),
        ]}
      />
    </details>
  );
}

export function Pins({ c, detail: { envelope, mappings, installs }, names }: { c: ConsoleContext; detail: EnvelopeDetail; names: Names }) {
  const account = (id: string) => installs.find((install) => install.id === id)?.name ?? id;
  return (
    <details class="sheet" id="pins">
      <summary>
        <h2>Origins</h2>
      </summary>
      <Facts
        rows={[
          ['Envelope', <Id value={envelope.id} />],
          [`At ${names.sign}`, envelope.remote && <Id value={envelope.remote} />],
          ['Deal', `${envelope.deal} in ${account(envelope.crm)}`],
          ['Provider', account(envelope.sign)],
          ['Stage at send', names.stage(envelope.stage)],
          ['Rule', envelope.rule],
          ['Attempt', envelope.attempt > 0 ? `${envelope.attempt + 1}, after ${envelope.attempt} before it` : null],
          ...mappings.map((mapping): [string, unknown] => [
            `Mapping ${mapping.kind}`,
            <a href={at(c, `/mappings/${mapping.kind}/versions/${mapping.version}`)}>version {mapping.version}</a>,
          ]),
        ]}
      />
    </details>
  );
}
