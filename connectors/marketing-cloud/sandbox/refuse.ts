import type { Context } from 'hono';

type Status = 400 | 401 | 403 | 404 | 415 | 429 | 503;

/** The REST API's error shape. */
export function refuse(c: Context, status: Status, errorcode: number, message: string): Response {
  return c.json({ message, errorcode, documentation: '' }, status);
}
