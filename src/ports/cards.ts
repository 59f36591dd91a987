import type { Secret } from '#lib/secret';
import type { RawDelivery, Verdict } from '#ports/inbound';

/** Who asks from inside the CRM: the requests of its cards and components. */
export interface Cards {
  /** Whose keys vouch for a request: the app's, one for all accounts, or the install's own. */
  keys: 'app' | 'install';
  /** Who a request says that it is from; nothing of it is believed before `verify`. @throws Problem `request.malformed` */
  identify(delivery: RawDelivery): { account: string; user: string };
  /** Compares in constant time, against each live secret. */
  verify(delivery: RawDelivery, secrets: readonly Secret[], now: number): Verdict;
}
