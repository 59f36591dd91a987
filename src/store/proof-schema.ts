import type { TenantId } from '#core/ids';
import type { Sealed, Time } from '#store/columns';
import type { LedgerName } from '#store/ledger-schema';

/** A key of this server that signs heads. One is in use; the others verify what they once signed. */
export interface SigningKeysTable {
  /** SHA-256 of the public key in DER, hexadecimal. */
  id: string;
  /** PEM. */
  public_key: string;
  private_key: Sealed;
  made_at: Time;
  retired_at: Time | null;
}
/** A head of a ledger as it was signed; a place may be signed again with a later key. */
export interface SignedHeadsTable {
  tenant: TenantId;
  ledger: LedgerName;
  seq: number;
  hash: string;
  at: Time;
  key: string;
  /** The very text that was signed, line feed included. */
  line: string;
  /** Ed25519, base64. */
  signature: string;
}
/** What a time-stamping authority answered about a signed head: a whole RFC 3161 response in base64. */
export interface HeadTimestampsTable {
  tenant: TenantId;
  ledger: LedgerName;
  seq: number;
  key: string;
  token: string;
  /** When the authority says that it saw the head. */
  at: Time;
  url: string;
}
