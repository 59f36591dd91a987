import { Hono } from 'hono';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import type { MappingFault, MappingKind } from '#flow/desk';
import { findMapping, listVersions, type MappingVersion } from '#store/view';
import { back, formOf, sessionIn, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { atCrm } from './crm-choice.tsx';
import { ProblemNote, statusOf } from './errors.tsx';
import { FaultList, type PlacedFault } from './faults.tsx';
import { show } from './layout.tsx';
import { oneOf, wantsJson } from './list.tsx';
import { KIND_WORDS, KINDS } from './mapping-kinds.ts';
import { VersionList } from './mapping-versions.tsx';

const NOTE_LENGTH = 200;

/** What the editor shows: the stored text, or the one just posted, which is given back whatever went wrong with it. */
interface Draft {
  text: string;
  note: string;
  faults: MappingFault[] | null;
  problem: Problem | null;
}

export function mappingEditor(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/mappings/:kind', async (c) => {
    const kind = kindOf(c);
    const mapping = await findMapping(c.var.options.db, tenantIn(c).id, c.var.crm, kind);
    if (wantsJson(c)) return c.json(mapping ?? null);
    const text = mapping?.text ?? '';
    const checked = text === '' ? { faults: null, problem: null } : await check(c, kind, text);
    return showEditor(c, kind, { text, note: '', ...checked });
  });
  app.post('/mappings/:kind', async (c) => {
    const kind = kindOf(c);
    const form = await formOf(c);
    // A browser sends line ends as CR LF; the files have LF.
    const text = (form.text ?? '').replaceAll('\r\n', '\n');
    const note = (form.note ?? '').trim().slice(0, NOTE_LENGTH);
    if (form.do !== 'save') return showEditor(c, kind, { text, note, ...(await check(c, kind, text)) });
    const saved = await save(c, kind, text, note);
    return saved === 'saved' ? back(c, atCrm(c, `/mappings/${kind}`), 'saved') : showEditor(c, kind, { text, note, ...saved });
  });
  return app;
}

/** The kind that the address names. @throws Problem `request.not-found` */
export function kindOf(c: ConsoleContext): MappingKind {
  const kind = oneOf(KINDS, c.req.param('kind'));
  if (!kind) throw new Problem('request.not-found');
  return kind;
}

async function check(c: ConsoleContext, kind: MappingKind, text: string): Promise<Pick<Draft, 'faults' | 'problem'>> {
  try {
    const faults = await c.var.options.desk.checkMappings(tenantIn(c).id, { [kind]: text }, c.var.crm || undefined);
    return { faults: faults.filter((fault) => fault.kind === kind), problem: null };
  } catch (error) {
    return { faults: null, problem: Problem.from(error) };
  }
}

async function save(c: ConsoleContext, kind: MappingKind, text: string, note: string): Promise<'saved' | Pick<Draft, 'faults' | 'problem'>> {
  try {
    const result = await c.var.options.desk.saveMapping(tenantIn(c).id, kind, text, note, nameOf(sessionIn(c)), c.var.crm || undefined);
    return result.saved ? 'saved' : { faults: result.faults, problem: new Problem('mapping.faulty') };
  } catch (error) {
    return { faults: null, problem: Problem.from(error) };
  }
}

async function showEditor(c: ConsoleContext, kind: MappingKind, draft: Draft): Promise<Response> {
  const versions = await listVersions(c.var.options.db, tenantIn(c).id, c.var.crm, kind, Number(c.req.query('before')) || undefined);
  const status = draft.problem ? statusOf(draft.problem) : 200;
  return show(c, { title: `${KIND_WORDS[kind][0]} mapping`, current: 'mappings', status }, <Editor c={c} kind={kind} draft={draft} versions={versions} />);
}

interface EditorProps {
  c: ConsoleContext;
  kind: MappingKind;
  draft: Draft;
  versions: { rows: MappingVersion[]; next: number | null };
}

function Editor({ c, kind, draft, versions }: EditorProps) {
  const [title, say] = KIND_WORDS[kind];
  return (
    <>
      <p class="crumb">
        <a href={atCrm(c, '/mappings')}>Mappings</a>
      </p>
      <h1>{c.var.crms.length > 1 ? `${title} (${vendorName(c.var.options, c.var.crm)})` : title}</h1>
      <p class="soft">{say}</p>
      {draft.problem ? <ProblemNote problem={draft.problem} /> : null}
      {draft.faults ? <FaultList faults={draft.faults} href={(fault) => `#line-${fault.line}`} /> : null}
      <form method="post" action={atCrm(c, `/mappings/${kind}`)} class="editor-form">
        <TextEditor text={draft.text} faults={draft.faults ?? []} />
        <label for="note">What you changed, for the list of versions</label>
        <input id="note" name="note" value={draft.note} maxlength={NOTE_LENGTH} />
        <div class="row">
          <button name="do" value="check" class="plain">
            Check
          </button>
          <button name="do" value="save">
            Save as a new version
          </button>
        </div>
      </form>
      <VersionList c={c} kind={kind} versions={versions} />
    </>
  );
}

/** A plain text area beside its line numbers. Lines with faults are marked by shape and colour. */
export function TextEditor({ text, faults, label = 'Text of the mapping' }: { text: string; faults: readonly PlacedFault[]; label?: string }) {
  const lines = text.split('\n').length;
  const levels = new Map(faults.map((fault) => [fault.line, fault.level]));
  for (const fault of faults) if (fault.level === 'error') levels.set(fault.line, 'error');
  return (
    <div class="editor">
      <div class="gutter" aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <span id={`line-${index + 1}`} class={levels.get(index + 1)}>
            {index + 1}
          </span>
        ))}
      </div>
      <textarea name="text" aria-label={label} rows={lines + 1} wrap="off" spellcheck={false} autocapitalize="off" autocomplete="off" data-editor="">
        {`\n${text}`}
      </textarea>
    </div>
  );
}
