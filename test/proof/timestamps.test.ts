import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTimestamps } from '#shared/timestamps';
import { readTimestamp, timestampQuery } from '#core/proof-timestamp';
import type { Flow } from '#flow/flow';
import { proofOf } from '#flow/proof/bundle';
import { signHead, signMovedHeads } from '#flow/proof/signing';
import { createStamping } from '#flow/proof/stamping';
import { listAlarms } from '#store/alarms';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { fewPrograms, openProofStage, unpack, verify, type Stage } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-tsa-'));
const at = (name: string) => join(folder, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
const CONFIG = `[tsa]
serial = ${at('serial')}
signer_cert = ${at('tsa.crt')}
signer_key = ${at('tsa.key')}
certs = ${at('ca.crt')}
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
accuracy = secs:1
`;

/** An authority of our own: a root, and a certificate for time stamping alone. */
function foundAuthority(): void {
  const version = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (version.status !== 0) throw new Error('These tests need the program openssl, and it is not on this machine.');
  writeFileSync(at('tsa.cnf'), CONFIG);
  writeFileSync(at('serial'), '01\n');
  writeFileSync(at('ext.cnf'), 'extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n');
  for (const name of ['ca', 'other'])
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`), '-subj', `/CN=Example ${name}`, '-days', '30');
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('tsa.key'), '-out', at('tsa.csr'), '-subj', '/CN=Example time stamps');
  openssl('x509', '-req', '-in', at('tsa.csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('ext.cnf'), '-days', '30', '-out', at('tsa.crt'));
}

function reply(query: Buffer): Buffer {
  writeFileSync(at('query.tsq'), query);
  openssl('ts', '-reply', '-config', at('tsa.cnf'), '-section', 'tsa', '-queryfile', at('query.tsq'), '-out', at('reply.tsr'));
  return readFileSync(at('reply.tsr'));
}

let server: Server;
let url: string;
let asked: Buffer[];
/** What the responder does with a question. */
let answers: (query: Buffer) => { status: number; body: Buffer };
let database: TestDatabase;
let stage: Stage;
let flow: Flow;
let few: ReturnType<typeof fewPrograms>;

beforeAll(async () => {
  foundAuthority();
  few = fewPrograms();
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const query = Buffer.concat(parts);
      asked.push(query);
      const { status, body } = request.headers['content-type'] === 'application/timestamp-query' ? answers(query) : { status: 415, body: Buffer.alloc(0) };
      response.writeHead(status, { 'content-type': 'application/timestamp-reply' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`;
}, 60_000);
beforeEach(async () => {
  asked = [];
  answers = (query) => ({ status: 200, body: reply(query) });
  database = await openTestDatabase('SQLite');
  stage = await openProofStage(database.db);
  flow = { ...stage.flow, timestamps: createTimestamps(url, readFileSync(at('ca.crt'), 'utf8'), new AbortController().signal) };
  await stage.act(await stage.person());
  return () => database.close();
});
afterAll(() => {
  server.close();
  few.remove();
  rmSync(folder, { recursive: true, force: true });
});

const stamps = () => database.db.selectFrom('head_timestamps').selectAll().execute();
const alarms = async () => (await listAlarms(database.db)).map(({ code, count }) => [code, count]);

describe('a signed head', () => {
  it('is stamped by a real responder, once, and the bundle proves it', async () => {
    await signMovedHeads(flow);
    const stamping = createStamping(flow);
    await stamping.turn();
    await stamping.turn();
    expect(asked).toHaveLength(1);
    const [stamp] = await stamps();
    expect(Math.abs((stamp?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    const bundle = unpack(await proofOf(flow, stage.tenant, await stage.person()));
    openssl('ts', '-verify', '-data', join(bundle.folder, 'head.txt'), '-in', join(bundle.folder, 'head.tsr'), '-CAfile', at('ca.crt'));
    const own = verify(bundle.folder, few.path);
    expect([own.code, own.said]).toEqual([0, expect.stringMatching(/Proven: the head existed at .*, by the word of the time-stamping authority/)]);
    expect(verify(bundle.folder, few.path, ['--tsa', at('ca.crt')]).code).toBe(0);
    const wrong = verify(bundle.folder, few.path, ['--tsa', at('other.crt')]);
    expect([wrong.code, wrong.said]).toEqual([1, expect.stringContaining('does not belong to this head or not to this authority')]);
    bundle.remove();
  });

  it('is stamped for a bundle at once; where the authority fails, the bundle says that there is no stamp', async () => {
    answers = () => ({ status: 503, body: Buffer.alloc(0) });
    const without = unpack(await proofOf(flow, stage.tenant, await stage.person()));
    expect(verify(without.folder, few.path)).toMatchObject({ code: 0, said: expect.stringContaining('no time stamp that was checked') as string });
    without.remove();
    answers = (query) => ({ status: 200, body: reply(query) });
    const stamped = unpack(await proofOf({ ...flow, timestamps: createTimestamps(url, null, new AbortController().signal) }, stage.tenant, await stage.person()));
    expect(verify(stamped.folder, few.path)).toMatchObject({ code: 0, said: expect.stringContaining("give the authority's certificates with --tsa") as string });
    stamped.remove();
  });

  it('is not asked about while no authority is configured', async () => {
    await signHead(stage.flow, stage.tenant, 'consents');
    await createStamping(stage.flow).turn();
    expect([asked.length, await stamps()]).toEqual([0, []]);
  });
});

describe('an answer that is none', () => {
  const wrong: [string, (query: Buffer) => { status: number; body: Buffer }][] = [
    ['to another question', () => ({ status: 200, body: reply(timestampQuery(Buffer.alloc(32, 1), Buffer.alloc(8, 1))) })],
    ['to the same digest, asked by somebody else', (query) => ({ status: 200, body: reply(timestampQuery(query.subarray(24, 56), Buffer.alloc(8, 1))) })],
    ['because it is refused', () => ({ status: 200, body: reply(Buffer.from('300d02010130050603550403040101', 'hex')) })],
    ['because it is no DER', () => ({ status: 200, body: Buffer.from('<html>Welcome</html>') })],
    ['because it is empty', () => ({ status: 200, body: Buffer.alloc(0) })],
    ['because it is too large', () => ({ status: 200, body: Buffer.alloc(300_000, 48) })],
  ];
  it.each(wrong)('%s is not kept; it is said, and tried again with pauses', async (_what, answer) => {
    await signMovedHeads(flow);
    const stamping = createStamping(flow);
    answers = answer;
    await stamping.turn();
    await stamping.turn();
    expect([asked.length, await stamps(), await alarms()]).toEqual([1, [], [['timestamp-failing', 1]]]);
    stage.clock.advance(60_000);
    await stamping.turn();
    stage.clock.advance(60_000);
    await stamping.turn();
    expect([asked.length, await alarms()]).toEqual([2, [['timestamp-failing', 2]]]);
    answers = (query) => ({ status: 200, body: reply(query) });
    stage.clock.advance(60_000);
    await stamping.turn();
    expect([(await stamps()).length, await alarms()]).toEqual([1, []]);
  });

  it('is refused in words wherever it was cut or changed, and never taken for a stamp of something else', () => {
    const [digest, nonce] = [Buffer.alloc(32, 7), Buffer.from('80ff00aa11223344', 'hex')];
    const good = reply(timestampQuery(digest, nonce));
    expect(Math.abs(readTimestamp(good, digest, nonce) - Date.now())).toBeLessThan(60_000);
    expect(() => readTimestamp(good, Buffer.alloc(32, 8), nonce)).toThrow(/about something else/);
    expect(() => readTimestamp(good, digest, Buffer.alloc(8, 8))).toThrow(/answers another question/);
    const refused = (answer: Buffer) => {
      expect(() => readTimestamp(answer, digest, nonce)).toThrow(/^(It|A|The|What) [a-z ]+\.$/);
    };
    fc.assert(fc.property(fc.nat(good.length - 1), (length) => refused(good.subarray(0, length))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => refused(Buffer.from(bytes))));
  });

  it('is asked for in DER that openssl reads, whatever the nonce', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (nonce) => {
        writeFileSync(at('any.tsq'), timestampQuery(Buffer.alloc(32, 5), Buffer.from(nonce)));
        expect(openssl('ts', '-query', '-in', at('any.tsq'), '-text').toString()).toMatch(/Hash Algorithm: sha256[^]*Nonce: 0x|Nonce: 0/);
      }),
      { numRuns: 10, examples: [[new Uint8Array(8)], [new Uint8Array(8).fill(255)], [Uint8Array.from([0, 0, 128, 0, 0, 0, 0, 1])]] },
    );
  });
});
