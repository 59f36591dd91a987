import type { EndpointId, TenantId } from '#core/ids';
import type { Endpoint } from '#store/endpoints';
import { PLACES } from '#store/sealed';
import type { Flow } from '#flow/flow';

/** Seals a secret of an endpoint, for its row alone. */
export function sealSecret({ sealer }: Pick<Flow, 'sealer'>, tenant: TenantId, endpoint: EndpointId, secret: string): string {
  return sealer.seal(secret, PLACES.endpointSecret(tenant, endpoint));
}

/** The secrets that sign at `now`, the newest first: two for a day after a rotation. */
export function liveSecrets({ sealer }: Pick<Flow, 'sealer'>, endpoint: Endpoint, now: number): string[] {
  const { tenant, id, secret, old_secret: old, old_until: until } = endpoint;
  const sealed = old !== null && until !== null && until > now ? [secret, old] : [secret];
  return sealed.map((one) => sealer.open(one, PLACES.endpointSecret(tenant, id)));
}
