import { Hono } from 'hono';
import { Problem } from '#core/problem';
import type { Flow } from '#flow/flow';
import { signingKey } from '#flow/proof/signing';
import { listSigningKeys } from '#store/heads';

const HOLD = { 'content-type': 'application/x-pem-file; charset=utf-8', 'cache-control': 'public, max-age=300' };

/** The public keys that proofs are checked with, for everybody: the one in use, every one by its id, and the list of them. */
export function signingKeys(flow: Flow): Hono {
  const app = new Hono();
  app.get('/.well-known/countersign-signing-key.pem', async (c) => c.body((await signingKey(flow)).public_key, 200, HOLD));
  app.get('/.well-known/countersign-signing-keys/:file', async (c) => {
    const id = /^([0-9a-f]{64})\.pem$/.exec(c.req.param('file'))?.[1];
    const key = (await listSigningKeys(flow.db)).find((one) => one.id === id);
    if (!key) throw new Problem('request.not-found', { say: 'This server has never signed with that key.' });
    return c.body(key.public_key, 200, HOLD);
  });
  app.get('/.well-known/countersign-signing-keys.json', async (c) => {
    await signingKey(flow);
    const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());
    const keys = (await listSigningKeys(flow.db)).map((key) => ({ id: key.id, pem: key.public_key, madeAt: iso(key.made_at), retiredAt: iso(key.retired_at) }));
    return c.json({ keys }, 200, { 'cache-control': HOLD['cache-control'] });
  });
  return app;
}
