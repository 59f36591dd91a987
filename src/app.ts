import { Hono, type MiddlewareHandler } from 'hono';
import { Problem } from '#core/problem';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';
import type { Receive } from '#flow/receive';
import { api } from '#http/api';
import { capturePages } from '#http/capture';
import { cards } from '#http/cards';
import { answerError, answerNotFound, consoleHeaders, createConsole, type ConsoleOptions } from '#http/console';
import { eventCatalogue } from '#http/events';
import { createGate } from '#http/gate';
import { oauth } from '#http/oauth';
import { operations } from '#http/operations';
import { signingKeys } from '#http/signing-keys';
import { webhooks } from '#http/webhooks';
import { workflows } from '#http/workflows';

/** One machine plays everybody there, and its clock may hurry. */
const SANDBOX_TIMES = 100;

/** What a process answers that only works: how it fares, and nothing else. */
export function createWorkerApp(flow: Flow, isReady: () => boolean): Hono {
  const app = new Hono();
  app.route('/', operations(flow, isReady, { onlyWorks: true }));
  app.notFound((c) => c.json({ ok: false, why: 'This process only works. Requests go to one whose role is web or all.' }, 404));
  return app;
}

/** PostgreSQL takes no NUL, so nothing has one in its address; asked for all the same, each page was a fault of ours. */
const refuseNul: MiddlewareHandler = async (c, next) => {
  if (c.req.url.includes('%00')) throw new Problem('request.not-found');
  await next();
};

/**
 * The whole HTTP surface, without listening. Webhooks come first and have a router of their own, which hands on what is not for them: among all the paths of the
 * console a delivery's was looked for in a tree, and each answer went through one more chain of handlers.
 */
export function createApp(options: { flow: Flow; desk: Desk; receive: Receive; isReady: () => boolean; console: ConsoleOptions; sandbox: Hono | null; proxies: number }): Hono {
  const { flow, desk, receive, isReady } = options;
  const app = new Hono();
  app.use(refuseNul);
  const gate = createGate({ clock: flow.clock, proxies: options.proxies, times: options.sandbox ? SANDBOX_TIMES : 1 });
  app.route('/', operations(flow, isReady));
  app.route('/', signingKeys(flow));
  app.route('/', eventCatalogue());
  app.route('/', capturePages(flow, { proxies: options.proxies }));
  app.route('/', api(flow, { proxies: options.proxies }));
  app.route('/', cards(flow, desk, gate));
  app.route('/', workflows(flow, desk, gate));
  if (options.sandbox) app.route('/', options.sandbox);
  const people = new Hono();
  for (const path of ['/install/*', '/oauth/*']) people.use(path, consoleHeaders());
  people.route('/', oauth(flow, gate));
  people.onError((error, c) => answerError(error, c, options.console));
  app.route('/', people);
  app.route('/', createConsole(options.console, gate));
  app.onError((error, c) => answerError(error, c, options.console));
  app.notFound((c) => answerNotFound(c, options.console));
  return webhooks(flow, receive, gate).notFound((c) => app.fetch(c.req.raw, c.env));
}
