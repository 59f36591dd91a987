import { createHmac, randomBytes } from 'node:crypto';

/** What a secret begins with, so that a reader and a scanner of leaked secrets know what it is. */
const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and 32 random bytes in base64, as the Standard Webhooks specification has it. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

export interface WebhookHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

/**
 * The three headers of a Standard Webhook: an HMAC-SHA-256 over `id.timestamp.body`, one for each secret, separated by spaces. `body` has to be what is sent, byte for
 * byte; `at` is milliseconds since the epoch, told in whole seconds.
 */
export function signWebhook(message: { id: string; at: number; body: string }, secrets: readonly string[]): WebhookHeaders {
  const seconds = String(Math.floor(message.at / 1000));
  const signed = `${message.id}.${seconds}.${message.body}`;
  const signatures = secrets.map(
    (secret) =>
      `v1,${createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
        .update(signed)
        .digest('base64')}`,
  );
  return { 'webhook-id': message.id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}
