import type { TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import * as heads from '#store/heads';
import * as view from '#store/view';
import { NOW } from './fixtures.ts';

const HEAD = { ledger: 'consents', seq: 1, hash: 'hash-of-a', at: NOW, key: 'key', line: 'line-of-a', signature: 'sig-of-a' } as const;
const OF_B = { ...HEAD, hash: 'b', line: 'b', signature: 'b' };
const STAMP = { ledger: 'consents', seq: 1, key: 'key', token: 'token-of-a', at: NOW, url: 'https://tsa.example.com' } as const;

/** A head that was signed and stamped. */
export async function furnishHead(db: Db, tenant: TenantId): Promise<void> {
  await heads.putSignedHead(db, tenant, HEAD);
  await heads.putTimestamp(db, tenant, STAMP);
}

const ask = { limit: 10 };

/** How each function of proofs is asked by another tenant for what is A's. */
export const PROOF_CASES: Record<string, (db: Tx, b: TenantId, a: { person: `per_${string}` }) => Promise<unknown>> = {
  'heads.findHead': (db, b) => heads.findHead(db, b, 'consents'),
  'heads.putSignedHead': (db, b) => heads.putSignedHead(db, b, OF_B),
  'heads.findSignedHead': (db, b) => heads.findSignedHead(db, b, 'consents', 1, 'key'),
  'heads.listSignedHeads': (db, b) => heads.listSignedHeads(db, b, 'consents', 10),
  'heads.putTimestamp': (db, b) => heads.putTimestamp(db, b, { ...STAMP, token: 'b' }),
  'heads.findTimestamp': (db, b) => heads.findTimestamp(db, b, STAMP),
  'heads.consentChain': (db, b) => heads.consentChain(db, b, 1, 10),
  'view.listConsentActs': (db, b, a) => view.listConsentActs(db, b, { person: a.person }, ask),
  'view.listTellings': (db, b) => view.listTellings(db, b, ['cns_of_a']),
};
