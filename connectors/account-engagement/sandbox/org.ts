import { Hono } from 'hono';
import type { Clock } from '#lib/clock';
import { bearerOf, heldUnder, type SandboxState } from './state.ts';

/** Whether the user may look at the org's business units; handles change it. */
export interface OrgView {
  listsUnits: boolean;
}

/** The org's Tooling API, as far as `PardotTenant` goes. */
export function createOrg({ state, clock, view }: { state: SandboxState; clock: Clock; view: OrgView }): Hono {
  const org = new Hono();
  org.get('/services/data/:version/tooling/query', (c) => {
    const token = heldUnder(state.accessTokens, bearerOf(c.req.header('authorization')));
    const refuse = (status: 400 | 401 | 403, errorCode: string, message: string) => c.json([{ errorCode, message }], status);
    if (!token || token.expiresAt <= clock.now()) return refuse(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    if (!token.scopes.includes('api')) return refuse(403, 'INSUFFICIENT_ACCESS', 'The token has no access to the API.');
    const query = /^SELECT (?<fields>[\w, ]+) FROM PardotTenant LIMIT \d+$/.exec(c.req.query('q') ?? '');
    const known = ['Id', 'PardotTenantId', 'PardotTenantName', 'CreationStatus'];
    const fields = (query?.groups?.['fields'] ?? '').split(',').map((name) => name.trim());
    if (!query) return refuse(400, 'MALFORMED_QUERY', 'unexpected token');
    if (!view.listsUnits || Number(c.req.param('version').slice(1)) < 56) return refuse(400, 'INVALID_TYPE', "sObject type 'PardotTenant' is not supported.");
    const unknown = fields.find((name) => !known.includes(name));
    if (unknown !== undefined) return refuse(400, 'INVALID_FIELD', `No such column '${unknown}' on entity 'PardotTenant'.`);
    const records = state.units.map(({ id, name, active }) => {
      const values: Record<string, string> = { Id: id, PardotTenantId: id, PardotTenantName: name, CreationStatus: active ? 'Created' : 'Deprovisioned' };
      return { attributes: { type: 'PardotTenant' }, ...Object.fromEntries(fields.map((field) => [field, values[field]])) };
    });
    return c.json({ size: records.length, totalSize: records.length, done: true, records });
  });
  return org;
}
