import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** IPv4 ranges that are not for everybody (IANA's special-purpose registry), multicast, and the address at which one cloud's machines find their host. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/**
 * The one range of IPv6 that is handed out to everybody. Asking what is inside it, rather than listing what is not, also refuses every form in which an IPv4
 * address is wrapped outside of it: mapped, translated by NAT64, loopback, link-local, unique-local, multicast and whatever is invented next.
 */
const PUBLIC_IPV6 = '2000::/3';
/** Inside that range: protocol assignments with Teredo, 6to4 (both carry an IPv4 address), AS112 and documentation. */
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'] as const;

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
const specialIPv4 = listOf(NOT_PUBLIC_IPV4, 'ipv4');
const globalIPv6 = listOf([PUBLIC_IPV6], 'ipv6');
const specialIPv6 = listOf(NOT_PUBLIC_IPV6, 'ipv6');

/** Whether an IP address (as text, without brackets) is one that everybody on the internet may be at. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !specialIPv4.check(address, 'ipv4');
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (!isIPv6(address) || address.includes('%')) return false;
  return globalIPv6.check(address, 'ipv6') && !specialIPv6.check(address, 'ipv6');
}

const loopback = listOf(['127.0.0.0/8'], 'ipv4');

/** Whether an address is this very machine's, `127.0.0.1` or `::1`. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIPv4(address) && loopback.check(address, 'ipv4'));
}
