import { Hono } from 'hono';
import { Problem } from '#core/problem';
import type { DryRun } from '#flow/desk';
import type { Fields } from '#core/records';
import { stageLabels } from '#store/view';
import { nameOf } from '#http/sessions';
import { sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { atCrm, CrmTabs } from './crm-choice.tsx';
import { DryRunResult } from './dry-run-result.tsx';
import { ProblemNote } from './errors.tsx';
import { show } from './layout.tsx';
import { Empty, Filter, linkWith, oneOf, wantsJson } from './list.tsx';

const OCCASIONS = ['stage', 'request'] as const;
type Occasion = (typeof OCCASIONS)[number];
const OCCASION_WORDS: Record<Occasion, string> = { stage: 'As the deal stands', request: 'If a person asks for it' };
/** What was tried. `stepped`: the request, because the stage alone says nothing. */
interface Ran {
  occasion: Occasion;
  stepped: boolean;
  run: DryRun;
}
type Deal = { id: string; name: string; stage: string; fields: Fields };

/** Picks a deal and shows what the mappings would do with it. Nothing is sent or written. */
export function dryRunPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/mappings/dry-run', async (c) => {
    const deal = c.req.query('deal');
    if (deal && wantsJson(c)) return c.json(await run(c, deal, oneOf(OCCASIONS, c.req.query('as')) ?? 'stage'));
    const stages = await stageLabels(c.var.options.db, tenantIn(c).id);
    const result = deal ? await attempt(() => runFor(c, deal)) : null;
    const deals = deal ? null : await attempt(() => c.var.options.desk.deals(tenantIn(c).id, c.req.query('q') ?? '', c.var.crm || undefined));
    if (wantsJson(c)) return c.json({ items: deals instanceof Problem ? [] : deals, next: null });
    return show(
      c,
      { title: 'Dry run', current: 'mappings' },
      <>
        <p class="crumb">
          <a href={atCrm(c, '/mappings')}>Mappings</a> {deal ? <a href={atCrm(c, '/mappings/dry-run')}>Dry run</a> : null}
        </p>
        {result ? <Result c={c} result={result} stages={stages} /> : null}
        {deals ? <Picker c={c} deals={deals} stages={stages} /> : null}
      </>,
    );
  });
  return app;
}

/** As the deal stands. Where no rule speaks of its stage that would say little, so the request that a person may make is shown instead. */
async function runFor(c: ConsoleContext, deal: string): Promise<Ran> {
  const asked = oneOf(OCCASIONS, c.req.query('as'));
  if (asked !== undefined) return { occasion: asked, stepped: false, run: await run(c, deal, asked) };
  const standing = await run(c, deal, 'stage');
  if (standing.decision.send || standing.decision.rule !== null) return { occasion: 'stage', stepped: false, run: standing };
  return { occasion: 'request', stepped: true, run: await run(c, deal, 'request') };
}

function run(c: ConsoleContext, deal: string, occasion: Occasion): Promise<DryRun> {
  const { desk } = c.var.options;
  const request = occasion === 'stage' ? undefined : { key: 'dry-run', by: nameOf(sessionIn(c)) };
  return desk.dryRun(tenantIn(c).id, deal, {}, request, c.var.crm || undefined);
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Value | Problem> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function Result({ c, result, stages }: { c: ConsoleContext; result: Ran | Problem; stages: Map<string, string> }) {
  if (!(result instanceof Problem)) {
    return (
      <DryRunResult run={result.run} stages={stages}>
        <nav class="tabs" aria-label="Occasion">
          {OCCASIONS.map((occasion) => (
            <a href={linkWith(c, { as: occasion })} aria-current={occasion === result.occasion ? 'true' : undefined}>
              {OCCASION_WORDS[occasion]}
            </a>
          ))}
        </nav>
        {result.stepped ? (
          <p class="note">At this stage no rule sends by itself. This is what happens when a person presses Send for signature; a rule’s own stage does the same.</p>
        ) : null}
      </DryRunResult>
    );
  }
  return (
    <>
      <h1>Dry run</h1>
      <ProblemNote problem={result} />
    </>
  );
}

function Picker({ c, deals, stages }: { c: ConsoleContext; deals: Deal[] | Problem; stages: Map<string, string> }) {
  return (
    <>
      <h1>Try the mappings on a deal</h1>
      <p class="soft">Choose a deal. You see who would sign what and what would be written back; nothing is sent and nothing is written.</p>
      <CrmTabs c={c} />
      <Filter c={c} hint="Name of a deal">
        {c.var.crms.length > 1 ? <input type="hidden" name="crm" value={c.var.crm} /> : null}
      </Filter>
      {deals instanceof Problem ? <ProblemNote problem={deals} /> : <Deals c={c} deals={deals} stages={stages} />}
    </>
  );
}

function Deals({ c, deals, stages }: { c: ConsoleContext; deals: Deal[]; stages: Map<string, string> }) {
  if (deals.length === 0) return <Empty title="No such deal">Search by another part of the name, or make a deal in the CRM first.</Empty>;
  return (
    <ul class="rows">
      {deals.map((deal) => (
        <li>
          <a href={atCrm(c, `/mappings/dry-run?deal=${encodeURIComponent(deal.id)}`)}>{deal.name || `Deal ${deal.id}`}</a>
          <span class="soft">{stages.get(deal.stage) ?? deal.stage}</span>
          <code class="soft">{deal.id}</code>
        </li>
      ))}
    </ul>
  );
}
