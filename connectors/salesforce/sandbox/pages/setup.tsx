import type { Child } from 'hono/jsx';
import type { Faults } from '#ports/sandbox';
import { CallTable, Note } from '#shared/sandbox/sheet.tsx';
import type { Desk } from '../desk.ts';
import { usedOf } from '../rest/limits.ts';
import { Frame } from './frame.tsx';

const WORDS: Record<Exclude<keyof Faults, 'maxPauseMs'>, string> = {
  duplicate: 'Outbound messages sent twice',
  reorder: 'Outbound messages out of order',
  delay: 'Outbound messages late',
  drop: 'Outbound messages lost',
  wrongSignature: 'Outbound messages of another org',
  rateLimited: 'API answers 403, limit exceeded',
  unavailable: 'API answers 503',
  lostReply: 'API does it, then hangs up',
};
export const FAULT_NAMES = Object.keys(WORDS) as (keyof typeof WORDS)[];
export const SWITCHES = ['requestLimitExceeded', 'always401', 'always403'] as const;
const SWITCH_WORDS: Record<(typeof SWITCHES)[number], string> = {
  requestLimitExceeded: 'The daily limit is used up',
  always401: 'Every session is invalid',
  always403: 'The API is switched off',
};

/** What the org's admin sets, and how the org misbehaves. */
export function Setup({ desk, said, assigned }: { desk: Desk; said: string | null; assigned: boolean }) {
  const { state } = desk.org;
  const { installed, namespace } = state.package;
  return (
    <Frame desk={desk} title="Setup" here="/setup">
      <h1>Setup</h1>
      <Note say={said} />
      <div class="flowing">
        <Form desk={desk} part="credential" title="Named credential Countersign">
          <p class="soft">What the package’s Apex shows Countersign when a person sends from an opportunity. Countersign shows the key on the page of the install.</p>
          <Text name="key" label="Card key" value={state.cardKey ?? ''} placeholder="none" />
        </Form>
        <Form desk={desk} part="outbound" title="Outbound message">
          <p class="soft">Sent when the stage of an opportunity changes.</p>
          <Text name="url" label="Endpoint URL" value={state.outbound ?? ''} placeholder="none: nothing is sent" />
          <p class="soft">
            Answers so far:{' '}
            {Object.entries(desk.answers())
              .map(([status, count]) => `${status === '0' ? 'none' : status}: ${count}`)
              .join(' · ') || 'none sent'}
          </p>
        </Form>
        <Form desk={desk} part="package" title="Countersign package">
          <Check name="installed" label="Installed" on={installed} />
          <Text name="namespace" label="Namespace" value={namespace ?? ''} placeholder="none: deployed from source" />
          <Check name="assigned" label="Permission set Countersign Integration assigned to the integration user" on={assigned} />
        </Form>
        <Form desk={desk} part="security" title="Field-level security">
          <p class="soft">Fields that programs do not see, such as Opportunity.Amount.</p>
          <Text name="hidden" label="Hidden" value={fieldsThat(desk, 'hidden')} placeholder="none" />
          <Text name="readonly" label="Read only" value={fieldsThat(desk, 'read-only')} placeholder="none" />
        </Form>
        <Form desk={desk} part="rule" title="Validation rule">
          <Check name="active" label="Active" on={state.rule !== null} />
          <Text name="field" label="Field" value={state.rule ? `${state.rule.object}.${state.rule.field}` : 'Opportunity.Esign_Status__c'} />
          <Text name="value" label="Refused value" value={state.rule?.value ?? ''} placeholder="any" />
          <Text name="message" label="Message" value={state.rule?.message ?? 'Only the legal team sets this.'} />
        </Form>
        <Form desk={desk} part="limit" title="API requests, last 24 hours">
          <Count name="used" label="Used" value={usedOf(state, desk.clock)} />
          <Count name="limit" label="Limit" value={state.usage.limit} />
          {SWITCHES.map((name) => (
            <Check name={name} label={SWITCH_WORDS[name]} on={desk.moods[name]} />
          ))}
        </Form>
        <FaultForm desk={desk} />
        <section class="sheet" aria-label="Calls">
          <h2>Calls so far</h2>
          <CallTable calls={desk.calls()} />
        </section>
      </div>
    </Frame>
  );
}

const fieldsThat = ({ org }: Desk, how: string): string =>
  Object.entries(org.state.fields)
    .flatMap(([name, known]) => (known === how ? [name] : []))
    .join(', ');

function Form({ desk, part, title, children }: { desk: Desk; part: string; title: string; children?: Child }) {
  return (
    <form method="post" action={`${desk.options.baseUrl()}/setup/${part}`} class="sheet" aria-label={title}>
      <h2>{title}</h2>
      {children}
      <p class="row">
        <button class="plain">Save</button>
      </p>
    </form>
  );
}

function Text({ name, label, value, placeholder }: { name: string; label: string; value: string; placeholder?: string }) {
  return (
    <label>
      {label}
      <input name={name} value={value} placeholder={placeholder ?? ''} autocomplete="off" />
    </label>
  );
}

function Count({ name, label, value }: { name: string; label: string; value: number }) {
  return (
    <label>
      {label}
      <input type="number" name={name} min="0" max="10000000" value={String(value)} />
    </label>
  );
}

function Check({ name, label, on }: { name: string; label: string; on: boolean }) {
  return (
    <label class="check">
      <input type="checkbox" name={name} checked={on} /> {label}
    </label>
  );
}

function FaultForm({ desk }: { desk: Desk }) {
  const { faults, org } = desk;
  return (
    <form method="post" action={`${desk.options.baseUrl()}/setup/faults`} class="sheet" aria-label="Faults">
      <h2>Faults</h2>
      <p>Chance of each, in percent. It holds from the next request on.</p>
      {FAULT_NAMES.map((name) => (
        <Count name={name} label={WORDS[name]} value={Math.round(faults[name] * 100)} />
      ))}
      <Count name="locks" label="Rows locked by others" value={Math.round(org.troubles.lockRate * 100)} />
      <Count name="maxPauseMs" label="Longest pause, milliseconds" value={faults.maxPauseMs} />
      <p class="row">
        <button>Apply</button>
        <button class="plain" name="all" value="off">
          Turn all off
        </button>
      </p>
    </form>
  );
}
