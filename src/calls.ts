import { AsyncResource } from 'node:async_hooks';
import type { Updateable } from 'kysely';
import type { DayUse } from '#core/day-use';
import type { Call, InstallView } from '#ports/call';
import type { Flow } from '#flow/flow';
import { getVendor } from '#flow/flow';
import { createTokens } from '#flow/tokens';
import { throwProblem } from '#flow/weather';
import { createBudgets, type Budgets } from '#shared/budgets';
import { createCall } from '#shared/call';
import type { DayCounts } from '#shared/day-counts';
import { insistent, insistentReads } from '#shared/insist';
import type { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';
import type { Quotas } from '#shared/quota';
import { updateInstall, type Install } from '#store/installs';
import type { InstallsTable } from '#store/schema';

const MANNERS = { once: (call: Call) => call, insistent, 'insistent-reads': insistentReads };

/** Binds calls to installs: host, token, limit, time and the end of the process. `flow` is asked when a call is bound, by when it is whole. */
export function createBinder(
  flow: () => Flow,
  deps: { limits: Limits; quotas: Quotas; budgets?: Budgets; counts?: DayCounts; checkHost: ReturnType<typeof createHostCheck>; stopping: AbortSignal },
): Flow['bind'] {
  let tokens: ReturnType<typeof createTokens> | undefined;

  return (install, priority, manner = 'once', signal) => {
    const { db, clock, log, metrics, random, publicUrl } = flow();
    const { quotas } = deps;
    const budgets = (deps.budgets ??= createBudgets(clock));
    budgets.recall(install.id, install.budgets);
    if (install.day_use !== null) quotas.recall(install.id, JSON.parse(install.day_use) as DayUse);
    const source = (tokens ??= createTokens(flow()));
    const { manifest } = getVendor(flow(), install.vendor).connector;
    const hook = manifest.webhook?.path === 'install' ? `/${install.hook}` : '';
    const call = createCall({
      manifest,
      install: viewOf(install),
      webhookUrl: `${publicUrl()}/webhooks/${manifest.id}${hook}`,
      priority,
      limits: { ...deps.limits, schedule: inItsOwnContext(deps.limits.schedule) },
      clock,
      signal: signal ? AbortSignal.any([deps.stopping, signal]) : deps.stopping,
      checkHost: deps.checkHost,
      access: () => source.access(install).catch(throwProblem),
      renew: (stale) => source.renew(install, stale).catch(throwProblem),
      budgetOf: (counted) => budgets.budgetOf(install.id, manifest, counted),
      heard(left) {
        if (budgets.heard(install.id, manifest, left)) keep({ budgets: JSON.stringify(budgets.known(install.id)) });
      },
      admit() {
        budgets.admit(install.id, priority);
        quotas.admit(install.id, install.day_share, priority);
        deps.counts?.touch(install.id);
      },
      quota(day) {
        if (quotas.heard(install.id, day)) keep({ day_use: JSON.stringify(quotas.known(install.id)) });
      },
      observe(status, seconds) {
        log.debug({ vendor: manifest.id, install: install.id, priority, status, seconds }, 'call answered');
        metrics.calls.inc({ vendor: manifest.id, status: String(status) });
        metrics.callSeconds.observe({ vendor: manifest.id }, seconds);
      },
    });
    return MANNERS[manner](call, clock, random);

    /** Kept now and then, so that a restart and other machines know it; a line in the log is all that is lost where it cannot be. */
    function keep(set: Updateable<InstallsTable>): void {
      updateInstall(db, install.tenant, install.id, set).catch((error: unknown) =>
        log.warn({ install: install.id, err: error }, 'what the vendor said of its limits could not be kept'),
      );
    }
  };
}

/** A call that waited for its turn would otherwise go on in the scope, and under the log fields, of the call that made way for it. */
function inItsOwnContext(schedule: Limits['schedule']): Limits['schedule'] {
  return (budget, priority, run, signal) => schedule(budget, priority, AsyncResource.bind(run), signal);
}

function viewOf(install: Install): InstallView {
  return { id: install.id, account: install.account, baseUrl: install.base_url, environment: install.environment, details: JSON.parse(install.details) as InstallView['details'] };
}
