import { Hono } from 'hono';
import { Problem } from '#core/problem';
import type { DryRun } from '#flow/desk';
import type { Fields } from '#core/records';
import { stageLabels } from '#store/view';
import { at, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { DryRunResult } from './dry-run-result.tsx';
import { ProblemNote } from './errors.tsx';
import { show } from './layout.tsx';
import { Empty, Filter, wantsJson } from './list.tsx';

type Deal = { id: string; name: string; stage: string; fields: Fields };

/** Picks a deal and shows what the mappings would do with it. Nothing is sent or written. */
export function dryRunPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/mappings/dry-run', async (c) => {
    const deal = c.req.query('deal');
    if (deal && wantsJson(c)) return c.json(await c.var.options.desk.dryRun(tenantIn(c).id, deal));
    const stages = await stageLabels(c.var.options.db, tenantIn(c).id);
    const result = deal ? await attempt(() => c.var.options.desk.dryRun(tenantIn(c).id, deal)) : null;
    const deals = deal ? null : await attempt(() => c.var.options.desk.deals(tenantIn(c).id, c.req.query('q') ?? ''));
    if (wantsJson(c)) return c.json({ items: deals instanceof Problem ? [] : deals, next: null });
    return show(
      c,
      { title: 'Dry run', current: 'mappings' },
      <>
        <p class="crumb">
          <a href={at(c, '/mappings')}>Mappings</a> {deal ? <a href={at(c, '/mappings/dry-run')}>Dry run</a> : null}
        </p>
        {result ? <Result result={result} stages={stages} /> : null}
        {deals ? <Picker c={c} deals={deals} stages={stages} /> : null}
      </>,
    );
  });
  return app;
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Value | Problem> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function Result({ result, stages }: { result: DryRun | Problem; stages: Map<string, string> }) {
  if (!(result instanceof Problem)) return <DryRunResult run={result} stages={stages} />;
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
      <Filter c={c} hint="Name of a deal" />
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
          <a href={at(c, `/mappings/dry-run?deal=${encodeURIComponent(deal.id)}`)}>{deal.name || `Deal ${deal.id}`}</a>
          <span class="soft">{stages.get(deal.stage) ?? deal.stage}</span>
          <code class="soft">{deal.id}</code>
        </li>
      ))}
    </ul>
  );
}
