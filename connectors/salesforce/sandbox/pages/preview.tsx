import type { Answer, Preview } from './card-client.ts';

const isSet = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

/** What would be sent and written, or why nothing would. */
export function PreviewResult({ preview }: { preview: Answer<Preview> }) {
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
      <table>
        {plan.fields.map((field) => (
          <tr>
            <td>{field.label}</td>
            <td>{field.value}</td>
          </tr>
        ))}
      </table>
      {writes.map((write) => (
        <Writes type={write.record.type} set={Object.entries(write.set).filter(([, value]) => isSet(value))} />
      ))}
    </div>
  );
}

function Writes({ type, set }: { type: string; set: [string, unknown][] }) {
  return (
    <details>
      <summary>
        Once it is sent, {set.length} fields of the {type} are set
      </summary>
      <table>
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
