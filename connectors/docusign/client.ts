import type { z } from 'zod';
import { Problem } from '#core/problem';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import { BURST_MS, hourLeft, problemOf } from './problem.ts';

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

/** Two counts run at the vendor, one an hour and one every 30 seconds; the limiter is told the scarcer. */
function reportBudget(call: Call, reply: HttpReply): void {
  const number = (name: string) => {
    const text = reply.headers.get(name);
    return text === null || text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text);
  };
  const hourly = number('x-ratelimit-remaining');
  const burst = number('x-burstlimit-remaining');
  const hourMs = hourLeft(reply);
  if (burst !== null && (hourly === null || hourMs === null || burst < hourly)) call.budget({ remaining: burst, resetInMs: BURST_MS });
  else if (hourly !== null && hourMs !== null) call.budget({ remaining: hourly, resetInMs: hourMs });
}
