import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Context } from 'hono';
import { Problem, type ProblemCode, type Remedy } from '#core/problem';
import type { ConsoleContext, ConsoleOptions } from './context.ts';
import { setRetryAfter } from '#http/gate';
import { consoleHeaders } from './headers.ts';
import { show, type PageFrame } from './layout.tsx';

const STATUS: Partial<Record<ProblemCode, NonNullable<PageFrame['status']>>> = {
  'request.malformed': 400,
  'request.forbidden': 403,
  'request.not-found': 404,
  'envelope.final': 409,
  'install.absent': 409,
  'install.unauthorized': 409,
  'install.missing-scope': 409,
  'link.expired': 410,
  'oauth.state': 400,
  'oauth.denied': 403,
  'signature.invalid': 401,
  'request.too-large': 413,
  'request.too-many': 429,
  'internal.bug': 500,
  'vendor.odd-answer': 502,
  'store.busy': 503,
};
const BY_REMEDY: Record<Remedy, NonNullable<PageFrame['status']>> = { retry: 503, reauthorize: 409, reject: 422, unsupported: 422, bug: 500 };
const NEXT: Record<Remedy, string> = {
  retry: 'It is a passing fault: wait a moment, then do the same again.',
  reauthorize: 'Open Installs and press Reconnect. What waits goes on by itself after that.',
  reject: 'Correct what is named above, then do it again.',
  unsupported: 'Use another account or another way: this one can’t do it.',
  bug: 'The fault is on our side. Its cause is in the server’s log; please report it if it comes back.',
};

const headers = consoleHeaders();

export const statusOf = (problem: Problem) => STATUS[problem.code] ?? BY_REMEDY[problem.remedy];

/** What whoever typed it can correct, to be said beside what was typed. @throws whatever else it is */
export function refusalIn(error: unknown): Problem {
  const problem = Problem.from(error);
  if (problem.remedy !== 'reject') throw error;
  return problem;
}

const isForMachines = (c: Context): boolean => c.req.path.startsWith('/api') || c.req.query('format') === 'json' || /^application\/json\b/.test(c.req.header('accept') ?? '');

/**
 * Answers with whatever went wrong, at any address of the server: a page for people, JSON for programs. What is no Problem is logged and
 * shown as a fault of ours.
 */
export async function answerError(error: unknown, c: Context, options: ConsoleOptions): Promise<Response> {
  const problem = Problem.from(error);
  const status = statusOf(problem);
  c.set('options', options);
  if (problem.remedy === 'bug') options.log.error({ err: problem.cause ?? problem, path: c.req.routePath }, 'a request failed');
  setRetryAfter(c, problem);
  // An error may come from an address for which no middleware of the console stands.
  await headers(c, async () => {
    c.res = isForMachines(c)
      ? c.json({ error: { code: problem.code, message: problem.message, facts: problem.facts } }, status as ContentfulStatusCode)
      : await show(c as ConsoleContext, { title: status === 404 ? 'Not found' : 'That did not work', status }, status === 404 ? <NotFound /> : <ProblemPage problem={problem} />);
  });
  return c.res;
}

export const answerNotFound = (c: Context, options: ConsoleOptions): Response | Promise<Response> => answerError(new Problem('request.not-found'), c, options);

function NotFound() {
  return (
    <section class="sheet narrow">
      <h1>There is nothing at this address</h1>
      <p>The page may have moved, or the link may be meant for someone else.</p>
      <p>
        <a class="button" href="/">
          Go to the start
        </a>
      </p>
    </section>
  );
}

function ProblemPage({ problem }: { problem: Problem }) {
  return (
    <section class="sheet narrow">
      <h1>That did not work</h1>
      <p class="lead">{problem.message}</p>
      <ProblemFacts facts={problem.facts} />
      <p>{NEXT[problem.remedy]}</p>
      <p class="soft">
        Code <code>{problem.code}</code>. Your browser’s Back returns to the page and to what you had typed.
      </p>
      <p>
        <a class="button" href="/">
          Go to the start
        </a>
      </p>
    </section>
  );
}

/** What the vendor said, as far as it may be shown. */
export function ProblemFacts({ facts }: { facts: Record<string, unknown> }) {
  const rows = Object.entries(facts);
  if (rows.length === 0) return null;
  return (
    <dl>
      {rows.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{String(value)}</dd>
        </>
      ))}
    </dl>
  );
}

/** A Problem shown in its place on a page that goes on working. */
export function ProblemNote({ problem }: { problem: Problem }) {
  return (
    <div class="note bad" role="alert">
      <p>{problem.message}</p>
      <ProblemFacts facts={problem.facts} />
      <p class="soft">
        {NEXT[problem.remedy]} Code <code>{problem.code}</code>.
      </p>
    </div>
  );
}
