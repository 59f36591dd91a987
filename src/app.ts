import { Hono } from 'hono';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';
import type { Receive } from '#flow/receive';
import { cards } from '#http/cards';
import { answerError, answerNotFound, consoleHeaders, createConsole, type ConsoleOptions } from '#http/console';
import { oauth } from '#http/oauth';
import { operations } from '#http/operations';
import { webhooks } from '#http/webhooks';

/** The whole HTTP surface, without listening. Webhooks come first: nothing of the console stands in their way. */
export function createApp(options: { flow: Flow; desk: Desk; receive: Receive; isReady: () => boolean; console: ConsoleOptions; sandbox: Hono | null }): Hono {
  const { flow, desk, receive, isReady } = options;
  const app = new Hono();
  app.route('/', webhooks(flow, receive));
  app.route('/', operations(flow, isReady));
  app.route('/', cards(flow, desk));
  if (options.sandbox) app.route('/', options.sandbox);
  const people = new Hono();
  for (const path of ['/install/*', '/oauth/*']) people.use(path, consoleHeaders());
  people.route('/', oauth(flow));
  people.onError((error, c) => answerError(error, c, options.console));
  app.route('/', people);
  app.route('/', createConsole(options.console));
  app.onError((error, c) => answerError(error, c, options.console));
  app.notFound((c) => answerNotFound(c, options.console));
  return app;
}
