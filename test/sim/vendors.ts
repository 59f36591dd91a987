import { Secret } from '#lib/secret';
import type { Connector } from '#ports/connector';
import type { Vendor } from '#flow/flow';
import { createCrm, type CrmBook, type CrmWatch } from './crm.ts';
import type { Sender } from './hooks.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import { createSign, type SignBook, type SignWatch } from './sign.ts';

export interface Vendors {
  network: Network;
  scheduler: Scheduler;
  crms: ReadonlyMap<string, CrmBook>;
  signs: ReadonlyMap<string, SignBook>;
  /** The account that a person is connecting at this moment. */
  connecting: () => string;
  sender: Sender;
  watch?: CrmWatch;
  polled?: SignWatch;
}

/** A CRM with journeys, and an e-sign provider, written at the level of the ports: what they answer is theirs to say, what gets lost between is the network's. */
export function vendorsOf({ network, scheduler, crms, signs, connecting, sender, watch, polled }: Vendors): Map<string, Vendor> {
  const at =
    <Book>(books: ReadonlyMap<string, Book>) =>
    (account: string): Book => {
      const book = books.get(account);
      if (!book) throw new Error(`There is no account ${account}.`);
      return book;
    };
  const crm = createCrm(network, scheduler, at(crms), connecting, watch ?? { wrote: () => undefined, reached: () => undefined });
  const sign = createSign(network, scheduler, at(signs), connecting, sender, polled ?? (() => undefined));
  return new Map([vendorOf(crm), vendorOf(sign)]);
}

function vendorOf(connector: Connector): [string, Vendor] {
  const app = { clientId: 'us', clientSecret: new Secret('us'), redirectUri: '', authorizeUrl: '', tokenUrl: '', apiUrl: '', more: {} };
  return [connector.manifest.id, { connector, app, loginAt: () => null, appId: 'us', webhookSecrets: [] }];
}
