import { Hono } from 'hono';
import { Problem } from '#core/problem';
import { diffMappings, writeChanges } from '#core/mapping/diff';
import { parseMapping } from '#core/mapping/parse';
import { nameOf } from '#http/sessions';
import type { MappingKind } from '#flow/desk';
import { findMapping, listVersions, type MappingVersion } from '#store/view';
import { back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { atCrm } from './crm-choice.tsx';
import { Badge } from './badge.tsx';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { diffLines, type DiffLine } from './line-diff.ts';
import { kindOf } from './mapping-editor.tsx';
import { KIND_WORDS } from './mapping-kinds.ts';
import { When } from './when.tsx';

/** Equal lines shown around a change. */
const CONTEXT = 3;

export function mappingVersionPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/mappings/:kind/versions', async (c) => {
    const { rows, next } = await listVersions(c.var.options.db, tenantIn(c).id, c.var.crm, kindOf(c), Number(c.req.query('after')) || undefined);
    return c.json({ items: rows, next: next === null ? null : String(next) });
  });
  app.get('/mappings/:kind/versions/:version', async (c) => {
    const kind = kindOf(c);
    const mapping = await versionOf(c, kind, c.req.param('version'));
    if (wantsJson(c)) return c.json(mapping);
    return show(
      c,
      { title: `${KIND_WORDS[kind][0]} mapping, version ${mapping.version}`, current: 'mappings' },
      <>
        <Crumb c={c} kind={kind} />
        <h1>Version {mapping.version}</h1>
        <p class="soft">{mapping.note || 'No note.'}</p>
        <pre class="data whole" tabindex={0}>
          {mapping.text}
        </pre>
      </>,
    );
  });
  app.get('/mappings/:kind/diff', async (c) => {
    const kind = kindOf(c);
    const before = await versionOf(c, kind, c.req.query('from'));
    const after = await versionOf(c, kind, c.req.query('to'));
    return show(c, { title: `Versions ${before.version} and ${after.version}`, current: 'mappings' }, <Difference c={c} kind={kind} before={before} after={after} />);
  });
  app.post('/mappings/:kind/activate', async (c) => {
    const kind = kindOf(c);
    const { version } = await versionOf(c, kind, (await formOf(c)).version);
    await c.var.options.desk.activateMapping(tenantIn(c).id, kind, version, nameOf(sessionIn(c)), c.var.crm || undefined);
    return back(c, atCrm(c, `/mappings/${kind}`), 'activated');
  });
  return app;
}

async function versionOf(c: ConsoleContext, kind: MappingKind, version: string | undefined) {
  const number = Number(version);
  const mapping = Number.isInteger(number) && number > 0 ? await findMapping(c.var.options.db, tenantIn(c).id, c.var.crm, kind, number) : undefined;
  if (!mapping) throw new Problem('request.not-found');
  return mapping;
}

function Crumb({ c, kind }: { c: ConsoleContext; kind: MappingKind }) {
  return (
    <p class="crumb">
      <a href={atCrm(c, '/mappings')}>Mappings</a> <a href={atCrm(c, `/mappings/${kind}`)}>{KIND_WORDS[kind][0]}</a>
    </p>
  );
}

export function VersionList({ c, kind, versions }: { c: ConsoleContext; kind: MappingKind; versions: { rows: MappingVersion[]; next: number | null } }) {
  const now = c.var.options.clock.now();
  if (versions.rows.length === 0) return null;
  return (
    <section>
      <h2>Versions</h2>
      <ul class="rows">
        {versions.rows.map((version) => (
          <li>
            <a href={atCrm(c, `/mappings/${kind}/versions/${version.version}`)}>Version {version.version}</a>
            {version.active ? <Badge words={['Active', 'good']} /> : null}
            {version.frozen_at ? <Badge words={['In use by envelopes', 'plain']} /> : null}
            <span>{version.note || (version.origin === 'shipped' ? 'As shipped' : '')}</span>
            <span class="soft">
              {version.created_by}, <When at={version.created_at} now={now} />
            </span>
            <span class="row end">
              {version.version > 1 ? <a href={atCrm(c, `/mappings/${kind}/diff?from=${version.version - 1}&to=${version.version}`)}>What changed</a> : null}
              {version.active ? null : (
                <form method="post" action={atCrm(c, `/mappings/${kind}/activate`)}>
                  <input type="hidden" name="version" value={String(version.version)} />
                  <button class="link">Make active</button>
                </form>
              )}
            </span>
          </li>
        ))}
      </ul>
      {versions.next === null ? null : (
        <nav class="pager" aria-label="Older versions">
          <a href={atCrm(c, `/mappings/${kind}?before=${versions.next}`)}>Older</a>
        </nav>
      )}
    </section>
  );
}

interface DifferenceProps {
  c: ConsoleContext;
  kind: MappingKind;
  before: { version: number; text: string };
  after: { version: number; text: string };
}

function Difference({ c, kind, before, after }: DifferenceProps) {
  const changes = meaning(kind, before.text, after.text);
  return (
    <>
      <Crumb c={c} kind={kind} />
      <h1>
        From version {before.version} to {after.version}
      </h1>
      {changes === null ? null : (
        <section class="sheet">
          <h2>In meaning</h2>
          {changes.length === 0 ? <p>Nothing: only comments, spacing or order of keys.</p> : null}
          <ul class="changes">
            {changes.map((change) => (
              <li>
                <code>{change}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
      <h2>In text</h2>
      <Lines lines={diffLines(before.text, after.text)} />
    </>
  );
}

/** What changed by rules and settings; null where one of the texts can't be read as a mapping (any more). */
function meaning(kind: MappingKind, before: string, after: string): string[] | null {
  const [old, now] = [parseMapping(kind, before), parseMapping(kind, after)];
  return old.ok && now.ok ? writeChanges(diffMappings(old.mapping, now.mapping)) : null;
}

/** Changed lines, with a few equal ones around each. */
export function Lines({ lines }: { lines: DiffLine[] }) {
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line.kind !== 'same'));
  if (!near.includes(true)) return <p class="soft">The texts are equal.</p>;
  return (
    <div class="diff" role="table" aria-label="Changed lines">
      {lines.map((line, index) => {
        if (!near[index]) return near[index - 1] ? <div class="gap">⋯</div> : null;
        return (
          <div class={line.kind} role="row">
            <span class="number">{line.before ?? ''}</span>
            <span class="number">{line.after ?? ''}</span>
            <code>
              <span class="sr">{line.kind === 'same' ? '' : line.kind === 'new' ? 'added: ' : 'removed: '}</span>
              {line.text || ' '}
            </code>
          </div>
        );
      })}
    </div>
  );
}
