import { Hono } from 'hono';
import { Problem } from '#core/problem';
import type { MappingFault } from '#flow/desk';
import { activeMappings, type MappingVersion } from '#store/view';
import { tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { atCrm, CrmTabs } from './crm-choice.tsx';
import { ProblemNote } from './errors.tsx';
import { FaultList } from './faults.tsx';
import { show } from './layout.tsx';
import { wantsJson } from './list.tsx';
import { KIND_WORDS, KINDS } from './mapping-kinds.ts';
import { When } from './when.tsx';

export function mappingsPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/mappings', async (c) => {
    const active = await activeMappings(c.var.options.db, tenantIn(c).id, c.var.crm);
    if (wantsJson(c)) return c.json({ items: active, next: null });
    const checked = await checkActive(c);
    return show(c, { title: 'Mappings', current: 'mappings' }, <Mappings c={c} active={active} checked={checked} />);
  });
  return app;
}

/** The page stands even where the check itself can't be made, such as before a CRM is connected. */
async function checkActive(c: ConsoleContext): Promise<MappingFault[] | Problem> {
  try {
    return await c.var.options.desk.checkMappings(tenantIn(c).id, {}, c.var.crm || undefined);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function Mappings({ c, active, checked }: { c: ConsoleContext; active: MappingVersion[]; checked: MappingFault[] | Problem }) {
  return (
    <>
      <div class="heading">
        <h1>Mappings</h1>
        <a class="button" href={atCrm(c, '/mappings/dry-run')}>
          Try them on a deal
        </a>
      </div>
      <p class="soft">
        Three files say everything: what is sent, what is written back, and who moves on in a journey. They are checked here against the account as it was last read.
      </p>
      <CrmTabs c={c} />
      {checked instanceof Problem ? <ProblemNote problem={checked} /> : null}
      {KINDS.map((kind) => (
        <Mapping
          c={c}
          kind={kind}
          version={active.find((version) => version.kind === kind)}
          faults={checked instanceof Problem ? null : checked.filter((fault) => fault.kind === kind)}
        />
      ))}
    </>
  );
}

function Mapping({ c, kind, version, faults }: { c: ConsoleContext; kind: (typeof KINDS)[number]; version: MappingVersion | undefined; faults: MappingFault[] | null }) {
  const [title, say] = KIND_WORDS[kind];
  const now = c.var.options.clock.now();
  return (
    <article class="sheet">
      <div class="heading">
        <h2>{title}</h2>
        <a class="button plain" href={atCrm(c, `/mappings/${kind}`)}>
          {version ? 'Open' : 'Write the first version'}
        </a>
      </div>
      <p>{say}</p>
      {version ? (
        <p class="soft">
          Version {version.version}, {version.origin === 'shipped' ? 'as shipped' : `by ${version.created_by}`}, <When at={version.created_at} now={now} />
        </p>
      ) : (
        <p class="soft">None yet: one is put in place when a CRM is connected.</p>
      )}
      {version && faults ? <FaultList faults={faults} href={(fault) => atCrm(c, `/mappings/${kind}#line-${fault.line}`)} /> : null}
    </article>
  );
}
