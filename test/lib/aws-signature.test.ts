import { expect, it } from 'vitest';
import { signAws } from '#lib/aws-signature';

/** The names and signatures are those of the test suite that AWS publishes for Signature Version 4. */
const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SCOPE = { region: 'us-east-1', service: 'service', now: Date.UTC(2015, 7, 30, 12, 36) };
const URL_ENCODED = { 'content-type': 'application/x-www-form-urlencoded' };

it.each([
  ['get-vanilla', 'GET', '/', {}, '', 'host;x-amz-date', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '/', {}, '', 'host;x-amz-date', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ['get-vanilla-query-order-key-case', 'GET', '/?Param2=value2&Param1=value1', {}, '', 'host;x-amz-date', 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  [
    'get-header-key-duplicate',
    'GET',
    '/',
    { 'my-header1': 'value2,value2,value1' },
    '',
    'host;my-header1;x-amz-date',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  ['post-x-www-form-urlencoded', 'POST', '/', URL_ENCODED, 'Param1=value1', 'content-type;host;x-amz-date', 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a'],
])('a request is signed as in %s', (_name, method, path, headers, body, names, signature) => {
  const url = new URL(path, 'https://example.amazonaws.com');
  const signed = signAws({ method, url, headers, body }, KEYS, SCOPE);
  expect(signed['authorization']).toBe(`AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`);
});

it('the token of temporary keys is signed too', () => {
  const request = { method: 'POST', url: new URL('https://example.amazonaws.com/'), headers: {}, body: '' };
  const signed = signAws(request, { ...KEYS, session: 'a-session' }, SCOPE);
  expect(signed['x-amz-security-token']).toBe('a-session');
  expect(signed['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
});
