import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Account, Auth, Tokens } from '#ports/auth';
import type { Call } from '#ports/call';
import { Unauthorized, type Network, type Place, type Plight } from './network.ts';
import type { Scheduler } from './scheduler.ts';

const TOKEN_MS = 70 * 60_000;

/** An account at a vendor: who may in, and what it is going through. */
export class Grant implements Place {
  plight: Plight | null = null;
  /** How many tokens were given so far; a token is the account's name with its number. */
  given = 1;
  validUntil: number;
  revoked = false;
  readonly name: string;
  /** Whether each refresh uses the refresh token up: then an answer that is lost takes the grant with it. */
  readonly rotates: boolean;
  readonly #now: () => number;

  constructor(name: string, rotates: boolean, now: () => number) {
    this.name = name;
    this.rotates = rotates;
    this.#now = now;
    this.validUntil = now() + TOKEN_MS;
  }
  admits(token: string): boolean {
    return !this.revoked && token === `${this.name}#${this.given}` && this.#now() < this.validUntil;
  }
  give(): { access: string; refresh: string; expiresAt: number } {
    this.given++;
    this.validUntil = this.#now() + TOKEN_MS;
    return { access: `${this.name}#${this.given}`, refresh: this.refreshToken(), expiresAt: this.validUntil };
  }
  refreshToken(): string {
    return this.rotates ? `refresh ${this.name}#${this.given}` : `refresh ${this.name}`;
  }
}

const tokensOf = ({ access, refresh, expiresAt }: ReturnType<Grant['give']>): Tokens => ({
  accessToken: new Secret(access),
  refreshToken: new Secret(refresh),
  expiresAt,
  scopes: ['write'],
});

const unasked = (): never => {
  throw new Error('Nobody asks for that in a story.');
};

/** OAuth without its pages: `mint` is the person who connects an account, and connects it again. */
export function authOf(network: Network, scheduler: Scheduler, grantOf: (account: string) => Grant, connecting: () => string): Auth {
  return {
    authorizeUrl: unasked,
    exchange: unasked,
    mint: async () => {
      const grant = grantOf(connecting());
      grant.revoked = false;
      const given = grant.give();
      // Long enough ago that nothing tells a first install from a later one.
      return tokensOf({ ...given, expiresAt: Math.max(given.expiresAt, scheduler.now()) });
    },
    identify: async (): Promise<Account> => ({ id: connecting(), name: `Account ${connecting()}`, environment: 'live', baseUrl: 'https://api.example.com', details: {} }),
    async refresh(_app, _http, tokens, account) {
      const grant = grantOf(account.id);
      const asked = tokens.refreshToken?.reveal() ?? '';
      const given = await network.ask({ place: grant, token: null, name: 'refresh', sent: asked }, () => {
        if (grant.revoked || asked !== grant.refreshToken()) throw new Problem('install.unauthorized');
        return grant.give();
      });
      return tokensOf(given);
    },
  };
}

/** A bound call of a connector here. A token that is refused twice is no token. */
export async function reach<T>(network: Network, call: Call, grantOf: (account: string) => Grant, name: string, sent: unknown, answer: () => T): Promise<T> {
  const place = grantOf(call.install.account);
  try {
    return await call.through(
      ({ accessToken }) => network.ask({ place, token: accessToken.reveal(), name, sent }, answer),
      (error) => error instanceof Unauthorized,
    );
  } catch (error) {
    throw error instanceof Unauthorized ? new Problem('install.unauthorized') : error;
  }
}
