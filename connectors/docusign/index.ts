import type { Connector } from '#ports/connector';
import { auth } from './auth.ts';
import { inbound } from './inbound.ts';
import { manifest } from './manifest.ts';
import { sign } from './sign.ts';

export const docusign: Connector = { manifest, auth, inbound, sign };
