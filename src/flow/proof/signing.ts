import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { sha256 } from '#lib/hmac';
import type { TenantId } from '#core/ids';
import { headLine } from '#core/proof';
import { findHead, findSigningKey, headsToSign, offerSigningKey, putSignedHead, retireSigningKey, type SignedHead, type SigningKey } from '#store/heads';
import type { LedgerName } from '#store/ledger-schema';
import { PLACES } from '#store/sealed';
import type { Flow } from '#flow/flow';

/** A head that moves all the time is signed this often, milliseconds. */
const SIGNED_EVERY_MS = 3_600_000;
/** Heads signed in one turn of the upkeep. */
const HEADS_A_TURN = 500;

/** The id of a key: SHA-256 of its public part in DER, as `openssl pkey -pubin -in key.pem -outform DER | sha256sum` prints. */
export const keyIdOf = (publicKey: string): string => sha256(createPublicKey(publicKey).export({ type: 'spki', format: 'der' }));

/** The key that heads are signed with, made on first use. Several processes that begin at once agree on one. */
export async function signingKey(flow: Flow): Promise<SigningKey> {
  const found = await findSigningKey(flow.db);
  if (found) return found;
  await offerSigningKey(flow.db, newKey(flow));
  const key = await findSigningKey(flow.db);
  if (!key) throw new Error('A signing key was offered, and none is in use.');
  return key;
}

/** Puts a fresh key in use. The old one goes on verifying what it signed, and signs no more. Returns the new key. */
export async function rotateSigningKey(flow: Flow): Promise<SigningKey> {
  const old = await signingKey(flow);
  const fresh = newKey(flow);
  await flow.db.transaction().execute(async (tx) => {
    await retireSigningKey(tx, old.id, flow.clock.now());
    await offerSigningKey(tx, fresh);
  });
  return signingKey(flow);
}

function newKey(flow: Flow): Omit<SigningKey, 'retired_at'> {
  const pair = generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const id = keyIdOf(pair.publicKey);
  return { id, public_key: pair.publicKey, private_key: flow.sealer.seal(pair.privateKey, PLACES.signingKey(id)), made_at: flow.clock.now() };
}

/** An Ed25519 signature over the bytes as they are. */
export function signBytes(flow: Flow, key: SigningKey, bytes: Buffer): Buffer {
  return sign(null, bytes, createPrivateKey(flow.sealer.open(key.private_key, PLACES.signingKey(key.id))));
}

/** Signs where a ledger ends now; undefined while it is empty. A place that was signed already keeps its signature. */
export async function signHead(flow: Flow, tenant: TenantId, ledger: LedgerName): Promise<SignedHead | undefined> {
  const head = await findHead(flow.db, tenant, ledger);
  if (!head) return undefined;
  const key = await signingKey(flow);
  const at = flow.clock.now();
  const line = headLine({ tenant, ledger, ...head, at, key: key.id });
  const signature = signBytes(flow, key, Buffer.from(line)).toString('base64');
  return putSignedHead(flow.db, tenant, { ledger, ...head, at, key: key.id, line, signature });
}

/** Signs the heads that moved, each at most once an hour. Returns how many. */
export async function signMovedHeads(flow: Flow): Promise<number> {
  const moved = await headsToSign(flow.db, flow.clock.now() - SIGNED_EVERY_MS, HEADS_A_TURN);
  for (const { tenant, ledger } of moved) await signHead(flow, tenant, ledger);
  return moved.length;
}
