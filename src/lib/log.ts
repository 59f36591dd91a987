import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

const context = new AsyncLocalStorage<Record<string, string>>();

/** Runs `work` with fields (such as a correlation id) that every log line inside it carries. */
export function withLogContext<T>(fields: Record<string, string>, work: () => T): T {
  return context.run({ ...context.getStore(), ...fields }, work);
}

/** JSON logs. The second net under `Secret`: fields with these names never print, wherever at the first two levels they stand. */
const hidden = ['authorization', 'accessToken', 'refreshToken', 'token', 'secret', 'password', 'email', 'name', 'body', 'cookie'];

export function createLog(level: string, to?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    mixin: () => context.getStore() ?? {},
    redact: { paths: hidden.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return to ? pino(options, to) : pino(options);
}
