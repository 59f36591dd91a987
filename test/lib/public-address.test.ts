import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, isPublicAddress } from '#lib/public-address';

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const inRange = (first: string, bits: number): fc.Arbitrary<string> => {
  const start = first.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return fc.integer({ min: 0, max: 2 ** (32 - bits) - 1 }).map((offset) => dotted((start + offset) >>> 0));
};
/** Named here once more, so that a range that falls out of the product's list is missed. */
const PRIVATE: [string, string, number][] = [
  ['this network', '0.0.0.0', 8],
  ['private 10', '10.0.0.0', 8],
  ['carrier-grade NAT', '100.64.0.0', 10],
  ['loopback', '127.0.0.0', 8],
  ['link-local, with the clouds’ metadata', '169.254.0.0', 16],
  ['private 172', '172.16.0.0', 12],
  ['protocol assignments', '192.0.0.0', 24],
  ['documentation 1', '192.0.2.0', 24],
  ['private 192', '192.168.0.0', 16],
  ['benchmarks', '198.18.0.0', 15],
  ['documentation 2', '198.51.100.0', 24],
  ['documentation 3', '203.0.113.0', 24],
  ['multicast', '224.0.0.0', 4],
  ['reserved and broadcast', '240.0.0.0', 4],
];
const anyPrivate = fc.oneof(...PRIVATE.map(([, first, bits]) => inRange(first, bits)));
const hex = (value: number): string => value.toString(16);
const halves = (address: string): [number, number] => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
};
const group = fc.integer({ min: 0, max: 0xffff });

describe('an address of the internet', () => {
  it.each(PRIVATE)('is none of %s', (_name, first, bits) => {
    fc.assert(fc.property(inRange(first, bits), (address) => void expect(isPublicAddress(address)).toBe(false)));
  });

  it('may be any other IPv4 address', () => {
    const inside = (address: number, [, first, bits]: [string, string, number]) => {
      const start = first.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      return address >= start && address < start + 2 ** (32 - bits);
    };
    const special = ['168.63.129.16', '192.31.196.', '192.52.193.', '192.88.99.', '192.175.48.'];
    const outside = fc
      .integer({ min: 0, max: 2 ** 32 - 1 })
      .filter((value) => !PRIVATE.some((range) => inside(value, range)))
      .map(dotted)
      .filter((address) => !special.some((start) => address.startsWith(start)));
    fc.assert(fc.property(outside, (address) => void expect(isPublicAddress(address)).toBe(true)));
    for (const edge of ['9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '223.255.255.255', '8.8.8.8'])
      expect(isPublicAddress(edge)).toBe(true);
  });

  it('is no IPv6 address that wraps a private IPv4 one: mapped, compatible, NAT64, 6to4, Teredo', () => {
    fc.assert(
      fc.property(anyPrivate, (address) => {
        const [high, low] = halves(address);
        const wrapped = [
          `::ffff:${address}`,
          `::ffff:${hex(high)}:${hex(low)}`,
          `0:0:0:0:0:ffff:${hex(high)}:${hex(low)}`,
          `::${address}`,
          `::ffff:0:${address}`,
          `64:ff9b::${address}`,
          `64:ff9b:1::${address}`,
          `2002:${hex(high)}:${hex(low)}::1`,
          `2001:0:${hex(high)}:${hex(low)}::1`,
        ];
        expect(wrapped.filter(isPublicAddress)).toEqual([]);
      }),
    );
  });

  it('is no loopback, unique-local, link-local, site-local or multicast IPv6 address, and none that is kept for documents', () => {
    const starts = fc.oneof(
      fc.integer({ min: 0xfc00, max: 0xfdff }),
      fc.integer({ min: 0xfe80, max: 0xfeff }),
      fc.integer({ min: 0xff00, max: 0xffff }),
      fc.integer({ min: 0, max: 0x1fff }),
    );
    fc.assert(fc.property(starts, fc.array(group, { minLength: 7, maxLength: 7 }), (start, rest) => void expect(isPublicAddress([start, ...rest].map(hex).join(':'))).toBe(false)));
    for (const address of ['::1', '::', 'fe80::1%eth0', '2001:db8::1', '3fff::1', 'fd00:ec2::254']) expect(isPublicAddress(address)).toBe(false);
  });

  it('may be any other IPv6 address that is handed out', () => {
    const starts = fc.integer({ min: 0x2003, max: 0x2bff }).filter((start) => start !== 0x2620);
    fc.assert(fc.property(starts, fc.array(group, { minLength: 7, maxLength: 7 }), (start, rest) => void expect(isPublicAddress([start, ...rest].map(hex).join(':'))).toBe(true)));
    expect(isPublicAddress('2001:4860:4860::8888')).toBe(true);
  });

  it('is an address at all', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(isPublicAddress(text) && !/^[\d.:a-f]+$/i.test(text)).toBe(false)));
    for (const text of ['', 'example.com', '8.8.8', '0x08080808', '134744072', '[2606:4700::1]', '8.8.8.8 ', '08.8.8.8']) expect(isPublicAddress(text)).toBe(false);
  });
});

it('loopback is this machine alone', () => {
  fc.assert(fc.property(inRange('127.0.0.0', 8), (address) => void expect(isLoopbackAddress(address)).toBe(true)));
  for (const address of ['10.0.0.1', '::ffff:127.0.0.1', '::', '8.8.8.8', 'localhost']) expect(isLoopbackAddress(address)).toBe(false);
});
