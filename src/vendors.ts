import { docusign } from '#connectors/docusign/index';
import { hubspot } from '#connectors/hubspot/index';
import type { Secret } from '#lib/secret';
import type { AppRegistration } from '#ports/auth';
import type { Connector } from '#ports/connector';
import type { Vendor } from '#flow/flow';
import type { Config } from './config.ts';

/** Every connector of the product. */
export const CONNECTORS: readonly Connector[] = [hubspot, docusign];

type Hosts = Pick<AppRegistration, 'authorizeUrl' | 'tokenUrl' | 'apiUrl'>;
export interface Registration {
  clientId: string;
  clientSecret: Secret;
  appId: string;
  webhookSecrets: Secret[];
  more?: Record<string, Secret>;
  hosts: () => Hosts;
}

const HUBSPOT: Hosts = { authorizeUrl: 'https://app.hubspot.com', tokenUrl: 'https://api.hubapi.com', apiUrl: 'https://api.hubapi.com' };
const DOCUSIGN: Record<'demo' | 'live', Hosts> = {
  demo: { authorizeUrl: 'https://account-d.docusign.com', tokenUrl: 'https://account-d.docusign.com', apiUrl: 'https://demo.docusign.net/restapi' },
  live: { authorizeUrl: 'https://account.docusign.com', tokenUrl: 'https://account.docusign.com', apiUrl: 'https://www.docusign.net/restapi' },
};

/** The registrations that the environment names; a vendor without one is not offered. */
export function liveRegistrations({ environment }: Config): Map<string, Registration> {
  const found = new Map<string, Registration>();
  const { HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID, DOCUSIGN_CLIENT_ID, DOCUSIGN_CLIENT_SECRET, DOCUSIGN_CONNECT_KEYS, DOCUSIGN_PRIVATE_KEY, DOCUSIGN_USER_ID } =
    environment;
  if (HUBSPOT_CLIENT_ID && HUBSPOT_CLIENT_SECRET && HUBSPOT_APP_ID) {
    found.set('hubspot', {
      clientId: HUBSPOT_CLIENT_ID,
      clientSecret: HUBSPOT_CLIENT_SECRET,
      appId: HUBSPOT_APP_ID,
      webhookSecrets: [HUBSPOT_CLIENT_SECRET],
      hosts: () => HUBSPOT,
    });
  }
  if (DOCUSIGN_CLIENT_ID && DOCUSIGN_CLIENT_SECRET && DOCUSIGN_CONNECT_KEYS) {
    const more = DOCUSIGN_PRIVATE_KEY && DOCUSIGN_USER_ID ? { privateKey: DOCUSIGN_PRIVATE_KEY, userId: DOCUSIGN_USER_ID } : {};
    const hosts = () => DOCUSIGN[environment.DOCUSIGN_ENVIRONMENT];
    found.set('docusign', { clientId: DOCUSIGN_CLIENT_ID, clientSecret: DOCUSIGN_CLIENT_SECRET, appId: DOCUSIGN_CLIENT_ID, webhookSecrets: DOCUSIGN_CONNECT_KEYS, more, hosts });
  }
  return found;
}

/** Connectors with their registrations. Addresses are asked for anew each time: a server that takes a free port learns its own late. */
export function createVendors(registrations: ReadonlyMap<string, Registration>, publicUrl: () => string): Map<string, Vendor> {
  const vendors = new Map<string, Vendor>();
  for (const connector of CONNECTORS) {
    const { id } = connector.manifest;
    const registration = registrations.get(id);
    if (!registration) continue;
    const app: AppRegistration = {
      clientId: registration.clientId,
      clientSecret: registration.clientSecret,
      more: registration.more ?? {},
      get redirectUri() {
        return `${publicUrl()}/oauth/${id}/callback`;
      },
      get authorizeUrl() {
        return registration.hosts().authorizeUrl;
      },
      get tokenUrl() {
        return registration.hosts().tokenUrl;
      },
      get apiUrl() {
        return registration.hosts().apiUrl;
      },
    };
    vendors.set(id, { connector, app, appId: registration.appId, webhookSecrets: registration.webhookSecrets });
  }
  return vendors;
}
