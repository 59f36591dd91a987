import type { HttpReply, HttpRequest } from '#ports/call';
import { hmacBase64 } from '#lib/hmac';
import type { TestWorld } from './world.ts';

interface Signing {
  /** Of another key than the one that is agreed on. */
  secret?: string;
  /** The sender's time; ours where absent. */
  at?: number;
  address?: string;
}
const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

function secretOf(test: TestWorld, vendor: string): string {
  return test.world.flow.vendors.get(vendor)?.webhookSecrets[0]?.reveal() ?? '';
}

/** A webhook of the CRM, signed as it signs: over method, address, body and time. */
export async function postCrm(test: TestWorld, body: unknown, signing: Signing = {}): Promise<Response> {
  const path = '/webhooks/hubspot';
  const text = textOf(body);
  const timestamp = String(signing.at ?? test.clock.now());
  const signature = hmacBase64(signing.secret ?? secretOf(test, 'hubspot'), 'POST', `${test.address}${path}`, text, timestamp);
  const headers = { 'content-type': 'application/json', 'x-hubspot-request-timestamp': timestamp, 'x-hubspot-signature-v3': signature };
  return fetch(`${signing.address ?? test.address}${path}`, { method: 'POST', headers, body: text });
}

/** A webhook of the provider, signed over its body alone. */
export async function postSign(test: TestWorld, body: unknown, signing: Signing & { hook?: string } = {}): Promise<Response> {
  const text = textOf(body);
  const headers = { 'content-type': 'application/json', 'x-docusign-signature-1': hmacBase64(signing.secret ?? secretOf(test, 'docusign'), text) };
  return fetch(`${test.address}/webhooks/docusign/${signing.hook ?? test.sign.hook}`, { method: 'POST', headers, body: text });
}

let events = 5_000_000;

/** One event of the CRM's webhooks: a deal that entered a stage, as an automation tells it. */
export function stageEvent(test: TestWorld, deal: string, stage: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventId: events++,
    subscriptionId: 2_000_001,
    portalId: test.sandbox.hubspot.world().portalId,
    appId: 1_160_452,
    occurredAt: test.clock.now(),
    subscriptionType: 'deal.propertyChange',
    attemptNumber: 0,
    objectId: Number(deal),
    changeSource: 'AUTOMATION_PLATFORM',
    propertyName: 'dealstage',
    propertyValue: stage,
    ...more,
  };
}

type Through = (request: HttpRequest, go: () => Promise<HttpReply>) => Promise<HttpReply>;

/** Stands between the server and the provider: sees each request before it goes and each answer before it is known. Returns what takes it away. */
export function interceptSign(test: TestWorld, through: Through): () => void {
  const { flow } = test.world;
  const { bind } = flow;
  flow.bind = (install, priority, manner) => {
    const call = bind(install, priority, manner);
    return install.id === test.sign.id ? { ...call, request: (request) => through(request, () => call.request(request)) } : call;
  };
  return () => {
    flow.bind = bind;
  };
}

export const isDraft = (request: HttpRequest): boolean => request.method === 'POST' && request.path === '/envelopes';
export const isSend = (request: HttpRequest): boolean => request.method === 'PUT' && (request.json as { status?: string } | undefined)?.status === 'sent';
export const isSearch = (request: HttpRequest): boolean => request.method === 'GET' && request.query?.['transaction_ids'] !== undefined;

/** One figure of `/metrics`; 0 where it was never counted. */
export async function metric(test: TestWorld, name: string, labels: Record<string, string>): Promise<number> {
  const text = await (await fetch(`${test.address}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && Object.entries(labels).every(([label, value]) => one.includes(`${label}="${value}"`)));
  return Number(line?.split(' ').at(-1) ?? 0);
}
