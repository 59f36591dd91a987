import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/**
 * Where a request comes from: the peer of its connection, or, behind `proxies` proxies of our own, what the outermost of them wrote down. What stands further left
 * in the header is the visitor's own word and is not believed. Null where nobody says.
 */
export function addressOf(c: Context, proxies: number): string | null {
  const { incoming } = c.env as HttpBindings;
  const peer = plain(incoming.socket.remoteAddress ?? null);
  if (proxies === 0) return peer;
  const told = (c.req.header('x-forwarded-for') ?? '').split(',').map((part) => part.trim());
  return plain(told.at(-proxies) ?? '') ?? peer;
}

const LONGEST = 45;

function plain(address: string | null): string | null {
  const text = (address ?? '').replace(/^::ffff:/i, '');
  return /^[0-9a-fA-F.:]+$/.test(text) && text.length <= LONGEST ? text : null;
}

/** Whom a limit counts: an IPv4 address, or the network of 64 bits that a household has in IPv6. */
export function countedAs(address: string | null): string {
  if (address === null) return 'unknown';
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
