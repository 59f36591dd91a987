import type { Auth } from '#ports/auth';
import type { Cards } from '#ports/cards';
import type { Consents } from '#ports/consents';
import type { Crm, Journey } from '#ports/crm';
import type { Inbound } from '#ports/inbound';
import type { Manifest } from '#ports/manifest';
import type { Sign } from '#ports/sign';
import type { Workflow } from '#ports/workflow';

/** A vendor: a value with capability slots. The slots that are filled are those that its manifest names. */
export interface Connector {
  manifest: Manifest;
  auth: Auth;
  inbound?: Inbound;
  crm?: Crm;
  sign?: Sign;
  journey?: Journey;
  consents?: Consents;
  cards?: Cards;
  workflow?: Workflow;
}
