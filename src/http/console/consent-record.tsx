import { Hono } from 'hono';
import type { ConsentId } from '#core/ids';
import { Problem } from '#core/problem';
import { findConsent, openIdentity, type Consent, type SealedIdentity } from '#store/consents';
import { findText, type ConsentText } from '#store/consent-texts';
import { listSignedHeads, type SignedHead } from '#store/heads';
import { listTellings, type Telling } from '#store/view';
import { Badge } from './badge.tsx';
import { BASIS_WORDS, HOW_WORDS, STATUS_WORDS, Tellings, topicWords } from './consent-words.tsx';
import { at, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Data, Facts, Id } from './data.tsx';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { When } from './when.tsx';

/** One act: what a CRM's `evidence_uri` leads to. */
export function consentRecordPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/consents/:consent', async (c) => {
    const { db, sealer } = c.var.options;
    const tenant = tenantIn(c).id;
    const row = await findConsent(db, tenant, c.req.param('consent') as ConsentId);
    if (!row) throw new Problem('request.not-found');
    const tellings = await listTellings(db, tenant, [row.id]);
    if (wantsJson(c)) return c.json({ record: row, told: tellings });
    const identity = row.personal_hash === null ? null : await openIdentity(db, sealer, tenant, row);
    const text = row.text === null ? undefined : await findText(db, tenant, row.text);
    const [head] = await listSignedHeads(db, tenant, 'consents', 1);
    return show(c, { title: topicWords(row), current: 'consents' }, <Record c={c} row={row} identity={identity} text={text} tellings={tellings} head={head} />);
  });
  return app;
}

interface RecordProps {
  c: ConsoleContext;
  row: Consent;
  identity: SealedIdentity | null;
  text: ConsentText | undefined;
  tellings: Telling[];
  head: SignedHead | undefined;
}

function Record({ c, row, identity, text, tellings, head }: RecordProps) {
  const now = c.var.options.clock.now();
  const erased = row.personal_hash === null ? 'Not recorded' : 'Erased';
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/consents')}>Consent</a> <a href={at(c, `/consents/people/${row.person}`)}>{identity?.name ?? identity?.email ?? row.person}</a>
      </p>
      <div class="heading">
        <h1>{topicWords(row)}</h1>
        <Badge words={STATUS_WORDS[row.status]} />
      </div>
      <section class="sheet">
        <h2>The act</h2>
        <Facts
          rows={[
            ['By', identity ? [identity.name, identity.email].filter(Boolean).join(', ') : erased],
            ['Identified by', identity?.method],
            ['When', <When at={row.captured_at} now={now} seconds />],
            ['Recorded', <When at={row.recorded_at} now={now} seconds />],
            ['Until', row.expires_at === null ? null : <When at={row.expires_at} now={now} />],
            ['How', HOW_WORDS[row.how]],
            ['Source', row.source],
            ['Legal basis', BASIS_WORDS[row.basis]],
            ['Locale', row.locale],
            ['Jurisdiction', row.jurisdiction],
            ['Envelope', row.envelope ? <a href={at(c, `/envelopes/${row.envelope}`)}>{row.envelope}</a> : null],
            ['Signed document, SHA-256', row.document_hash ? <Id value={row.document_hash} /> : null],
          ]}
        />
      </section>
      <section class="sheet">
        <h2>What was shown</h2>
        {text ? <Shown c={c} text={text} /> : <p class="soft">Nobody can say: the act came without a wording.</p>}
      </section>
      <section>
        <h2>Who was told</h2>
        <Tellings c={c} tellings={tellings} />
      </section>
      <section class="sheet">
        <h2>Its place in the ledger</h2>
        <Facts
          rows={[
            ['Record', <Id value={row.id} />],
            ['Entry', String(row.seq)],
            ['Hash', <Id value={row.hash} />],
            [
              'Signed head',
              head ? (
                <>
                  entry {head.seq}, <When at={head.at} now={now} />
                </>
              ) : (
                'none yet; one is signed within the hour, and with each proof'
              ),
            ],
            ['Story', <a href={at(c, `/stories/${row.correlation}`)}>{row.correlation}</a>],
          ]}
        />
        {row.evidence === '{}' ? null : (
          <details>
            <summary>Evidence</summary>
            <Data text={row.evidence} />
          </details>
        )}
      </section>
    </>
  );
}

function Shown({ c, text }: { c: ConsoleContext; text: ConsentText }) {
  return (
    <>
      <h3>{text.title}</h3>
      <p class="soft">
        <a href={at(c, `/consents/texts/${text.id}`)}>
          {text.name}, {text.locale}, version {text.version}
        </a>
      </p>
      <pre class="data" tabindex={0} lang={text.locale} aria-label="Wording">
        {text.wording}
      </pre>
      <p class="small">
        SHA-256 <Id value={text.hash} />
      </p>
    </>
  );
}
