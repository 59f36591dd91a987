/** What happens next with a failed piece of work. */
export type Remedy =
  /** It runs again by itself, after `retryAfterMs` where the vendor named a time. */
  | 'retry'
  /** The install needs a person to authorise it again; its effects are held meanwhile. */
  | 'reauthorize'
  /** It cannot work as it is; the tenant is shown why and can fix and replay it. */
  | 'reject'
  /** The vendor or the account has no such thing. */
  | 'unsupported'
  /** Our fault: it is parked with its cause. */
  | 'bug';

/** Every code that a person or a client may meet; `docs/errors.md` is made from this table. */
export const PROBLEMS = {
  'vendor.unreachable': ['retry', 'The vendor did not answer. It is tried again by itself.'],
  'vendor.lost-reply': ['retry', 'The answer got lost on the way, so the call may have worked. The outcome is looked up before anything is repeated.'],
  'vendor.rate-limited': ['retry', 'The vendor asked for a pause. It is tried again after it.'],
  'vendor.unavailable': ['retry', 'The vendor has a fault of its own. It is tried again by itself.'],
  'vendor.locked': ['retry', 'The record is locked by another change. It is tried again shortly.'],
  'vendor.rejected': ['reject', 'The vendor refused the request. Read its message, correct the record or the mapping, then replay.'],
  'vendor.not-found': ['reject', 'The record does not exist (any more) in the account.'],
  'vendor.odd-answer': ['bug', 'The vendor answered in a form that is not understood. Replay it; if it stays, report it.'],
  'install.unauthorized': ['reauthorize', 'The account has withdrawn or lost its permission. Connect it again; what waits for it goes on then.'],
  'install.missing-scope': ['reauthorize', 'The permission granted does not cover this. Connect the account again and grant the listed scopes.'],
  'install.absent': ['reject', 'No account of that kind is connected. Connect one, then replay.'],
  'install.not-live': ['reject', 'This is a test or cloned account, which never sends to live people. Allow it on the install page if that is what you want.'],
  'host.refused': ['reject', 'That host is not one of the vendor. Check the configured address.'],
  'endpoint.refused': ['reject', 'Messages may not be sent to that address. It has to be https and reachable from the internet.'],
  'endpoint.unreachable': ['retry', 'The endpoint did not answer. The message is sent again by itself.'],
  'mapping.faulty': ['reject', 'The mapping has faults. Correct them all, then save again.'],
  'mapping.failed': ['reject', 'An expression of the mapping failed on this record. Correct the mapping or the record, then replay.'],
  'send.blocked': ['reject', 'The envelope was not sent. The reasons are on the deal.'],
  'send.ambiguous': ['reject', 'It is not certain whether the provider made the envelope. Look at the account, then replay or discard.'],
  'send.stopped': ['retry', 'Sending is stopped. It goes on once somebody resumes it.'],
  'journey.ambiguous': ['reject', 'It is not certain whether the journey took the event, and a second one could begin it twice. Look there, then replay or discard.'],
  'vendor.quota': ['retry', "The account's calls of the day that Countersign may use are used up. It goes on by itself as the day moves on; what people press still goes through."],
  'limits.unreachable': ['retry', 'Calls cannot be counted at the moment, so none is made. It goes on by itself within seconds of the count being back.'],
  'envelope.final': ['reject', 'The envelope is already in a final state.'],
  'request.malformed': ['reject', 'The request is not of the expected form.'],
  'request.forbidden': ['reject', 'You may not do that.'],
  'request.not-found': ['reject', 'There is nothing at this address.'],
  'request.too-large': ['reject', 'The body is larger than the limit.'],
  'request.too-many': ['retry', 'There were too many requests in a short time. Wait as long as the answer says, then try again.'],
  'link.expired': ['reject', 'This link has been used or has expired. Ask for a new one.'],
  'oauth.state': ['reject', 'This sign-in was not started here, has expired or was already used. Start again from the console.'],
  'oauth.denied': ['reject', 'The permission was not granted. Nothing was changed.'],
  'signature.invalid': ['reject', 'The signature does not match.'],
  'delivery.malformed': ['reject', 'The body is signed but not of the expected form. It is kept as a dead letter.'],
  'store.busy': ['retry', 'The database is busy or full. Nothing was accepted; send it again.'],
  'store.in-use': ['reject', 'The database is open in another process. Stop every server that uses it, then try again.'],
  'move.refused': ['reject', 'The move cannot begin or go on like this. Nothing was lost; the message says what to change.'],
  'move.differs': ['reject', 'What was copied is not what stands in the source. Start again with an empty target.'],
  'backup.refused': ['reject', 'The backup cannot be made or restored like this. Nothing was changed; the message says what to do.'],
  'backup.broken': ['reject', 'The file does not hold what a backup has to hold. Use another one.'],
  'restore.doubtful': ['reject', 'It may have been done already, after the backup that was restored. Look there, then replay or discard.'],
  'feature.unsupported': ['unsupported', 'The account or the vendor does not offer this.'],
  'internal.bug': ['bug', 'Something went wrong on our side. It is kept with its cause and can be replayed.'],
} as const satisfies Record<string, readonly [Remedy, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDetail {
  /** A sentence for the tenant; the code's own by default. Names no person and holds no secret. */
  say?: string;
  /** How long the vendor asked us to wait, in milliseconds. */
  retryAfterMs?: number;
  /** Private: for the log alone. */
  cause?: unknown;
  /** Facts for the tenant, such as the vendor's own code and message. */
  facts?: Record<string, string | number | boolean>;
}

/** What a code means, for people; a code that this version does not know stays as it is. */
export const sayCode = (code: string): string => (Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode][1] : `${code}.`);

/** The one error that crosses a border. `code` is stable, `message` is public, `cause` is private. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly remedy: Remedy;
  readonly retryAfterMs: number | undefined;
  readonly facts: Record<string, string | number | boolean>;

  constructor(code: ProblemCode, detail: ProblemDetail = {}) {
    const [remedy, sentence] = PROBLEMS[code];
    super(detail.say ?? sentence, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'Problem';
    this.code = code;
    this.remedy = remedy;
    this.retryAfterMs = detail.retryAfterMs;
    this.facts = detail.facts ?? {};
  }

  /** Any thrown thing as a Problem; what is not one yet is a bug of ours. */
  static from(thrown: unknown): Problem {
    return thrown instanceof Problem ? thrown : new Problem('internal.bug', { cause: thrown });
  }
}
