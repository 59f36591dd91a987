import { Hono } from 'hono';
import { hashWording } from '#core/consent-text';
import type { ConsentTextId } from '#core/ids';
import { Problem } from '#core/problem';
import { parseText } from '#flow/proof/text-file';
import { nameOf } from '#http/sessions';
import { findText, listTexts, type ConsentText } from '#store/consent-texts';
import { Badge } from './badge.tsx';
import { EMPTY, TextForm, type Draft } from './consent-text-form.tsx';
import { topicWords } from './consent-words.tsx';
import { commandOf } from './command.ts';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { Facts, Id } from './data.tsx';
import { statusOf } from './errors.tsx';
import { show } from './layout.tsx';
import { diffLines } from './line-diff.ts';
import { Empty, wantsJson } from './list.tsx';
import { Lines } from './mapping-versions.tsx';
import { When } from './when.tsx';

export function consentTextPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/consents/texts', async (c) => {
    const texts = await listTexts(c.var.options.db, tenantIn(c).id);
    if (wantsJson(c)) return c.json({ items: texts, next: null });
    const from = texts.find(({ id }) => id === c.req.query('from'));
    return showTexts(c, texts, from ? { ...EMPTY, values: valuesOf(from) } : EMPTY);
  });
  app.post('/consents/texts', async (c) => {
    const values = await formOf(c);
    const { desk, clock } = c.var.options;
    const parsed = parseText(fieldsOf(values), clock.now());
    const texts = () => listTexts(c.var.options.db, tenantIn(c).id);
    if (!parsed.ok) return showTexts(c, await texts(), { ...EMPTY, values, faults: parsed.faults });
    if (values.do !== 'publish') return showTexts(c, await texts(), { ...EMPTY, values, hash: hashWording(parsed.text.wording) });
    try {
      const known = await texts();
      const text = await desk.publishText(tenantIn(c).id, parsed.text, nameOf(sessionIn(c)));
      return back(c, at(c, `/consents/texts/${text.id}`), known.some(({ id }) => id === text.id) ? 'text-unchanged' : 'text-published');
    } catch (error) {
      return showTexts(c, await texts(), { ...EMPTY, values, problem: Problem.from(error) });
    }
  });
  app.get('/consents/texts/:text', async (c) => {
    const { db } = c.var.options;
    const text = await findText(db, tenantIn(c).id, c.req.param('text') as ConsentTextId);
    if (!text) throw new Problem('request.not-found');
    if (wantsJson(c)) return c.json(text);
    const versions = (await listTexts(db, tenantIn(c).id)).filter(({ name, locale }) => name === text.name && locale === text.locale);
    return show(c, { title: text.title, current: 'consents' }, <OneText c={c} text={text} versions={versions} />);
  });
  return app;
}

/** A form sends every field; what was left empty was not given. */
function fieldsOf(values: Record<string, string>): Record<string, string> {
  const { do: _do, validFrom = '', ...rest } = values;
  const given = Object.entries({ ...rest, validFrom: validFrom === '' ? '' : `${validFrom}:00Z`.replace(/(:\d\d:\d\d):00Z$/, '$1Z') }).filter(([, value]) => value !== '');
  return Object.fromEntries(given);
}

const valuesOf = (text: ConsentText): Record<string, string> => ({
  ...{ name: text.name, type: text.type, purpose: text.purpose ?? '', channel: text.channel ?? '' },
  ...{ locale: text.locale, jurisdiction: text.jurisdiction ?? '', title: text.title, wording: text.wording },
});

function showTexts(c: ConsoleContext, texts: ConsentText[], draft: Draft): Response | Promise<Response> {
  const status = draft.problem ? statusOf(draft.problem) : 200;
  return show(
    c,
    { title: 'Consent texts', current: 'consents', status },
    <>
      <p class="crumb">
        <a href={at(c, '/consents')}>Consent</a>
      </p>
      <h1>Consent texts</h1>
      <p class="soft">The words that people are shown. A version never changes; other words become the next version, and whoever agreed keeps the words that they saw.</p>
      {texts.length === 0 ? (
        <Empty title="No text yet">Publish the first one below, or a file of them: {commandOf('consent publish mappings/consent/texts.yaml')}</Empty>
      ) : (
        <TextList c={c} texts={texts} />
      )}
      <TextForm c={c} draft={draft} />
    </>,
  );
}

function TextList({ c, texts }: { c: ConsoleContext; texts: ConsentText[] }) {
  const now = c.var.options.clock.now();
  const newest = texts.filter((text) => !texts.some((other) => other.name === text.name && other.locale === text.locale && other.version > text.version));
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Text</th>
          <th scope="col">About</th>
          <th scope="col">Locale</th>
          <th scope="col">Version</th>
          <th scope="col">Valid from</th>
        </tr>
      </thead>
      <tbody>
        {newest.map((text) => (
          <tr>
            <td data-label="Text" class="main">
              <a href={at(c, `/consents/texts/${text.id}`)}>{text.title}</a>
              <p class="soft small">{text.name}</p>
            </td>
            <td data-label="About">{topicWords(text)}</td>
            <td data-label="Locale">{[text.locale, text.jurisdiction].filter(Boolean).join(', ')}</td>
            <td data-label="Version" class="labelled">
              {text.version}
            </td>
            <td data-label="Valid from">
              <When at={text.valid_from} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A paragraph may be one long line: a difference is seen clause by clause. */
const inClauses = (wording: string): string => wording.trimEnd().replace(/([.!?,;:]) +/g, '$1\n');

function OneText({ c, text, versions }: { c: ConsoleContext; text: ConsentText; versions: ConsentText[] }) {
  const now = c.var.options.clock.now();
  const before = versions.find(({ version }) => version === (Number(c.req.query('from')) || text.version - 1));
  return (
    <>
      <p class="crumb">
        <a href={at(c, '/consents')}>Consent</a> <a href={at(c, '/consents/texts')}>Texts</a>
      </p>
      <div class="heading">
        <h1>{text.title}</h1>
        {text.valid_from > now ? <Badge words={['Not valid yet', 'wait']} /> : null}
      </div>
      <Facts
        rows={[
          ['Text', `${text.name}, version ${text.version}`],
          ['About', topicWords(text)],
          ['Locale', text.locale],
          ['Jurisdiction', text.jurisdiction],
          ['Valid from', <When at={text.valid_from} now={now} />],
          [
            'Published',
            <>
              <When at={text.published_at} now={now} /> by {text.published_by}
            </>,
          ],
          ['SHA-256', <Id value={text.hash} />],
        ]}
      />
      <pre class="data" tabindex={0} lang={text.locale} aria-label="Wording">
        {text.wording}
      </pre>
      {before ? (
        <section>
          <h2>What changed since version {before.version}</h2>
          <Lines lines={diffLines(inClauses(before.wording), inClauses(text.wording))} />
        </section>
      ) : null}
      <section>
        <h2>Versions</h2>
        <ul class="rows">
          {[...versions].reverse().map((one) => (
            <li>
              <a href={at(c, `/consents/texts/${one.id}`)} aria-current={one.id === text.id ? 'page' : undefined}>
                Version {one.version}
              </a>
              <code class="small soft">{one.hash.slice(0, 16)}</code>
              <span class="soft end">
                <When at={one.published_at} now={now} />
              </span>
            </li>
          ))}
        </ul>
        <a class="button plain" href={at(c, `/consents/texts?from=${text.id}#publish`)}>
          Write the next version
        </a>
      </section>
    </>
  );
}
