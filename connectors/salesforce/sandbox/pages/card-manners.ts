import type { SandboxOptions } from '#ports/sandbox';
import type { CardManners } from '#shared/sandbox/card';

/** Calls the connector server as Apex does through the named credential, once: which org and user asks, and the key that the admin keeps in Setup. */
export function cardManners(options: SandboxOptions, who: () => { key: string | null; orgId: string; userId: string }): CardManners {
  return {
    root: '/cards/salesforce',
    timeoutMs: 10_000,
    tries: 1,
    shownOn: 'page',
    sign(_method, path) {
      const { key, orgId, userId } = who();
      if (key === null) return 'The named credential Countersign has no key. An admin sets it in Setup.';
      return { url: options.serverUrl() + path, headers: { 'x-countersign-key': key, 'x-countersign-org': orgId, 'x-countersign-user': userId } };
    },
  };
}
