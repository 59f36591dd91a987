import { moment } from '#shared/sandbox/page.tsx';
import { Pairs } from '#shared/sandbox/sheet.tsx';
import { liveRows, me, type Desk } from '../desk.ts';
import { Frame } from './frame.tsx';

/** The org's home: what it is, and the app as its listing shows it. */
export function Home({ desk }: { desk: Desk }) {
  const { state, store } = desk.org;
  const base = desk.options.baseUrl();
  const install = `${desk.options.serverUrl()}/install/salesforce`;
  const grants = Object.values(state.grants);
  const [organization] = store.all('Organization');
  return (
    <Frame desk={desk} title="Home">
      <h1>Good day, {me(desk).FirstName}</h1>
      <div class="grid">
        <section class="sheet">
          <h2>Apps: Countersign</h2>
          <p>Send envelopes from opportunities, and see on opportunity and contact what became of them.</p>
          {grants.length > 0 ? (
            <>
              <p class="good">
                <strong>Connected</strong> since {moment(Math.min(...grants.map(({ grantedAt }) => grantedAt)))}
              </p>
              <p class="row">
                <a class="button plain" href={install}>
                  Connect again
                </a>
              </p>
              <details>
                <summary>Revoke</summary>
                <form method="post" action={`${base}/setup/revoke`}>
                  <p>Countersign loses its access at once. What it wrote stays.</p>
                  <button class="danger">Revoke access</button>
                </form>
              </details>
            </>
          ) : (
            <>
              <p class="soft">Not connected yet. You will see what it asks for before anything is granted.</p>
              <a class="button" href={install}>
                Connect Countersign
              </a>
            </>
          )}
        </section>
        <section class="sheet">
          <h2>Sales</h2>
          <p>
            {liveRows(desk, 'Opportunity').length} opportunities. Open one and click “Contract Sent” on its path, or choose <em>Send for signature</em>.
          </p>
          <a class="button plain" href={`${base}/opportunities`}>
            Open the opportunities
          </a>
        </section>
        <section class="sheet">
          <h2>This org</h2>
          <Pairs
            of={[
              ['Name', String(organization?.values.Name ?? '')],
              ['Organization ID', state.orgId],
              ['Edition', String(organization?.values.OrganizationType ?? '')],
              ['Kind', state.isSandbox ? 'Sandbox' : 'Production'],
              ['Instance', String(organization?.values.InstanceName ?? '')],
              ['Package', state.package.installed ? (state.package.namespace ?? 'installed, no namespace') : 'not installed'],
            ]}
          />
        </section>
      </div>
    </Frame>
  );
}
