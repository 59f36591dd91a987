import * as z from 'zod';
import { Problem } from '#core/problem';
import { matchesHost } from '#shared/hosts';
import type { Call } from '#ports/call';
import { ask, bodyOf } from './client.ts';
import { clientUserOf } from './definition.ts';
import { manifest } from './manifest.ts';

/** Beyond it the vendor cuts the address, and people come back to nowhere [S]. */
const RETURN_CHARS = 470;
const viewShape = z.object({ url: z.string().min(1) });

/**
 * Where an embedded recipient signs, for one use within minutes. We vouch for nobody: whoever typed the address may sign, so the method is `None`, which the vendor's
 * certificate repeats. The vendor looks the recipient up by all three of name, address and client user id.
 */
export async function view(call: Call, remote: string, { role, name, email }: { role: string; name: string; email: string }, returnUrl: string): Promise<string> {
  if (returnUrl.length > RETURN_CHARS) throw new Problem('vendor.rejected', { say: `DocuSign takes an address to come back to of ${RETURN_CHARS} characters at most.` });
  const json = { returnUrl, authenticationMethod: 'None', userName: name, email, clientUserId: clientUserOf(role) };
  const { url } = bodyOf(await ask(call, { method: 'POST', path: `/envelopes/${encodeURIComponent(remote)}/views/recipient`, json }), viewShape);
  return checked(call, url);
}

/** A browser is sent there in our name, so it has to be the vendor's: the host that answered, or another of the manifest's. @throws Problem `host.refused` */
function checked({ install }: Call, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  const own = new URL(install.baseUrl);
  const bare = url?.username === '' && url.password === '';
  const known =
    url?.origin === own.origin || (own.protocol === 'https:' && url?.protocol === 'https:' && url.port === '' && manifest.hosts.some((host) => matchesHost(host, url.hostname)));
  if (url && bare && known) return url.href;
  throw new Problem('host.refused', { say: `DocuSign named a signing page at ${url?.host ?? 'no address'}, which is none of its hosts.` });
}
