import type { Connector } from '#ports/connector';
import { auth } from './auth.ts';
import { cards } from './cards.ts';
import { consents } from './consents.ts';
import { crm } from './crm.ts';
import { inbound } from './inbound.ts';
import { journey } from './journey.ts';
import { manifest } from './manifest.ts';
import { workflow } from './workflow-action.ts';

export const hubspot: Connector = { manifest, auth, inbound, crm, journey, consents, cards, workflow };
