import type { Child } from 'hono/jsx';
import type { DryRun } from '#flow/desk';
import type { PlannedWrite, Reason, SendPlan } from '#core/plan';
import { Badge, ENVELOPE_WORDS } from './badge.tsx';
import { counted } from './counted.ts';
import { Facts } from './data.tsx';

/** What would happen to a deal, from the send to the last write. */
export function DryRunResult({ run, stages, children }: { run: DryRun; stages: Map<string, string>; children?: Child }) {
  const { deal, decision } = run;
  return (
    <>
      <h1>{deal.name || `Deal ${deal.id}`}</h1>
      <p class="lead">
        It stands at “{stages.get(deal.stage) ?? deal.stage}”. {deal.url ? <a href={deal.url}>Open it in the CRM</a> : null}
      </p>
      {children}
      {decision.send ? <Plan plan={decision.plan} /> : <Reasons reasons={decision.reasons} rule={decision.rule} />}
      {decision.send ? (
        <>
          <Writes writes={run.writes} plan={decision.plan} />
          <Steps steps={run.steps} />
        </>
      ) : null}
      <p class="soft">This was a dry run: nothing was sent, nothing was written.</p>
    </>
  );
}

function Reasons({ reasons, rule }: { reasons: Reason[]; rule: string | null }) {
  return (
    <section class="note bad">
      <h2>Nothing would be sent</h2>
      {rule ? (
        <p>
          Rule <code>{rule}</code> applies, but:
        </p>
      ) : null}
      <ul>
        {reasons.map((reason) => (
          <li>
            {reason.say}
            {reason.path ? (
              <>
                {' '}
                <code class="soft small">{reason.path}</code>
              </>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Plan({ plan }: { plan: SendPlan }) {
  const { policies } = plan;
  return (
    <>
      <section class="sheet">
        <h2>
          Would send “{plan.template.name}” <Badge words={['would send', 'good']} />
        </h2>
        <Facts
          rows={[
            ['Rule', <code>{plan.rule}</code>],
            ['Subject', plan.subject],
            ['Message', plan.message],
            ['Reminders', policies.reminders ? `after ${counted(policies.reminders.afterDays, 'day')}, then every ${counted(policies.reminders.everyDays, 'day')}` : 'none'],
            [
              'Expires',
              policies.expiresAfterDays === null
                ? 'never'
                : `after ${counted(policies.expiresAfterDays, 'day')}${policies.retries > 0 ? `, then sent again ${policies.retries === 1 ? 'once' : `up to ${policies.retries} times`}` : ''}`,
            ],
            ['If the deal goes back', { keep: 'the envelope stays out', void: 'the envelope is voided', ask: 'the owner is asked' }[policies.backward]],
          ]}
        />
      </section>
      <section class="sheet">
        <h2>Who signs, in order</h2>
        <ol class="people">
          {[...plan.recipients]
            .sort((a, b) => a.order - b.order)
            .map((recipient) => (
              <li>
                <strong>{recipient.name}</strong> <span class="soft">{recipient.email}</span>
                <p class="soft">
                  {recipient.role} · routing order {recipient.order}
                  {recipient.contact ? ` · contact ${recipient.contact}` : ''}
                </p>
              </li>
            ))}
        </ol>
      </section>
      <section class="sheet">
        <h2>What the document says</h2>
        {plan.fields.length === 0 ? <p class="soft">The mapping fills no field of this template.</p> : null}
        <Facts
          rows={plan.fields.map((field): [string, unknown] => [
            field.label,
            <>
              {field.value} <span class="soft">({field.role})</span>
            </>,
          ])}
        />
      </section>
    </>
  );
}

function Writes({ writes, plan }: { writes: DryRun['writes']; plan: SendPlan }) {
  const present = writes.filter((entry) => entry.writes.length > 0);
  return (
    <section class="sheet">
      <h2>What would be written back</h2>
      {present.length === 0 ? <p class="soft">Nothing.</p> : null}
      {present.map((entry) => (
        <details open={entry.status === 'completed'}>
          <summary>
            <Badge words={entry.status === 'blocked' ? ['Blocked', 'bad'] : ENVELOPE_WORDS[entry.status]} /> {countOf(entry.writes)}
          </summary>
          {entry.writes.map((write) => (
            <Write write={write} name={plan.recipients.find(({ contact }) => contact !== null && contact === write.record.id)?.name} />
          ))}
        </details>
      ))}
    </section>
  );
}

function countOf(writes: PlannedWrite[]): string {
  const fields = writes.reduce((sum, write) => sum + Object.keys(write.set).length, 0);
  return counted(fields, 'field');
}

function Write({ write, name }: { write: PlannedWrite; name: string | undefined }) {
  const fields = Object.entries(write.set);
  const emptied = fields.filter(([, value]) => value === null || value === '').map(([field]) => field);
  return (
    <>
      <h3>
        {write.record.type} {name} <code>{write.record.id}</code>
      </h3>
      <Facts
        rows={[
          ...fields
            .filter(([field]) => !emptied.includes(field))
            .map(([field, value]): [string, unknown] => [
              field,
              <>
                {String(value)}
                {write.once.includes(field) ? <span class="soft"> (only while empty)</span> : null}
              </>,
            ]),
          ['Emptied', emptied.length > 0 ? <span class="soft">{emptied.join(', ')}</span> : null],
        ]}
      />
    </>
  );
}

function Steps({ steps }: { steps: DryRun['steps'] }) {
  return (
    <section class="sheet">
      <h2>Journey</h2>
      {steps.length === 0 ? <p class="soft">No steps.</p> : null}
      <ul class="plainlist">
        {steps.map((step) => (
          <li>
            <Badge words={ENVELOPE_WORDS[step.status]} /> {step.when ? <span class="soft">{step.when}: </span> : null}
            {step.say}
            {step.withheld ? <span class="soft"> (left out: {step.withheld})</span> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
