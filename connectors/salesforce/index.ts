import type { Connector } from '#ports/connector';
import { auth } from './auth.ts';
import { cards } from './cards.ts';
import { consents } from './consents.ts';
import { crm } from './crm.ts';
import { id18, isId } from './ids.ts';
import { inbound } from './inbound.ts';
import { journey } from './journey.ts';
import { manifest } from './manifest.ts';
import { listen } from './pubsub.ts';

export const salesforce: Connector = { manifest, auth, inbound, crm: { ...crm, listen, canonical: (id) => (isId(id) ? id18(id) : id) }, journey, consents, cards };
