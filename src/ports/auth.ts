import type { Call, Environment, HttpReply } from '#ports/call';
import type { Json } from '#lib/json';
import type { Secret } from '#lib/secret';

/** The app's registration at the vendor, from configuration. */
export interface AppRegistration {
  clientId: string;
  clientSecret: Secret;
  redirectUri: string;
  /** Where people consent and where tokens are had, without a slash at the end: the vendor's own hosts, or the login that the person chose where the manifest has `logins`. */
  authorizeUrl: string;
  tokenUrl: string;
  /** API root to start from, for vendors whose accounts do not each have their own. */
  apiUrl: string;
  /** What else this vendor's connector reads from configuration, such as a key for the JWT grant. */
  more: Record<string, Secret>;
}

export interface Tokens {
  accessToken: Secret;
  /** Absent for grants that mint anew, such as JWT. */
  refreshToken: Secret | null;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  scopes: string[];
  /** Root of the account's API, where the vendor names it with each grant: accounts move. */
  baseUrl?: string;
}
export interface Account {
  /** The vendor's id: webhooks name it, and it makes a re-install the same install. */
  id: string;
  name: string;
  environment: Environment;
  baseUrl: string;
  details: Record<string, Json>;
}

/** Plain HTTP to the vendor's token hosts: host-checked, timed, never retried, no redirects. `url` is absolute. */
export type TokenHttp = (request: { method: 'GET' | 'POST' | 'DELETE'; url: string; headers?: Record<string, string>; form?: Record<string, string> }) => Promise<HttpReply>;

export interface Auth {
  /** The consent page's address. `challenge` is the PKCE S256 challenge, used where the manifest says `pkce`. */
  authorizeUrl(app: AppRegistration, ask: { state: string; challenge: string }): string;
  /** @throws Problem `oauth.denied`, `vendor.*` */
  exchange(app: AppRegistration, http: TokenHttp, got: { code: string; verifier: string; now: number }): Promise<Tokens>;
  /** @throws Problem `install.unauthorized` where the grant is dead; `vendor.*` where it only failed this time */
  refresh(app: AppRegistration, http: TokenHttp, tokens: Tokens, account: Account, now: number): Promise<Tokens>;
  /** Which account the tokens are for. */
  identify(app: AppRegistration, http: TokenHttp, tokens: Tokens): Promise<Account>;
  /** Tells the vendor that we leave, after which its webhooks stop. Absent where the vendor has no such call. */
  leave?(call: Call, refreshToken: Secret | null): Promise<void>;
  /** Server-to-server grant without a person's redirect (JWT), where the registration has a key for it. Absent where the vendor has none. */
  mint?(app: AppRegistration, http: TokenHttp, now: number): Promise<Tokens>;
}
