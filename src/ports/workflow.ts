import type { SendOutcome } from '#core/effect';
import type { EnvelopeId } from '#core/ids';
import type { Secret } from '#lib/secret';
import type { Call } from '#ports/call';
import type { RawDelivery, Verdict } from '#ports/inbound';

/** A workflow's step that asks for a send and waits for what becomes of it. */
export interface WorkflowAction {
  /** The vendor's id of the account. */
  account: string;
  /** The vendor's id of the wait: asked again with the same one, it is the same request. */
  callback: string;
  deal: string;
  rule: string | null;
  template: string | null;
  /** Which workflow it is, for the audit; names no person. */
  by: string;
}
/** What became of the send, for the workflow that waits. */
export interface Completion {
  callback: string;
  outcome: SendOutcome;
  envelope: EnvelopeId | null;
  /** In words that name no person. */
  reason: string;
}

/** The side of a connector whose workflows may have a step of ours. */
export interface Workflow {
  /** How long the vendor is asked to wait, milliseconds. */
  waitMs: number;
  /** Compares in constant time, against each live secret of the app. */
  verify(delivery: RawDelivery, secrets: readonly Secret[], now: number): Verdict;
  /** What is asked for; nothing of it is believed before `verify`. @throws Problem `request.malformed` */
  read(delivery: RawDelivery): WorkflowAction;
  /** The answer, of status 200, that makes the workflow wait. */
  waiting(): Record<string, unknown>;
  /** Lets the workflow go on. False where it waits no longer: that is no failure. */
  complete(call: Call, completion: Completion): Promise<boolean>;
}
