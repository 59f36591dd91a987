import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId } from '#lib/ids';
import { Secret } from '#lib/secret';
import { systemClock } from '#lib/clock';
import type { Call } from '#ports/call';
import type { Manifest } from '#ports/manifest';
import { createCall } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';
import { manifest } from '#connectors/salesforce/manifest';

export const ORG = '00D5g000000ABCDEA4';
export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (seen: Seen, response: ServerResponse, count: number) => void;

const unlimited: Limits = { schedule: (_budget, _priority, run) => run(), rest: () => undefined, fault: () => null, size: () => 0, close: async () => undefined };

/** An org that answers as it is told, over real HTTP, and the product's own call to it. */
export async function openWire(answer: Answer) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      answer(one, response, seen.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const wire = {
    base,
    seen,
    renewals: 0,
    quotas: [] as { used: number; limit: number }[],
    /** A call to `baseUrl` within `timeoutMs`, ended by `signal`. */
    callTo(to: { baseUrl?: string; timeoutMs?: number; signal?: AbortSignal } = {}): Call {
      const hasty: Manifest = { ...manifest, limits: { ...manifest.limits, timeoutMs: to.timeoutMs ?? 5000 } };
      const origin = new URL(to.baseUrl ?? base).origin;
      return createCall({
        manifest: hasty,
        install: { id: newId('ins'), account: ORG, baseUrl: to.baseUrl ?? base, environment: 'live', details: {} },
        webhookUrl: 'http://localhost/hook',
        priority: 5,
        limits: unlimited,
        budgetOf: () => ({ key: 'ins_1', ...hasty.limits }),
        heard: () => undefined,
        clock: systemClock,
        signal: to.signal ?? new AbortController().signal,
        checkHost: createHostCheck(() => origin),
        access: async () => ({ token: new Secret('first-token'), baseUrl: to.baseUrl ?? base }),
        async renew({ baseUrl }) {
          wire.renewals++;
          return { token: new Secret('renewed-token'), baseUrl };
        },
        admit: () => undefined,
        observe: () => undefined,
        quota: (day) => void wire.quotas.push(day),
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return wire;
}

/** Answers JSON, with Salesforce's count of the day. */
export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', 'sforce-limit-info': 'api-usage=18/5000', ...headers });
  response.end(JSON.stringify(body));
}
