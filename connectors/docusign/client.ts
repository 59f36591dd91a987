import type * as z from 'zod';
import { Problem } from '#core/problem';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import { BURST_MS, HOUR_MS, hourLeft, problemOf } from './problem.ts';

/** One request. Tells the limiter what is left. @throws Problem for whatever is not a success */
export async function ask(call: Call, request: HttpRequest): Promise<HttpReply> {
  const reply = await call.request(request);
  reportBudget(call, reply);
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw problemOf(reply);
}

/** The answer's body in its expected form. @throws Problem `vendor.odd-answer` */
export function bodyOf<Shape extends z.ZodType>(reply: HttpReply, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(reply.body);
  if (parsed.success) return parsed.data;
  throw new Problem('vendor.odd-answer', { cause: parsed.error, facts: { status: reply.status, field: parsed.error.issues[0]?.path.join('.') ?? '' } });
}

/** Two counts run at the vendor, one by the clock's hour and one of 30 seconds. */
function reportBudget(call: Call, reply: HttpReply): void {
  const number = (name: string) => {
    const text = reply.headers.get(name);
    return text === null || text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text);
  };
  const tell = (remaining: number | null, limit: number | null, windowMs: number, resetInMs: number | null) => {
    if (remaining !== null && resetInMs !== null) call.budget({ remaining, resetInMs, ...(limit !== null && limit > 0 ? { limit, windowMs } : {}) });
  };
  tell(number('x-burstlimit-remaining'), number('x-burstlimit-limit'), BURST_MS, BURST_MS);
  tell(number('x-ratelimit-remaining'), number('x-ratelimit-limit'), HOUR_MS, hourLeft(reply));
}
