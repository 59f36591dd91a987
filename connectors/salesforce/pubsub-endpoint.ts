import { Problem } from '#core/problem';
import type { InstallView } from '#ports/call';

/** The vendor's own: everywhere, or kept within a region such as Frankfurt (`deu`); both ports are served [D: Pub/Sub API guide, endpoints]. */
const LIVE = 'api.pubsub.salesforce.com:7443';
const VENDOR = /^api(\.[a-z]{3})?\.pubsub\.salesforce\.com:(443|7443)$/;
const LOOPBACK = /^(127\.0\.0\.1|localhost):\d{1,5}$/;

export interface Endpoint {
  /** Host and port. */
  address: string;
  /** In plain text only where nothing leaves the machine. */
  tls: boolean;
}

/**
 * Where the org's events are had: `details.pubsub` where the install has it, the vendor's own otherwise. A token of a live org goes to the vendor and nowhere else,
 * and a sandbox's never leaves the machine.
 * @throws Problem `host.refused`; `feature.unsupported` for a sandbox that plays no events
 */
export function endpointOf({ baseUrl, details }: InstallView): Endpoint {
  const asked = typeof details.pubsub === 'string' && details.pubsub !== '' ? details.pubsub : null;
  if (!isSandbox(baseUrl)) {
    if (asked !== null && !VENDOR.test(asked)) throw refused('it is not the Pub/Sub API of Salesforce');
    return { address: asked ?? LIVE, tls: true };
  }
  if (asked === null) throw new Problem('feature.unsupported', { say: 'This sandbox plays no change events. Changes of stage are heard by polling.' });
  if (!LOOPBACK.test(asked)) throw refused('a sandbox is listened to on its own machine only');
  return { address: asked, tls: false };
}

const refused = (why: string): Problem => new Problem('host.refused', { say: `Change events may not be fetched from the address that is configured: ${why}.` });

function isSandbox(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

/** The package's channel first: its members do not count against the five objects that an org may select itself. Behind it, the org's own selection. */
export function topicsOf({ details }: InstallView): string[] {
  const namespace = typeof details.namespace === 'string' && /^[A-Za-z]\w{0,14}$/.test(details.namespace) ? `${details.namespace}__` : '';
  return [`/data/${namespace}Countersign_Changes__chn`, '/data/OpportunityChangeEvent'];
}
