import { Frame } from '../pages/frame.tsx';
import { liveRows, type Desk } from '../desk.ts';

export interface ConsentAsk {
  clientId: string;
  redirectUri: string;
  responseType: string;
  state: string;
  scopes: string[];
  challenge: string;
  challengeMethod: string;
  user: string;
}

const MEANINGS: Record<string, string> = {
  api: 'Manage user data via APIs',
  refresh_token: 'Perform requests at any time',
  offline_access: 'Perform requests at any time',
  openid: 'Access unique user identifiers',
  id: 'Access the identity URL service',
  profile: 'Access unique user identifiers',
  full: 'Full access',
  pardot_api: 'Manage Pardot services',
};

/** What the app asks for, and the person's answer. Who allows it is who the app then is. */
export function Consent({ desk, ask }: { desk: Desk; ask: ConsentAsk }) {
  const users = liveRows(desk, 'User');
  return (
    <Frame desk={desk} title="Allow access?">
      <section class="sheet">
        <h1>Allow access?</h1>
        <p>
          Countersign is asking to use this org: Northwind Software{desk.org.state.isSandbox ? ' (sandbox)' : ''}, <code>{desk.org.state.orgId}</code>
        </p>
        <ul>
          {ask.scopes.map((scope) => (
            <li>
              {MEANINGS[scope] ?? 'Use a permission of this name'} <code class="soft">{scope}</code>
            </li>
          ))}
        </ul>
        <form method="post" action={`${desk.options.baseUrl()}/services/oauth2/authorize`}>
          <input type="hidden" name="response_type" value={ask.responseType} />
          <input type="hidden" name="client_id" value={ask.clientId} />
          <input type="hidden" name="redirect_uri" value={ask.redirectUri} />
          <input type="hidden" name="state" value={ask.state} />
          <input type="hidden" name="scope" value={ask.scopes.join(' ')} />
          <input type="hidden" name="code_challenge" value={ask.challenge} />
          <input type="hidden" name="code_challenge_method" value={ask.challengeMethod} />
          <label for="user">Signed in as</label>
          <select id="user" name="user">
            {users.map((user) => (
              <option value={user.id} selected={user.id === ask.user}>
                {user.values.Name} ({user.values.Username})
              </option>
            ))}
          </select>
          <p class="row">
            <button name="answer" value="allow">
              Allow
            </button>
            <button class="plain" name="answer" value="deny">
              Deny
            </button>
          </p>
        </form>
      </section>
    </Frame>
  );
}

export function ConsentError({ desk, error, say }: { desk: Desk; error: string; say: string }) {
  return (
    <Frame desk={desk} title="Cannot authorize">
      <h1>We can’t authorize you because of an OAuth error</h1>
      <p class="note bad">
        <code>{error}</code>: {say}
      </p>
    </Frame>
  );
}
