import type * as z from 'zod';
import { Problem } from '#core/problem';
import type { Call, HttpReply, HttpRequest } from '#ports/call';
import { problemOf } from './problem.ts';

const ROOT = '/api/v5/objects';

/** One request of API version 5 for the install's business unit. Tells what the day has left. `addresses` never show in what is thrown. @throws Problem for whatever is not a success */
export async function ask(call: Call, request: HttpRequest, addresses: readonly string[] = []): Promise<HttpReply> {
  const reply = await call.request({ ...request, path: `${ROOT}${request.path}`, headers: { ...request.headers, ...headersFor(call.install.account) } });
  reportUsage(call, reply);
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw problemOf(reply, addresses);
}

/** The header without which no request is for any business unit, and the one that asks for the day's count. */
const headersFor = (businessUnit: string): Record<string, string> => ({ 'pardot-business-unit-id': businessUnit, 'x-return-api-usage': '1' });

/** The answer's body in its expected form. @throws Problem `vendor.odd-answer` */
export function bodyOf<Shape extends z.ZodType>(reply: HttpReply, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(reply.body);
  if (parsed.success) return parsed.data;
  throw new Problem('vendor.odd-answer', { facts: { status: reply.status, field: parsed.error.issues[0]?.path.join('.') ?? '' } });
}

/** The vendor documents the header and not its form: `used/limit`, as Salesforce writes such counts, is understood, and anything else is left alone. */
function reportUsage(call: Call, reply: HttpReply): void {
  const [, used, limit] = /(\d+)\s*\/\s*(\d+)/.exec(reply.headers.get('x-api-usage') ?? '') ?? [];
  if (used !== undefined && limit !== undefined && Number(limit) > 0) call.quota({ used: Number(used), limit: Number(limit) });
}
