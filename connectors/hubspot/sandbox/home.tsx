import { Pairs } from '#shared/sandbox/sheet.tsx';
import type { Desk } from './desk.ts';
import { day, me } from './desk.ts';
import { Frame } from './frame.tsx';

/** The account's home: what it is, and the app as the marketplace shows it. */
export function Home({ desk }: { desk: Desk }) {
  const world = desk.world();
  const base = desk.options.baseUrl();
  const install = `${desk.options.serverUrl()}/install/hubspot`;
  const deals = Object.keys(world.objects.deals).length;
  return (
    <Frame desk={desk} title="Home">
      <h1>Good day, {me(desk).name.split(' ')[0]}</h1>
      <div class="grid">
        <section class="sheet">
          <h2>Apps: Countersign</h2>
          <p>Send envelopes from deals, and see on deal and contact what became of them.</p>
          {world.grant ? (
            <>
              <p class="good">
                <strong>Connected</strong> since {day(world.grant.installedAt)}
              </p>
              <details>
                <summary>{world.grant.scopes.length} permissions</summary>
                <ul>
                  {world.grant.scopes.map((scope) => (
                    <li>
                      <code>{scope}</code>
                    </li>
                  ))}
                </ul>
              </details>
              <p class="row">
                <a class="button plain" href={install}>
                  Connect again
                </a>
              </p>
              <details>
                <summary>Uninstall</summary>
                <form method="post" action={`${base}/apps/countersign/uninstall`}>
                  <p>Countersign loses its access at once. What it wrote stays.</p>
                  <button class="danger">Uninstall Countersign</button>
                </form>
              </details>
            </>
          ) : (
            <>
              <p class="soft">Not installed yet. You will see what it asks for before anything is granted.</p>
              <a class="button" href={install}>
                Install Countersign
              </a>
            </>
          )}
        </section>
        <section class="sheet">
          <h2>Sales</h2>
          <p>
            {deals} deals in {world.pipeline.label}. Drag one to “Contract sent”, or open it and choose <em>Send for signature</em>.
          </p>
          <a class="button plain" href={`${base}/deals`}>
            Open the deal board
          </a>
        </section>
        <section class="sheet">
          <h2>This account</h2>
          <Pairs
            of={[
              ['Hub ID', world.portalId],
              ['Domain', world.domain],
              ['Type', world.accountType],
              ['Time zone', world.timeZone],
              ['Currency', world.currency],
            ]}
          />
        </section>
      </div>
    </Frame>
  );
}
