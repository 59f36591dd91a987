/** A time-stamping authority after RFC 3161. */
export interface Timestamps {
  /** Where it is asked; said beside every stamp. */
  url: string;
  /** The certificates that verify its stamps, PEM; null where the operator named none. */
  chain: string | null;
  /** Sends a query in DER and gives the answer's bytes. @throws Problem `vendor.unreachable`, `vendor.odd-answer` */
  ask(query: Buffer): Promise<Buffer>;
}
