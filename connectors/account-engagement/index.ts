import type { Connector } from '#ports/connector';
import { auth } from './auth.ts';
import { journey } from './journey.ts';
import { manifest } from './manifest.ts';

export const accountEngagement: Connector = { manifest, auth, journey };
