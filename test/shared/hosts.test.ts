import { describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { createHostCheck } from '#shared/hosts';
import { manifest } from './server.ts';

const SANDBOX = 'http://127.0.0.1:8080';
const live = createHostCheck(null);
const sandbox = createHostCheck(() => SANDBOX);
const ask = (address: string, check = live) => {
  try {
    return check(manifest(), address).href;
  } catch (error) {
    return Problem.from(error).code;
  }
};

it.each(['https://api.vendor.com/crm/v3?limit=1', 'https://api.vendor.com:443/', 'https://API.Vendor.com/', 'https://acme.my.vendor.com/services', 'https://a.b.my.vendor.com/'])(
  '%s is called',
  (address) => expect(ask(address)).toBe(new URL(address).href),
);

it.each([
  ['another host', 'https://vendor.com/'],
  ['a host below a fixed one', 'https://x.api.vendor.com/'],
  ['a host that looks alike in front', 'https://evilapi.vendor.com/'],
  ['a host that looks alike behind', 'https://api.vendor.com.evil.com/'],
  ['a look-alike of a suffix', 'https://evilmy.vendor.com/'],
  ['the suffix itself', 'https://my.vendor.com/'],
  ['a suffix with nothing in front', 'https://.my.vendor.com/'],
  ['a host with a dot at its end', 'https://api.vendor.com./'],
  ['letters of another script', 'https://api.vendоr.com/'],
  ['plain http', 'http://api.vendor.com/'],
  ['another protocol', 'ftp://api.vendor.com/'],
  ['a file', 'file:///etc/passwd'],
  ['data', 'data:text/plain,x'],
  ['another port', 'https://api.vendor.com:8443/'],
  ['http at the port of https', 'http://api.vendor.com:443/'],
  ['a user in front', 'https://api.vendor.com@evil.com/'],
  ['a user of the host itself', 'https://user@api.vendor.com/'],
  ['a password without a user', 'https://:hush@api.vendor.com/'],
  ['a user at the sandbox', 'http://user:hush@127.0.0.1:8080/'],
  ['a backslash for a slash', 'https://evil.com\\@api.vendor.com/'],
  ['this machine', 'https://localhost/'],
  ['this machine by number', 'https://127.0.0.1/'],
  ['this machine by one number', 'https://2130706433/'],
  ['this machine by IPv6', 'https://[::1]/'],
  ["the cloud's metadata", 'http://169.254.169.254/latest/meta-data'],
  ['a private network', 'https://10.0.0.1/'],
  ['the sandbox at another port', 'http://127.0.0.1:8081/'],
  ['the sandbox by another name', 'http://localhost:8080/'],
  ['no address', 'api.vendor.com'],
  ['nothing', ''],
])('%s is refused', (_what, address) => {
  expect(ask(address)).toBe('host.refused');
  expect(ask(address, sandbox)).toBe('host.refused');
});

it('a path of a connector cannot lead elsewhere', () => {
  for (const path of ['@evil.com/', '.evil.com/', ':8443/', '\\@evil.com']) expect(ask(`https://api.vendor.com${path}`)).not.toMatch(/^https:\/\/(?!api\.vendor\.com\/)/);
  expect(ask('https://api.vendor.com//evil.com/')).toBe('https://api.vendor.com//evil.com/');
});

describe('a sandbox', () => {
  it('calls itself, at the address of this moment', () => {
    let own = 'http://127.0.0.1:1';
    const check = createHostCheck(() => own);
    expect(ask(`${SANDBOX}/sandbox/vendor`, check)).toBe('host.refused');
    own = SANDBOX;
    expect(ask(`${SANDBOX}/sandbox/vendor`, check)).toBe(`${SANDBOX}/sandbox/vendor`);
  });
  it.each(['https://api.vendor.com/', 'https://acme.my.vendor.com/'])('never calls the vendor itself (%s)', (address) => expect(ask(address, sandbox)).toBe('host.refused'));
  it('is never called by a live server', () => expect(ask(`${SANDBOX}/sandbox/vendor`)).toBe('host.refused'));
});

it('says which hosts there are, and nothing of what was in the address', () => {
  expect(() => live(manifest(), 'https://user:hush@evil.com/?token=hush')).toThrow(
    /^A Vendor may not be called at evil\.com: it is not one of its hosts \(api\.vendor\.com, \*\.my\.vendor\.com\) over https\.$/,
  );
});
