import type { ActStatus, ConsentHow, ConsentTopic, LegalBasis } from '#core/consent';
import type { Call } from '#ports/call';

/** A consent act that a system shall know of. Absolute: telling it twice is telling it once. */
export interface ConsentChange {
  /** The vendor's id of the contact. */
  contact: string;
  /** Null where the person was erased. */
  email: string | null;
  topic: ConsentTopic;
  status: ActStatus;
  basis: LegalBasis;
  how: ConsentHow;
  /** In words, for systems that ask why: which text, in which version, when, where the proof is. */
  explanation: string;
  text: { name: string; version: number; hash: string; title: string } | null;
  locale: string | null;
  jurisdiction: string | null;
  capturedAt: number;
  expiresAt: number | null;
  evidenceUri: string | null;
  /** Our id of the act: finds what an earlier, lost reply already made. */
  key: string;
}
/** What became of telling it. */
export type Told =
  | { outcome: 'told' | 'already'; id: string | null; say: string }
  /** The account has no place for that kind of consent. */
  | { outcome: 'no-place'; say: string }
  /** The person has objected there, and a machine does not overrule that. */
  | { outcome: 'kept-out'; say: string };

/** The side of a connector that keeps what people agreed to. */
export interface Consents {
  /** Reads what stands there first: who opted out is never opted in again by machine. */
  tell(call: Call, change: ConsentChange): Promise<Told>;
}
