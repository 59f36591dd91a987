import type { Clock } from '#lib/clock';
import { Problem } from '#core/problem';
import type { Access, BudgetLeft, Call, HttpReply, HttpRequest, InstallView } from '#ports/call';
import type { Manifest } from '#ports/manifest';
import type { TokenHttp } from '#ports/auth';
import type { Budget, Limits } from '#shared/limits';
import { send } from '#shared/wire';

const UNAUTHORIZED = 401;
const TOO_MANY = 429;
const SECOND_MS = 1000;
/** So few requests left in a window are kept for others. */
const RESERVE = 2;

export interface CallDeps {
  manifest: Manifest;
  install: InstallView;
  webhookUrl: string;
  priority: number;
  limits: Limits;
  /** What may be asked of the account, of the kind of call that the vendor counts apart or of all others. */
  budgetOf: (counted?: string) => Budget;
  /** Told of each window that the vendor speaks of. */
  heard: (left: BudgetLeft) => void;
  clock: Clock;
  signal: AbortSignal;
  checkHost: (manifest: Manifest, address: string) => URL;
  access: () => Promise<Access>;
  renew: (stale: Access) => Promise<Access>;
  /** Counts a call against the account's day. @throws Problem `vendor.quota` */
  admit: () => void;
  /** Told of every answer: for metrics. Status 0 is no answer. */
  observe: (status: number, seconds: number) => void;
  quota: (day: { used: number; limit: number }) => void;
}

/** A `Call` bound to one install. */
export function createCall(deps: CallDeps): Call {
  const { manifest, install, limits, priority } = deps;

  const limited = <T>(run: () => Promise<T>, counted?: string): Promise<T> => {
    deps.admit();
    return limits.schedule(deps.budgetOf(counted), priority, run, deps.signal);
  };
  const rest = (ms: number, counted?: string): void => limits.rest(deps.budgetOf(counted).key, ms);

  async function observed<T>(run: () => Promise<T>, statusOf: (result: T) => number): Promise<T> {
    const start = deps.clock.now();
    let status = 0;
    try {
      const result = await run();
      status = statusOf(result);
      return result;
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (typeof code === 'number') status = code;
      throw error;
    } finally {
      deps.observe(status, (deps.clock.now() - start) / 1000);
    }
  }

  async function sendOnce(request: HttpRequest, { token, baseUrl }: Access): Promise<HttpReply> {
    const url = deps.checkHost(manifest, baseUrl + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const { headers, body } = encode(request);
    headers['authorization'] = `Bearer ${token.reveal()}`;
    const wire = {
      method: request.method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs: request.timeoutMs ?? manifest.limits.timeoutMs,
      signal: deps.signal,
      wantBytes: request.wantBytes ?? false,
    };
    const reply = await limited(async () => {
      await request.check?.();
      return observed(
        () => send(wire),
        ({ status }) => status,
      );
    }, request.counted);
    const pauseMs = reply.status === TOO_MANY ? Number(reply.headers.get('retry-after') ?? Number.NaN) * SECOND_MS : 0;
    if (pauseMs > 0) rest(pauseMs, request.counted);
    return reply;
  }

  return {
    install,
    signal: deps.signal,
    webhookUrl: deps.webhookUrl,
    async request(request) {
      const access = await deps.access();
      const reply = await sendOnce(request, access);
      if (reply.status !== UNAUTHORIZED) return reply;
      const again = await sendOnce(request, await deps.renew(access));
      if (again.status === UNAUTHORIZED) throw new Problem('install.unauthorized');
      return again;
    },
    async through(run, unauthorized, counted) {
      const sendBound = async ({ token, baseUrl }: Access) => {
        deps.checkHost(manifest, baseUrl);
        return limited(
          () =>
            observed(
              () => run({ baseUrl, accessToken: token, timeoutMs: manifest.limits.timeoutMs }),
              () => 200,
            ),
          counted,
        );
      };
      const access = await deps.access();
      try {
        return await sendBound(access);
      } catch (error) {
        if (!unauthorized(error)) throw error;
        return sendBound(await deps.renew(access));
      }
    },
    budget(left) {
      if (left.remaining <= RESERVE && left.resetInMs > 0) rest(left.resetInMs, left.counted);
      deps.heard(left);
    },
    quota: deps.quota,
  };
}

function encode(request: HttpRequest): { headers: Record<string, string>; body?: string | Uint8Array } {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'countersign', ...request.headers };
  if (request.json !== undefined) return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(request.json) };
  if (request.form) return { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(request.form).toString() };
  return request.bytes ? { headers, body: request.bytes } : { headers };
}

/** HTTP to a vendor's token hosts, before there is an install. */
export function createTokenHttp(manifest: Manifest, checkHost: CallDeps['checkHost']): TokenHttp {
  return async (request) => {
    const { headers, body } = encode({
      method: request.method,
      path: '',
      ...(request.headers ? { headers: request.headers } : {}),
      ...(request.form ? { form: request.form } : {}),
    });
    return send({ method: request.method, url: checkHost(manifest, request.url), headers, ...(body === undefined ? {} : { body }), timeoutMs: manifest.limits.timeoutMs });
  };
}
