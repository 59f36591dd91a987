import { Problem } from '#core/problem';

/** Statuses of gRPC, by their numbers on the wire. */
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

/** Allocations are counted over a rolling day, so there is no use in asking again soon; what comes meanwhile is kept for 72 hours. */
const LIMIT_PAUSE_MS = 60 * 60 * 1000;
const REFUSED_PAUSE_MS = 15 * 60 * 1000;
/** A code of the vendor's own. Whatever else stands in that trailer, were it a token, is not repeated. */
const OWN_CODE = /^sfdc(\.[a-z]{1,40}){1,12}$/;

/** A call that ended otherwise than well. Only the number and the vendor's own code are kept: what else a server says may hold what it was sent. */
export class PubSubRefusal extends Error {
  readonly errorCode: string;
  constructor(
    /** Of gRPC. */
    readonly status: number,
    trailer: string,
  ) {
    const errorCode = OWN_CODE.test(trailer) ? trailer : '';
    super(`The Pub/Sub API ended the call: status ${status}${errorCode && `, ${errorCode}`}.`);
    this.errorCode = errorCode;
  }
}

export const isUnauthorized = (thrown: unknown): boolean => thrown instanceof PubSubRefusal && (thrown.status === UNAUTHENTICATED || thrown.errorCode.includes('.service.auth.'));
/** The replay id is older than the 72 hours that events are kept, from before the org moved, or none at all: the codes do not tell which. */
export const isLostPlace = (thrown: unknown): boolean => thrown instanceof PubSubRefusal && thrown.errorCode.includes('.replayid.');
/** What was asked for is not there, or not for this user. */
export const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof PubSubRefusal && (thrown.status === NOT_FOUND || thrown.status === PERMISSION_DENIED || thrown.errorCode.includes('.topic.'));

/** What happens next with a refusal; anything else is given back as it is. */
export function pubSubProblem(thrown: unknown): unknown {
  if (!(thrown instanceof PubSubRefusal)) return thrown;
  const detail = { cause: thrown, facts: { status: thrown.status, code: thrown.errorCode } };
  if (isUnauthorized(thrown)) return refusedTwice(thrown);
  if (isAbsent(thrown)) return noTopic();
  if (thrown.errorCode.endsWith('.limit.exceeded') || thrown.status === RESOURCE_EXHAUSTED) {
    const say = 'The org has used up the change events that Salesforce delivers in a day, or its clients. Changes of stage are heard by polling until it is tried again.';
    return new Problem('vendor.rate-limited', { ...detail, say, retryAfterMs: LIMIT_PAUSE_MS });
  }
  return new Problem('vendor.unavailable', detail);
}

/**
 * A token that was had a moment ago is refused here. That does not say that the org has withdrawn its permission: whoever renews a token, or calls the REST API,
 * learns of that and says so. Asked seldom, for each time costs the org a renewal.
 */
function refusedTwice(cause: PubSubRefusal): Problem {
  const say = 'Salesforce refuses its change events to the connected user, though the permission was just renewed. Changes of stage are heard by polling until it is tried again.';
  return new Problem('vendor.unavailable', { say, cause, retryAfterMs: REFUSED_PAUSE_MS, facts: { status: cause.status, code: cause.errorCode } });
}

export function noTopic(): Problem {
  const say =
    'The org sends no change events for opportunities. Install the package, or select Opportunity in Setup > Change Data Capture, and let the connected user view all opportunities. Until then changes of stage are heard by polling.';
  return new Problem('feature.unsupported', { say });
}
