import { Problem } from '#core/problem';
import type { Manifest } from '#ports/manifest';

/**
 * Which addresses a vendor's calls may go to: https and a host that the manifest names. In a sandbox it is the sandbox's origin and nothing else, so that
 * tokens of a live account can never be used from one.
 */
export function createHostCheck(sandbox: (() => string) | null): (manifest: Manifest, address: string) => URL {
  return (manifest, address) => {
    const url = parse(address);
    const bare = url.username === '' && url.password === '';
    if (sandbox) {
      if (bare && url.origin === sandbox()) return url;
      throw new Problem('host.refused', { say: `${manifest.name} may not be called at ${url.host}: this server runs with a sandbox world and calls nothing else.` });
    }
    if (url.protocol !== 'https:' || url.port !== '' || !bare || !manifest.hosts.some((pattern) => matchesHost(pattern, url.hostname))) {
      throw new Problem('host.refused', { say: `${manifest.name} may not be called at ${url.host}: it is not one of its hosts (${manifest.hosts.join(', ')}) over https.` });
    }
    return url;
  };
}

function parse(address: string): URL {
  try {
    return new URL(address);
  } catch (error) {
    throw new Problem('host.refused', { say: 'That is not an address.', cause: error });
  }
}

/** `*.` in front of a pattern stands for every name below it. */
export function matchesHost(pattern: string, host: string): boolean {
  const plain = /^[a-z0-9.-]+$/.test(host);
  return plain && (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern);
}
