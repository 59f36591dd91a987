import type { Desk } from './desk.ts';
import { me } from './desk.ts';
import { Frame } from './frame.tsx';

export interface ConsentAsk {
  clientId: string;
  redirectUri: string;
  state: string;
  scopes: string[];
}

const MEANINGS: [RegExp, string][] = [
  [/^oauth$/, 'Know which account this is'],
  [/objects\.deals\.read/, 'View deals, their pipelines and what they are associated with'],
  [/objects\.deals\.write/, 'Set properties of deals'],
  [/objects\.contacts\.read/, 'View contacts and tasks'],
  [/objects\.contacts\.write/, 'Set properties of contacts and create tasks'],
  [/objects\.companies\.read/, 'View companies'],
  [/objects\.companies\.write/, 'Set properties of companies'],
  [/objects\.line_items\.read/, 'View line items'],
  [/objects\.owners\.read/, 'View owners, to know who signs and who is told'],
  [/schemas\.deals\.read/, 'View which properties and stages deals have'],
  [/schemas\.deals\.write/, 'Create properties of deals'],
  [/schemas\.contacts\.read/, 'View which properties contacts have'],
  [/schemas\.contacts\.write/, 'Create properties of contacts'],
  [/schemas\.companies\.read/, 'View which properties companies have'],
  [/schemas\.line_items\.read/, 'View which properties line items have'],
  [/lists\.read/, 'View lists'],
  [/lists\.write/, 'Create lists, add contacts to them and take them off'],
  [/^automation$/, 'Let workflows go on that wait for a signature'],
  [/behavioral_events\.send/, 'Send custom events about contacts'],
  [/behavioral_events\.event_definitions/, 'Define a custom event'],
  [/^communication_preferences/, 'View and change who gets which marketing e-mail'],
];

/** What the app asks for, and the person's answer. */
export function Consent({ desk, ask }: { desk: Desk; ask: ConsentAsk }) {
  const world = desk.world();
  return (
    <Frame desk={desk} title="Connect Countersign">
      <section class="sheet">
        <h1>Connect Countersign to HubSpot</h1>
        <p>
          {me(desk).email} · {world.domain} · Hub ID {world.portalId}
        </p>
        <h2>The app will be able to</h2>
        <table class="scopes">
          {ask.scopes.map((scope) => (
            <tr>
              <td>{MEANINGS.find(([pattern]) => pattern.test(scope))?.[1] ?? 'Use a permission of this name'}</td>
              <td class="soft">
                <code>{scope}</code>
              </td>
            </tr>
          ))}
        </table>
        <form method="post" action={`${desk.options.baseUrl()}/oauth/authorize`}>
          <input type="hidden" name="client_id" value={ask.clientId} />
          <input type="hidden" name="redirect_uri" value={ask.redirectUri} />
          <input type="hidden" name="state" value={ask.state} />
          <input type="hidden" name="scope" value={ask.scopes.join(' ')} />
          <p class="row">
            <button name="answer" value="connect">
              Connect app
            </button>
            <button class="plain" name="answer" value="cancel">
              Cancel
            </button>
          </p>
        </form>
      </section>
    </Frame>
  );
}

export function ConsentError({ desk, say }: { desk: Desk; say: string }) {
  return (
    <Frame desk={desk} title="Cannot connect">
      <h1>This app cannot be connected</h1>
      <p class="note bad">{say}</p>
    </Frame>
  );
}
