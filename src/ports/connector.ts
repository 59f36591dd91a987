import type { Auth } from '#ports/auth';
import type { Cards } from '#ports/cards';
import type { Crm, Journey } from '#ports/crm';
import type { Inbound } from '#ports/inbound';
import type { Manifest } from '#ports/manifest';
import type { Sign } from '#ports/sign';

/** A vendor: a value with capability slots. The slots that are filled are those that its manifest names. */
export interface Connector {
  manifest: Manifest;
  auth: Auth;
  inbound?: Inbound;
  crm?: Crm;
  sign?: Sign;
  journey?: Journey;
  cards?: Cards;
}
