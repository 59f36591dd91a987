import { Secret } from '#lib/secret';
import type { Install } from '#store/installs';
import { PLACES } from '#store/sealed';
import type { Flow, Vendor } from '#flow/flow';

type Owner = Pick<Install, 'tenant' | 'id'>;
const placeOf = ({ tenant, id }: Owner): string => PLACES.webhookKeys(tenant, id);

/** Keys as they are stored; null where there are none, for an empty list would let nobody in and look as if it were set. */
export function sealKeys(flow: Flow, install: Owner, keys: readonly string[]): string | null {
  return keys.length === 0 ? null : flow.sealer.seal(JSON.stringify(keys), placeOf(install));
}

/** Keys that an install has of its own; null where it has none. */
export function ownKeys(flow: Flow, install: Pick<Install, 'tenant' | 'id' | 'webhook_keys'>): string[] | null {
  return install.webhook_keys === null ? null : (JSON.parse(flow.sealer.open(install.webhook_keys, placeOf(install))) as string[]);
}

/** An install's own keys stand instead of the server's: whoever knows those can then write nothing for it. */
export function secretsOf(flow: Flow, vendor: Vendor, install: Install | undefined): Secret[] {
  return (install && ownKeys(flow, install)?.map((key) => new Secret(key))) ?? vendor.webhookSecrets;
}
