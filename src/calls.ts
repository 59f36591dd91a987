import type { InstallView } from '#ports/call';
import type { Flow } from '#flow/flow';
import { getVendor } from '#flow/flow';
import { createTokens } from '#flow/tokens';
import { createCall } from '#shared/call';
import { insistent } from '#shared/insist';
import type { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';
import type { Install } from '#store/installs';

/** Binds calls to installs: host, token, limit, time and the end of the process. `flow` is asked when a call is bound, by when it is whole. */
export function createBinder(flow: () => Flow, deps: { limits: Limits; checkHost: ReturnType<typeof createHostCheck>; stopping: AbortSignal }): Flow['bind'] {
  let tokens: ReturnType<typeof createTokens> | undefined;

  return (install, priority, manner = 'once', signal) => {
    const { clock, log, metrics, random, publicUrl } = flow();
    const source = (tokens ??= createTokens(flow()));
    const { manifest } = getVendor(flow(), install.vendor).connector;
    const hook = manifest.webhook?.path === 'install' ? `/${install.hook}` : '';
    const call = createCall({
      manifest,
      install: viewOf(install),
      webhookUrl: `${publicUrl()}/webhooks/${manifest.id}${hook}`,
      priority,
      limits: deps.limits,
      clock,
      signal: signal ? AbortSignal.any([deps.stopping, signal]) : deps.stopping,
      checkHost: deps.checkHost,
      token: () => source.accessToken(install),
      renew: (stale) => source.renew(install, stale),
      observe(status, seconds) {
        log.debug({ vendor: manifest.id, install: install.id, priority, status, seconds }, 'call answered');
        metrics.calls.inc({ vendor: manifest.id, status: String(status) });
        metrics.callSeconds.observe({ vendor: manifest.id }, seconds);
      },
    });
    return manner === 'insistent' ? insistent(call, clock, random) : call;
  };
}

function viewOf(install: Install): InstallView {
  return { id: install.id, account: install.account, baseUrl: install.base_url, environment: install.environment, details: JSON.parse(install.details) as InstallView['details'] };
}
