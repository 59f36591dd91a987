import type { Clock } from '#lib/clock';
import type { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Call, HttpReply, HttpRequest, InstallView } from '#ports/call';
import type { Manifest } from '#ports/manifest';
import type { TokenHttp } from '#ports/auth';
import type { Limits } from '#shared/limits';
import { send } from '#shared/wire';

const UNAUTHORIZED = 401;
/** So few requests left in a window are kept for others. */
const RESERVE = 2;

export interface CallDeps {
  manifest: Manifest;
  install: InstallView;
  webhookUrl: string;
  priority: number;
  limits: Limits;
  clock: Clock;
  signal: AbortSignal;
  checkHost: (manifest: Manifest, address: string) => URL;
  token: () => Promise<Secret>;
  renew: (stale: Secret) => Promise<Secret>;
  /** Told of every answer: for metrics. Status 0 is no answer. */
  observe: (status: number, seconds: number) => void;
}

/** A `Call` bound to one install. */
export function createCall(deps: CallDeps): Call {
  const { manifest, install, limits, priority } = deps;

  const limited = <T>(run: () => Promise<T>) => limits.schedule(manifest, install.id, priority, run, deps.signal);

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

  async function sendOnce(request: HttpRequest, token: Secret): Promise<HttpReply> {
    const url = deps.checkHost(manifest, install.baseUrl + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const { headers, body } = encode(request);
    headers['authorization'] = `Bearer ${token.reveal()}`;
    const wire = { method: request.method, url, headers, ...(body === undefined ? {} : { body }), timeoutMs: request.timeoutMs ?? manifest.limits.timeoutMs, signal: deps.signal };
    return limited(() =>
      observed(
        () => send(wire),
        (reply) => reply.status,
      ),
    );
  }

  return {
    install,
    signal: deps.signal,
    webhookUrl: deps.webhookUrl,
    async request(request) {
      const token = await deps.token();
      const reply = await sendOnce(request, token);
      if (reply.status !== UNAUTHORIZED) return reply;
      const again = await sendOnce(request, await deps.renew(token));
      if (again.status === UNAUTHORIZED) throw new Problem('install.unauthorized');
      return again;
    },
    async through(run, unauthorized) {
      deps.checkHost(manifest, install.baseUrl);
      const bound = (accessToken: Secret) => ({ baseUrl: install.baseUrl, accessToken, timeoutMs: manifest.limits.timeoutMs });
      const sendBound = (accessToken: Secret) =>
        limited(() =>
          observed(
            () => run(bound(accessToken)),
            () => 200,
          ),
        );
      const token = await deps.token();
      try {
        return await sendBound(token);
      } catch (error) {
        if (!unauthorized(error)) throw error;
        return sendBound(await deps.renew(token));
      }
    },
    budget({ remaining, resetInMs }) {
      if (remaining <= RESERVE && resetInMs > 0) limits.rest(install.id, resetInMs);
    },
  };
}

function encode(request: HttpRequest): { headers: Record<string, string>; body?: string } {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'countersign', ...request.headers };
  if (request.json !== undefined) return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(request.json) };
  if (request.form) return { headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(request.form).toString() };
  return { headers };
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
