import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Problem } from '#core/problem';
import type { AppRegistration } from '#ports/auth';

export const JWT_SCOPES = ['signature', 'impersonation'] as const;
/** The vendor allows an hour; the assertion is used at once, so a few minutes cover clocks that differ. */
const LIFE_SECONDS = 600;

/** The signed assertion of the JWT grant, for the user `more.userId` (a GUID), with the RSA key `more.privateKey` (PEM). */
export async function assertion(app: AppRegistration, now: number): Promise<string> {
  const userId = app.more['userId']?.reveal();
  const pem = app.more['privateKey']?.reveal();
  if (!userId || !pem) throw new Problem('feature.unsupported', { say: 'The JWT grant needs the user id and the private key of the DocuSign app.' });
  const seconds = Math.floor(now / 1000);
  // Loaded when it is needed, which in most installations is never: it would be 30 ms of every start.
  const { SignJWT } = await import('jose');
  return (
    new SignJWT({ scope: JWT_SCOPES.join(' ') })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(app.clientId)
      .setSubject(userId)
      // The host alone: with a scheme the vendor refuses the assertion.
      .setAudience(new URL(app.tokenUrl).host)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFE_SECONDS)
      .sign(keyOf(pem))
  );
}

/** The vendor hands out PKCS#1 keys, other tools PKCS#8; both are read. An environment variable often holds `\n` for its line breaks. */
function keyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    // Neither the error nor its text goes on: it could quote the key.
    throw new Problem('vendor.rejected', { say: 'The private key of the DocuSign app is not a readable PEM key.' });
  }
}
