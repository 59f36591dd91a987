import type { RawDelivery } from '#ports/inbound';

/** Reads who is asking out of a CRM card's request, once its signature (`Inbound.verify`) has been found good. */
export interface Cards {
  /** @throws Problem `request.malformed` */
  identify(delivery: RawDelivery): { account: string; user: string };
}
