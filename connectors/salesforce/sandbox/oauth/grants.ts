import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import { idOf } from '../org/ids.ts';
import type { Grant, OrgState } from '../org/state.ts';

const CODE_MS = 15 * 60_000;
const SESSION_MS = 2 * 3_600_000;
/** A refresh token that nobody used for so long is dead. */
const IDLE_MS = 30 * 86_400_000;

/** Grants consent: a code that works once. */
export function issueCode(state: OrgState, clock: Clock, given: { userId: string; redirectUri: string; scopes: string[]; challenge: string }): string {
  const code = newToken(32);
  state.codes[code] = { ...given, expiresAt: clock.now() + CODE_MS, grant: null };
  return code;
}

export type Refusal = { error: string; say: string };
export type Granted = { grant: Grant; accessToken: string };

/** Exchanges a code. One that comes twice was stolen or lost, so what it gave ends too. */
export function redeem(state: OrgState, clock: Clock, given: { code: string; redirectUri: string; verifier: string }): Granted | Refusal {
  const code = state.codes[given.code];
  if (!code) return { error: 'invalid_grant', say: 'invalid authorization code' };
  if (code.grant !== null) {
    revoke(state, code.grant);
    return { error: 'invalid_grant', say: 'expired authorization code' };
  }
  if (code.expiresAt <= clock.now()) return { error: 'invalid_grant', say: 'expired authorization code' };
  if (code.redirectUri !== given.redirectUri) return { error: 'redirect_uri_mismatch', say: 'redirect_uri must match configuration' };
  if (given.verifier === '') return { error: 'invalid_request', say: 'missing required code verifier' };
  if (createHash('sha256').update(given.verifier).digest('base64url') !== code.challenge) return { error: 'invalid_grant', say: 'invalid code verifier' };
  const now = clock.now();
  const grant: Grant = { id: idOf('0Ak', state.nextId++), userId: code.userId, scopes: code.scopes, refreshToken: newRefreshToken(), retired: [], grantedAt: now, usedAt: now };
  state.grants[grant.id] = grant;
  code.grant = grant.id;
  return { grant, accessToken: openSession(state, clock, grant) };
}

/** Rotates. Who shows a token that was replaced before ends the whole family: one of two holders of it is a thief. */
export function refresh(state: OrgState, clock: Clock, token: string): Granted | Refusal {
  const grants = Object.values(state.grants);
  const grant = grants.find(({ refreshToken }) => refreshToken === token);
  const stolen = grants.find(({ retired }) => retired.includes(token));
  if (stolen) revoke(state, stolen.id);
  if (!grant) return { error: 'invalid_grant', say: 'expired access/refresh token' };
  if (grant.usedAt + IDLE_MS <= clock.now()) {
    revoke(state, grant.id);
    return { error: 'invalid_grant', say: 'token validity expired' };
  }
  grant.retired.push(grant.refreshToken);
  grant.refreshToken = newRefreshToken();
  grant.usedAt = clock.now();
  return { grant, accessToken: openSession(state, clock, grant) };
}

const newRefreshToken = (): string => `5Aep861${newToken(48)}`;

function openSession(state: OrgState, clock: Clock, grant: Grant): string {
  for (const [token, { endsAt }] of Object.entries(state.sessions)) if (endsAt <= clock.now() - SESSION_MS) delete state.sessions[token];
  const token = `${state.orgId.slice(0, 15)}!${newToken(72)}`;
  state.sessions[token] = { grant: grant.id, endsAt: clock.now() + SESSION_MS };
  return token;
}

export function revoke(state: OrgState, grant: string): void {
  delete state.grants[grant];
  for (const [token, session] of Object.entries(state.sessions)) if (session.grant === grant) delete state.sessions[token];
}
export function revokeAll(state: OrgState): void {
  for (const grant of Object.keys(state.grants)) revoke(state, grant);
}

/** The grant behind a live access token. Its use keeps the session alive, as the org's session settings do. */
export function sessionOf(state: OrgState, clock: Clock, token: string): Grant | undefined {
  const session = state.sessions[token];
  if (!session || session.endsAt <= clock.now()) return undefined;
  session.endsAt = Math.max(session.endsAt, clock.now() + SESSION_MS / 2);
  return state.grants[session.grant];
}

export function expireSessions(state: OrgState): void {
  state.sessions = {};
}
