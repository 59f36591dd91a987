import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Invalid } from './account.ts';

type More = Record<string, unknown>;

/** An error in HubSpot's own shape. */
export function fail(c: Context, status: ContentfulStatusCode, category: string, message: string, more: More = {}): Response {
  return c.json({ status: 'error', message, correlationId: randomUUID(), category, ...more }, status);
}

export const notFound = (c: Context): Response => fail(c, 404, 'OBJECT_NOT_FOUND', 'resource not found');

/** HubSpot puts the list of faults into the sentence, and names each property again beside it; it does not say which record was meant. */
export function invalidProperties(c: Context, faults: Invalid[]): Response {
  const list = faults.map((fault) => ({ isValid: false, message: fault.message, error: fault.error, name: fault.name, localizedErrorMessage: fault.message }));
  return fail(c, 400, 'VALIDATION_ERROR', `Property values were not valid: ${JSON.stringify(list)}`, {
    errors: faults.map((fault) => ({ message: fault.message, code: fault.error, context: { propertyName: [fault.name] } })),
  });
}

export function rateLimited(c: Context, policyName: string, retryAfterSeconds?: number): Response {
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  const words = policyName === 'SECONDLY' ? 'You have reached your secondly limit.' : 'You have reached your ten_secondly_rolling limit.';
  return c.json({ status: 'error', message: words, errorType: 'RATE_LIMIT', correlationId: randomUUID(), policyName }, 429);
}

export const unavailable = (c: Context): Response => c.json({ status: 'error', message: 'internal error', correlationId: randomUUID() }, 503);
