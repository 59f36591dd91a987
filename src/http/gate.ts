import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { createRate } from '#lib/rate';
import { Problem } from '#core/problem';
import { addressOf, countedAs } from './capture/address.ts';

const MINUTE_MS = 60_000;
/** Addresses and accounts that are counted at a time, for each limit. */
const KEYS = 20_000;

/** Of a path, so much tells one place from another. Whole ones would let a stranger fill 20,000 keys with 16 KB each. */
const LONGEST_PLACE = 120;

/** What a stranger may do in a minute, by address; each process counts for itself. The API and capture pages have limits of their own beside what they limit. */
const BY_ADDRESS = {
  /** Beginning or ending a sign-in at a vendor: each beginning is a row in the database. */
  oauth: 60,
  /** Opening one-time links. Nobody guesses 256 bits; this keeps the trying cheap. */
  enter: 60,
  /** Requests to one address of ours with a wrong signature, or to a webhook address that does not exist. */
  refused: 300,
};
/** What one account may do in a minute. */
const BY_ACCOUNT = {
  /** Cards that its people open and buttons that they press: each reads the CRM. */
  cards: 1200,
};

export interface GateOptions {
  clock: Clock;
  /** How many proxies of our own stand in front. */
  proxies: number;
  /** In the sandbox one machine plays everybody, so the limits are this many times as high. */
  times: number;
}

/** Limits on what comes in. What is over one is answered 429 with `Retry-After`, before anything is read or stored. */
export interface Gate {
  /** Counts every request of an address. @throws Problem `request.too-many` */
  limit(what: 'oauth' | 'enter'): MiddlewareHandler;
  /**
   * Runs `work` unless too much that this address sent to the same place was refused lately, and counts where it is refused. By place too: vendors send for all their
   * customers from the same few addresses, and one customer's wrong key must not keep the others out. @throws Problem `request.too-many`
   */
  refusals<T>(c: Context, work: () => Promise<T>): Promise<T>;
  /** Counts what an account does. @throws Problem `request.too-many` */
  account(what: keyof typeof BY_ACCOUNT, account: string): void;
}

export function createGate({ clock, proxies, times }: GateOptions): Gate {
  const rate = (most: number) => createRate({ most: most * times, windowMs: MINUTE_MS, keys: KEYS });
  const limits = { oauth: rate(BY_ADDRESS.oauth), enter: rate(BY_ADDRESS.enter) };
  const refused = rate(BY_ADDRESS.refused);
  const accounts = { cards: rate(BY_ACCOUNT.cards) };
  const sender = (c: Context) => countedAs(addressOf(c, proxies));

  function refuse(wait: number): void {
    if (wait > 0) throw new Problem('request.too-many', { retryAfterMs: wait });
  }

  return {
    limit: (what) => async (c, next) => {
      refuse(limits[what].take(sender(c), clock.now()));
      await next();
    },
    async refusals(c, work) {
      const key = `${sender(c)}|${c.req.path.slice(0, LONGEST_PLACE)}`;
      refuse(refused.wait(key, clock.now()));
      try {
        return await work();
      } catch (error) {
        if (error instanceof Problem && REFUSED.has(error.code)) refused.take(key, clock.now());
        throw error;
      }
    },
    account: (what, account) => refuse(accounts[what].take(account, clock.now())),
  };
}

const REFUSED = new Set<Problem['code']>(['signature.invalid', 'request.not-found', 'request.too-large', 'request.malformed']);

/** The pause that a 429 or 503 asks for, in whole seconds. */
export function setRetryAfter(c: Context, problem: Problem): void {
  if (problem.retryAfterMs !== undefined) c.header('retry-after', String(Math.max(1, Math.ceil(problem.retryAfterMs / 1000))));
}
