import { Hono } from 'hono';
import type { Flow } from '#flow/flow';
import { countWork } from '#store/view/work';

/** `/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: for Prometheus; it names no tenant. */
export function operations(flow: Flow, isReady: () => boolean): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', async (c) => {
    if (!isReady()) return c.json({ ok: false, why: 'starting or stopping' }, 503);
    const reachable = await countWork(flow.db).then(
      () => true,
      () => false,
    );
    return reachable ? c.json({ ok: true }) : c.json({ ok: false, why: 'the database does not answer' }, 503);
  });
  app.get('/metrics', async (c) => {
    for (const [queue, count] of Object.entries(await countWork(flow.db))) flow.metrics.waiting.set({ queue }, count);
    return c.text(await flow.metrics.registry.metrics(), 200, { 'content-type': flow.metrics.registry.contentType });
  });
  return app;
}
