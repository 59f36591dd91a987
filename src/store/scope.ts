import { AsyncLocalStorage } from 'node:async_hooks';
import type { TenantId } from '#core/ids';

/** Whose rows work may touch: one tenant's, everybody's (the server's own work), or nobody's yet. */
export type Scope = { of: 'nobody' } | { of: 'server' } | { of: 'tenant'; id: TenantId };

const NOBODY: Scope = { of: 'nobody' };
const SERVER: Scope = { of: 'server' };

/**
 * PostgreSQL holds work to its scope (see `docs/isolation.md`). It goes along with the work and is no parameter, so that it is another hand that says the
 * tenant than the one that writes it into a query: handed down like the id, it would be wrong wherever the id is.
 */
const scopes = new AsyncLocalStorage<{ scope: Scope }>();

export function currentScope(): Scope {
  return scopes.getStore()?.scope ?? NOBODY;
}

/** Runs the server's own work, over all tenants: finding whose something is, claiming what is due, sweeping, what operators look at. */
export function asServer<T>(work: () => T): T {
  return scopes.run({ scope: SERVER }, work);
}

/** Runs the work of one tenant. @throws Error inside the work of another one */
export function asTenant<T>(id: TenantId, work: () => T): T {
  return scopes.run({ scope: narrowed(id) }, work);
}

/** Runs a request, a command, or whatever else does not know yet whose it is. */
export function asNobody<T>(work: () => T): T {
  return scopes.run({ scope: NOBODY }, work);
}

/**
 * From here to its end, a request or command is this tenant's. Outside of one there is nothing to bind, and nothing is seen.
 * @throws Error where it is another tenant's already
 */
export function bindTenant(id: TenantId): void {
  const held = scopes.getStore();
  if (held) held.scope = narrowed(id);
}

function narrowed(id: TenantId): Scope {
  const scope = currentScope();
  if (scope.of === 'tenant' && scope.id !== id) throw new Error('Work of one tenant does not become that of another.');
  return { of: 'tenant', id };
}
