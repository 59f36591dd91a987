import { accountEngagement } from '#connectors/account-engagement/index';
import { docusign } from '#connectors/docusign/index';
import { hubspot } from '#connectors/hubspot/index';
import { marketingCloud } from '#connectors/marketing-cloud/index';
import { salesforce } from '#connectors/salesforce/index';
import type { Secret } from '#lib/secret';
import type { AppRegistration } from '#ports/auth';
import type { Connector } from '#ports/connector';
import type { Vendor } from '#flow/flow';
import { Problem } from '#core/problem';
import type { Manifest } from '#ports/manifest';
import { matchesHost } from '#shared/hosts';
import type { Config } from './config.ts';

/** Every connector of the product. */
export const CONNECTORS: readonly Connector[] = [hubspot, salesforce, docusign, marketingCloud, accountEngagement];

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
  return new Map([...found, ...salesforceRegistrations(environment)]);
}

const SALESFORCE_LOGIN = 'https://login.salesforce.com';

/** Salesforce and the two marketing clouds beside it. What a login decides is chosen when an account is connected. */
function salesforceRegistrations(environment: Config['environment']): [string, Registration][] {
  const { SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, ACCOUNT_ENGAGEMENT_CLIENT_ID, ACCOUNT_ENGAGEMENT_CLIENT_SECRET } = environment;
  const { MARKETING_CLOUD_CLIENT_ID, MARKETING_CLOUD_CLIENT_SECRET, MARKETING_CLOUD_SUBDOMAIN, MARKETING_CLOUD_ACCOUNT_ID, ACCOUNT_ENGAGEMENT_BUSINESS_UNIT } = environment;
  const found: [string, Registration][] = [];
  const add = (id: string, clientId: string, clientSecret: Secret, hosts: Hosts, more: Record<string, Secret> = {}) =>
    void found.push([id, { clientId, clientSecret, appId: clientId, webhookSecrets: [], more, hosts: () => hosts }]);
  const at = (apiUrl: string): Hosts => ({ authorizeUrl: SALESFORCE_LOGIN, tokenUrl: SALESFORCE_LOGIN, apiUrl });
  if (SALESFORCE_CLIENT_ID && SALESFORCE_CLIENT_SECRET) add('salesforce', SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, at(SALESFORCE_LOGIN));
  if (ACCOUNT_ENGAGEMENT_CLIENT_ID && ACCOUNT_ENGAGEMENT_CLIENT_SECRET) {
    const more = ACCOUNT_ENGAGEMENT_BUSINESS_UNIT ? { businessUnit: ACCOUNT_ENGAGEMENT_BUSINESS_UNIT } : {};
    add('account-engagement', ACCOUNT_ENGAGEMENT_CLIENT_ID, ACCOUNT_ENGAGEMENT_CLIENT_SECRET, at('https://pi.pardot.com'), more);
  }
  if (MARKETING_CLOUD_CLIENT_ID && MARKETING_CLOUD_CLIENT_SECRET && MARKETING_CLOUD_SUBDOMAIN) {
    const auth = `https://${MARKETING_CLOUD_SUBDOMAIN}.auth.marketingcloudapis.com`;
    const hosts = { authorizeUrl: auth, tokenUrl: auth, apiUrl: `https://${MARKETING_CLOUD_SUBDOMAIN}.rest.marketingcloudapis.com` };
    add('marketing-cloud', MARKETING_CLOUD_CLIENT_ID, MARKETING_CLOUD_CLIENT_SECRET, hosts, MARKETING_CLOUD_ACCOUNT_ID ? { accountId: MARKETING_CLOUD_ACCOUNT_ID } : {});
  }
  return found;
}

/** Connectors with their registrations. Addresses are asked for anew each time: a server that takes a free port learns its own late. */
export function createVendors(registrations: ReadonlyMap<string, Registration>, publicUrl: () => string, live: boolean): Map<string, Vendor> {
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
    vendors.set(id, {
      connector,
      app,
      loginAt: live ? (login) => loginAt(connector.manifest, login) : () => null,
      appId: registration.appId,
      webhookSecrets: registration.webhookSecrets,
    });
  }
  return vendors;
}

/** The sandbox plays every login at its own address, so only a live server asks. */
function loginAt({ name, oauth }: Manifest, login: string | null): string | null {
  const [first] = oauth.logins;
  if (!first) return null;
  const chosen = login === null || login === '' ? first : oauth.logins.find(({ id }) => id === login);
  if (chosen) return `https://${chosen.host}`;
  const host = (login ?? '')
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  if (oauth.ownLogin !== undefined && matchesHost(oauth.ownLogin, host)) return `https://${host}`;
  throw new Problem('request.malformed', {
    say: `"${host.slice(0, 80)}" is no login of ${name}. Choose ${oauth.logins.map(({ id }) => id).join(' or ')}, or give a host such as ${oauth.ownLogin ?? ''}.`,
  });
}
