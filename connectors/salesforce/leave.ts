import type { Secret } from '#lib/secret';
import type { Call } from '#ports/call';
import { isUnauthorized, problemOf, RefusedAnswer } from './problem.ts';
import { oneRequest } from './transport.ts';

/**
 * Revokes the permission. The refresh token takes its access tokens with it; an access token goes alone [D: help, revoke OAuth tokens], so that without the refresh
 * token the org's list of connected apps shows ours until it has been idle for 30 days. What is gone already has nothing to leave.
 */
export async function leave(call: Call, refreshToken: Secret | null = null): Promise<void> {
  try {
    await call.through(async ({ baseUrl, accessToken, timeoutMs }) => {
      const body = new URLSearchParams({ token: (refreshToken ?? accessToken).reveal() }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      await oneRequest(call, { baseUrl, timeoutMs }).httpRequest({ method: 'POST', url: `${baseUrl}/services/oauth2/revoke`, headers, body });
    }, isUnauthorized);
  } catch (thrown) {
    if (!isGoneAlready(thrown)) throw problemOf(thrown);
  }
}

const isGoneAlready = (thrown: unknown): boolean => thrown instanceof RefusedAnswer && thrown.code === 400 && /invalid_token|unsupported_token_type/.test(thrown.body);
