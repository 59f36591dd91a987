import { Hono } from 'hono';
import type { Flow } from '#flow/flow';
import { asServer } from '#store/scope';
import { answers } from '#store/health';
import { countWork } from '#store/view/work';

/** `/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: for Prometheus; it names no tenant. */
export function operations(flow: Flow, isReady: () => boolean, { onlyWorks = false } = {}): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', async (c) => {
    if (!isReady()) return c.json({ ok: false, why: 'starting or stopping' }, 503);
    const reachable = await asServer(() => answers(flow.db)).then(
      () => true,
      () => false,
    );
    if (!reachable) return c.json({ ok: false, why: 'the database does not answer' }, 503);
    const full = flow.storeFault?.() ?? null;
    if (full !== null) return c.json({ ok: false, why: full }, 503);
    const fault = flow.limitsFault?.() ?? null;
    // Webhooks can be taken without calling anybody, so who answers requests goes on answering them and says what it cannot do.
    return fault === null ? c.json({ ok: true }) : c.json({ ok: !onlyWorks, why: `no vendor is called: ${fault}` }, onlyWorks ? 503 : 200);
  });
  app.get('/metrics', async (c) => {
    for (const [queue, count] of Object.entries(await asServer(() => countWork(flow.db)))) flow.metrics.waiting.set({ queue }, count);
    flow.metrics.limitsUp.set((flow.limitsFault?.() ?? null) === null ? 1 : 0);
    for (const look of flow.metrics.beforeScrape) look();
    return c.text(await flow.metrics.registry.metrics(), 200, { 'content-type': flow.metrics.registry.contentType });
  });
  return app;
}
