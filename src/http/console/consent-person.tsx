import { Hono } from 'hono';
import { presentState } from '#core/consent';
import type { PersonId } from '#core/ids';
import { Problem } from '#core/problem';
import { archiveOf } from '#flow/proof/archive';
import { nameOf } from '#http/sessions';
import { actOf, listConsents, type Consent, type SealedIdentity } from '#store/consents';
import { listTellings, type Telling } from '#store/view';
import { Badge } from './badge.tsx';
import { identitiesOf, STATUS_WORDS, Tellings, topicWords } from './consent-words.tsx';
import { ActTable } from './consents.tsx';
import { at, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Facts, Id } from './data.tsx';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { When } from './when.tsx';

export function consentPersonPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/consents/people/:person', async (c) => {
    const { person, rows } = await actsIn(c);
    const { db, clock } = c.var.options;
    const tellings = await listTellings(
      db,
      tenantIn(c).id,
      rows.map(({ id }) => id),
    );
    const state = presentState(rows.map(actOf), clock.now());
    if (wantsJson(c))
      return c.json({ person, state: state.map(({ topic, status, act }) => ({ ...topic, status, since: act.capturedAt, record: act.id })), acts: rows, told: tellings });
    const identity = [...(await identitiesOf(c, rows)).values()].at(-1);
    return show(c, { title: identity?.name ?? person, current: 'consents' }, <Person c={c} person={person} rows={rows} identity={identity} tellings={tellings} />);
  });
  app.post('/consents/people/:person/proof', async (c) => {
    const { person } = await actsIn(c);
    const { desk, clock } = c.var.options;
    const files = await desk.exportProof(tenantIn(c).id, person, nameOf(sessionIn(c)));
    const name = `proof-${person}`;
    const headers = { 'content-type': 'application/gzip', 'content-disposition': `attachment; filename="${name}.tar.gz"` };
    return c.body(new Uint8Array(archiveOf(files, name, clock.now())), 200, headers);
  });
  return app;
}

/** @throws Problem `request.not-found` where nobody of that id ever acted */
async function actsIn(c: ConsoleContext): Promise<{ person: PersonId; rows: Consent[] }> {
  const person = (c.req.param('person') ?? '') as PersonId;
  const rows = await listConsents(c.var.options.db, tenantIn(c).id, person);
  if (rows.length === 0) throw new Problem('request.not-found');
  return { person, rows };
}

interface PersonProps {
  c: ConsoleContext;
  person: PersonId;
  rows: Consent[];
  identity: SealedIdentity | undefined;
  tellings: Telling[];
}

function Person({ c, person, rows, identity, tellings }: PersonProps) {
  const now = c.var.options.clock.now();
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/consents')}>Consent</a>
      </p>
      <h1>{identity?.name ?? identity?.email ?? 'A person whose name is not held'}</h1>
      <Facts
        rows={[
          ['Person', <Id value={person} />],
          ['E-mail', identity?.email],
          ['Known by', identity?.method],
        ]}
      />
      {identity ? null : <p class="note">The name was never recorded or has been erased. The record of what was agreed to stays, and can still be proven.</p>}
      <section>
        <h2>What stands now</h2>
        <ul class="rows">
          {presentState(rows.map(actOf), now).map(({ topic, status, act }) => (
            <li>
              <a href={at(c, `/consents/${act.id}`)}>{topicWords(topic)}</a>
              <Badge words={STATUS_WORDS[status]} />
              <span class="soft end">
                <When at={act.capturedAt} now={now} />
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="sheet">
        <h2>Proof</h2>
        <p>
          A bundle of files that shows what this person saw and did, and can be checked with <code>sha256sum</code> and <code>openssl</code> alone. It names the person: hand it out
          with care.
        </p>
        <form method="post" action={at(c, `/consents/people/${person}/proof`)}>
          <button>Download the proof</button>
        </form>
      </section>
      <section>
        <h2>History</h2>
        <ActTable c={c} rows={[...rows].reverse()} />
      </section>
      <section>
        <h2>Who was told</h2>
        <Tellings c={c} tellings={tellings} acts={rows} />
      </section>
    </>
  );
}
