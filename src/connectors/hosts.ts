import { Problem } from '#core/problem';
import type { Manifest } from '#ports/manifest';

/** Which addresses a vendor's calls may go to. `origins` are exact extra ones (the sandbox world's); all others must be https and a host that the manifest names. */
export function createHostCheck(origins: () => readonly string[]): (manifest: Manifest, address: string) => URL {
  return (manifest, address) => {
    const url = parse(address);
    const bare = url.username === '' && url.password === '';
    if (bare && origins().includes(url.origin)) return url;
    if (url.protocol !== 'https:' || url.port !== '' || !bare || !manifest.hosts.some((pattern) => matches(pattern, url.hostname))) {
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

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern;
}
