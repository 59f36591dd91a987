import * as z from 'zod';
import { Problem } from '#core/problem';

/** A mail address as the API takes it. */
export const emailText = z.email('This is no e-mail address.').max(254);

/** @throws Problem `request.malformed` that names the first member that is wrong */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw faulty((issue?.path ?? []).join('.'), issue?.message ?? '');
}

/** A member of the request that is wrong, by its path. */
export function faulty(path: string, say: string): Problem {
  return new Problem('request.malformed', { say: path === '' ? say : `${path}: ${say}`, facts: { path } });
}
