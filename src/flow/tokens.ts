import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { InstallId } from '#core/ids';
import type { Account, Tokens } from '#ports/auth';
import type { Json } from '#lib/json';
import type { Access } from '#ports/call';
import { clearAlarm, raiseAlarm } from '#store/alarms';
import { claimRefresh, getInstall, REFRESH_LEASE_MS, updateGranted, updateInstall, type Install } from '#store/installs';
import { holdEffects } from '#store/outbox';
import { PLACES } from '#store/sealed';
import { getVendor, present, type Flow } from '#flow/flow';
import { problemOf } from '#flow/weather';

/** A token this close to its end is not used any more, milliseconds. */
const MARGIN_MS = 60_000;
const POLL_MS = 200;

interface Stored {
  accessToken: string;
  refreshToken: string | null;
  expiresAt: number;
  scopes: string[];
}

export function sealTokens(flow: Flow, install: { tenant: string; id: string }, tokens: Tokens): string {
  const stored: Stored = { accessToken: tokens.accessToken.reveal(), refreshToken: tokens.refreshToken?.reveal() ?? null, expiresAt: tokens.expiresAt, scopes: tokens.scopes };
  return flow.sealer.seal(JSON.stringify(stored), PLACES.tokens(install.tenant, install.id));
}

/** @throws Problem `install.unauthorized` where there are none */
export function openTokens(flow: Flow, install: Install): Tokens {
  if (install.tokens === null) throw new Problem('install.unauthorized');
  const stored = JSON.parse(flow.sealer.open(install.tokens, PLACES.tokens(install.tenant, install.id))) as Stored;
  return { ...stored, accessToken: new Secret(stored.accessToken), refreshToken: stored.refreshToken === null ? null : new Secret(stored.refreshToken) };
}

/** Whether this server's key opens an install's tokens. */
export function opensTokens(flow: Flow, install: Install): boolean {
  try {
    openTokens(flow, install);
    return true;
  } catch {
    return false;
  }
}

export interface TokenSource {
  /** A token that is good for now, refreshed where need be: one refresh at a time, stored before it is used. @throws Problem `install.unauthorized` */
  access(install: Install): Promise<Access>;
  /** Another token than that of `stale`, which the vendor has just refused. */
  renew(install: Install, stale: Access): Promise<Access>;
}

export function createTokens(flow: Flow): TokenSource {
  const underWay = new Map<InstallId, Promise<Access>>();

  function once(install: Install, work: () => Promise<Access>): Promise<Access> {
    const known = underWay.get(install.id);
    if (known) return known;
    const started = work().finally(() => underWay.delete(install.id));
    underWay.set(install.id, started);
    return started;
  }

  async function refresh(install: Install, isGood: (tokens: Tokens) => boolean): Promise<Access> {
    const deadline = flow.clock.now() + REFRESH_LEASE_MS;
    for (;;) {
      const fresh = await getInstall(flow.db, install.tenant, install.id);
      if (fresh.state !== 'active') throw new Problem('install.unauthorized');
      const tokens = openTokens(flow, fresh);
      if (isGood(tokens)) return { token: tokens.accessToken, baseUrl: fresh.base_url };
      if (await claimRefresh(flow.db, install.tenant, fresh, present(flow))) return refreshNow(flow, fresh, tokens);
      if (flow.clock.now() > deadline) throw new Problem('vendor.unavailable', { say: 'Another process is refreshing the permission and does not come to an end.' });
      await flow.clock.sleep(POLL_MS);
    }
  }

  const outlives = (tokens: Tokens) => tokens.expiresAt - MARGIN_MS > flow.clock.now();

  return {
    async access(install) {
      const current = await getInstall(flow.db, install.tenant, install.id);
      if (current.state !== 'active') throw new Problem('install.unauthorized');
      const tokens = openTokens(flow, current);
      return outlives(tokens) ? { token: tokens.accessToken, baseUrl: current.base_url } : once(install, () => refresh(install, outlives));
    },
    renew: (install, stale) => once(install, () => refresh(install, (tokens) => outlives(tokens) && tokens.accessToken.reveal() !== stale.token.reveal())),
  };
}

async function refreshNow(flow: Flow, install: Install, tokens: Tokens): Promise<Access> {
  const { connector, app } = getVendor(flow, install.vendor);
  const account: Account = {
    id: install.account,
    name: install.name,
    environment: install.environment,
    baseUrl: install.base_url,
    details: JSON.parse(install.details) as Record<string, Json>,
  };
  try {
    const next = await connector.auth.refresh(app, flow.tokenHttp(install.vendor), tokens, account, flow.clock.now());
    const baseUrl = next.baseUrl ?? install.base_url;
    const kept = { tokens: sealTokens(flow, install, next), base_url: baseUrl, expires_at: next.expiresAt, refresh_until: 0, updated_at: flow.clock.now() };
    // Of a flagged account too: what it has is used up.
    if (!(await updateGranted(flow.db, install.tenant, install, kept, ['active', 'reauthorize'])))
      throw new Problem('vendor.unavailable', { say: 'The account was connected anew meanwhile.' });
    flow.metrics.refreshes.inc({ vendor: install.vendor, outcome: 'done' });
    await clearAlarm(flow.db, 'token-refresh-failing', install.id);
    return { token: next.accessToken, baseUrl };
  } catch (error) {
    const problem = problemOf(error);
    flow.metrics.refreshes.inc({ vendor: install.vendor, outcome: 'failed' });
    await updateInstall(flow.db, install.tenant, install.id, { refresh_until: 0 });
    if (problem.remedy === 'reauthorize') await flagInstall(flow, install, problem);
    else
      await raiseAlarm(
        flow.db,
        { code: 'token-refresh-failing', subject: install.id, tenant: install.tenant, say: `${install.name}: the permission could not be renewed. ${problem.message}` },
        flow.clock.now(),
      );
    throw problem;
  }
}

/** Marks an install as needing a person and holds what waits for it: nothing is lost, and a re-install lets it go on. A newer grant is left alone. */
export async function flagInstall(flow: Flow, install: Install, problem: Problem): Promise<void> {
  const { tenant, id } = install;
  const now = flow.clock.now();
  const flagged = await flow.db.transaction().execute(async (tx) => {
    if (!(await updateGranted(tx, tenant, install, { state: 'reauthorize', reason: problem.message, updated_at: now }))) return false;
    await holdEffects(tx, tenant, id, true, now);
    await raiseAlarm(tx, { code: 'install-needs-reauthorisation', subject: id, tenant, say: `${install.name} has to be connected again: ${problem.message}` }, now);
    return true;
  });
  if (flagged) flow.log.error({ install: id, tenant, vendor: install.vendor, code: problem.code }, 'install needs to be authorised again');
}
