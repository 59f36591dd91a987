import { loadManifest } from '#shared/manifest';
import type { Connector } from '#ports/connector';
import { auth } from './auth.ts';
import { inbound } from './inbound.ts';
import { sign } from './sign.ts';

export const docusign: Connector = { manifest: loadManifest('docusign'), auth, inbound, sign };
