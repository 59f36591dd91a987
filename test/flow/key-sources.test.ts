import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { signAws } from '#lib/aws-signature';
import { Secret } from '#lib/secret';
import { keySource, readKeys, type SourceVariables } from '#src/key-sources';

const KEY = Buffer.alloc(32, 5);
const OLD = Buffer.alloc(32, 6);
const NOW = Date.UTC(2026, 0, 1);
const AWS = { id: 'AKIDEXAMPLE', secret: 'an-aws-secret', session: 'a-session' };
const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Asked {
  path: string;
  method: string;
  headers: IncomingMessage['headers'];
  body: string;
}
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** A peer over real HTTP that answers as the vendor's reference says, and keeps what it was asked. */
async function peer(answer: (asked: Asked) => { status: number; body: unknown; location?: string }): Promise<{ address: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { path: request.url ?? '', method: request.method ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      const { status, body, location } = answer(one);
      response.writeHead(status, { 'content-type': 'application/json', ...(location ? { location } : {}) }).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const read = (text: string, variables: SourceVariables = {}, environment: NodeJS.ProcessEnv = {}) => readKeys(keySource(text, 'COUNTERSIGN_KEY', variables, environment), NOW);
/** A KV v2 secret, in the form of Vault's own answer. */
const secret = (data: Record<string, string>) => ({
  request_id: 'r',
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: { data, metadata: { created_time: '2026-01-01T00:00:00Z', custom_metadata: null, deletion_time: '', destroyed: false, version: 1 } },
});

describe('a root key', () => {
  it('is read as it stands, from another variable, or from a file with the current one first', async () => {
    expect(await read(KEY.toString('base64'))).toEqual([KEY]);
    expect(await read('env:ELSEWHERE', {}, { ELSEWHERE: KEY.toString('base64') })).toEqual([KEY]);
    const path = join(folder, 'root.key');
    writeFileSync(path, `${KEY.toString('base64')}\n${OLD.toString('base64')}\n`);
    expect(await read(`file:${path}`)).toEqual([KEY, OLD]);
  });

  it('is read from Vault: one GET of a KV v2 secret, with the token and the namespace', async () => {
    const { address, asked } = await peer(() => ({ status: 200, body: secret({ root: KEY.toString('base64') }) }));
    expect(await read('vault:secret/countersign/live#root', { VAULT_ADDR: address, VAULT_TOKEN: new Secret('hvs.token'), VAULT_NAMESPACE: 'team' })).toEqual([KEY]);
    expect(asked).toMatchObject([{ method: 'GET', path: '/v1/secret/data/countersign/live', headers: { 'x-vault-token': 'hvs.token', 'x-vault-namespace': 'team' } }]);
  });

  it('is decrypted by KMS: one signed Decrypt', async () => {
    const { address, asked } = await peer(() => ({ status: 200, body: { KeyId: 'arn', Plaintext: KEY.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' } }));
    const variables = { AWS_ACCESS_KEY_ID: AWS.id, AWS_SECRET_ACCESS_KEY: new Secret(AWS.secret), AWS_SESSION_TOKEN: new Secret(AWS.session), AWS_ENDPOINT_URL_KMS: address };
    expect(await read('kms:eu-central-1:AQIDAHg=', variables)).toEqual([KEY]);
    const [one] = asked;
    expect(one).toMatchObject({ method: 'POST', path: '/', headers: { 'x-amz-target': 'TrentService.Decrypt', 'content-type': 'application/x-amz-json-1.1' } });
    expect(JSON.parse(one?.body ?? '')).toEqual({ CiphertextBlob: 'AQIDAHg=' });
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.Decrypt' };
    const expected = signAws({ method: 'POST', url: new URL(address), headers, body: one?.body ?? '' }, AWS, { region: 'eu-central-1', service: 'kms', now: NOW });
    expect(one?.headers.authorization).toBe(expected['authorization']);
  });

  it('may have been encrypted as text', async () => {
    const { address } = await peer(() => ({ status: 200, body: { Plaintext: Buffer.from(KEY.toString('base64')).toString('base64') } }));
    expect(await read('kms:eu-central-1:AQID', { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: new Secret('b'), AWS_ENDPOINT_URL_KMS: address })).toEqual([KEY]);
  });

  it.each([
    ['refused', { status: 403, body: { errors: ['permission denied'] } }, '403'],
    ['not there', { status: 404, body: { errors: [] } }, '404'],
    ['without the field', { status: 200, body: secret({ other: KEY.toString('base64') }) }, 'no field key'],
    ['no key', { status: 200, body: secret({ key: 'sesame-open' }) }, '32 bytes'],
    ['no JSON', { status: 200, body: '<html>' }, 'not JSON'],
    ['elsewhere', { status: 302, body: {}, location: 'http://127.0.0.1:9/' }, 'does not answer'],
  ])('that is %s is told in one sentence, which quotes nothing of the answer', async (_what, answer, words) => {
    const { address } = await peer(() => answer);
    const error = await read('vault:secret/countersign', { VAULT_ADDR: address, VAULT_TOKEN: new Secret('hvs.token') }).catch((thrown: unknown) => thrown as Error);
    expect(error).toHaveProperty('name', 'Error');
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).not.toMatch(/sesame|permission denied|hvs/);
  });

  it('of a peer that does not answer stops the start', async () => {
    await expect(read('vault:secret/countersign', { VAULT_ADDR: 'http://127.0.0.1:9', VAULT_TOKEN: new Secret('t') })).rejects.toThrow('does not answer');
  });

  it.each([
    ['vault:secret', {}, 'vault:MOUNT/PATH#FIELD'],
    ['vault:secret/../sys', { VAULT_TOKEN: new Secret('t') }, 'vault:MOUNT/PATH#FIELD'],
    ['vault:secret/countersign', {}, 'VAULT_TOKEN'],
    ['vault:secret/countersign', { VAULT_TOKEN: new Secret('t'), VAULT_ADDR: 'http://vault.example.com' }, 'https://'],
    ['kms:eu-central-1', {}, 'kms:REGION:CIPHERTEXT'],
    ['kms:evil.example.com/:AQID', {}, 'kms:REGION:CIPHERTEXT'],
    ['kms:eu-central-1:AQID', {}, 'AWS_ACCESS_KEY_ID'],
    ['file:/nowhere/at/all', {}, 'cannot be read'],
    ['env:NOT_SET', {}, 'NOT_SET'],
    ['c2hvcnQ=', {}, '32 bytes'],
  ] as [string, SourceVariables, string][])('named %s is refused before anybody is asked', (text, variables, words) => {
    expect(() => keySource(text, 'COUNTERSIGN_KEY', variables, {})).toThrow(words);
  });
});
