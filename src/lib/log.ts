import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

const context = new AsyncLocalStorage<Record<string, string>>();

/** Runs `work` with fields (such as a correlation id) that every log line inside it carries. */
export function withLogContext<T>(fields: Record<string, string>, work: () => T): T {
  return context.run({ ...context.getStore(), ...fields }, work);
}

/** Causes of causes that are told. */
const DEEPEST_CAUSE = 4;
const CODE = /^\w[\w.-]{0,59}$/;

/**
 * An error as the log tells it: its type, its code, and where it happened. Its message is left out, and so is whatever hangs on it (headers, a body, facts):
 * a vendor or a parser quotes people there. Only a Problem's own sentence is written for everybody.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const frames = (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^ +at /.test(line));
  return {
    type: error.constructor.name,
    ...(typeof code === 'number' || (typeof code === 'string' && CODE.test(code)) ? { code } : {}),
    ...(error.name === 'Problem' ? { message: error.message } : {}),
    stack: frames.join('\n'),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}

/** JSON logs. The second net under `Secret`: fields with these names never print, wherever at the first two levels they stand. */
const hidden = ['authorization', 'accessToken', 'refreshToken', 'token', 'secret', 'password', 'email', 'name', 'body', 'cookie'];

export function createLog(level: string, to?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    serializers: { err: describeError },
    mixin: () => context.getStore() ?? {},
    redact: { paths: hidden.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return to ? pino(options, to) : pino(options);
}
