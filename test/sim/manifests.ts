import { manifestSchema } from '#ports/manifest';

const base = {
  verified: false,
  hosts: ['api.example.com'],
  oauth: { scopes: [], pkce: false },
  evidence: [],
};
/** Asked once an hour: four times as often made most of a story of nothing but looking. */
const limits = { requests: 100, windowMs: 10_000, concurrent: 6, timeoutMs: 30_000, pollMs: 60 * 60_000 };
const webhook = { coversBody: true, maxBytes: 100_000, answer: { status: 200, body: 'ok' } };

export const CRM = manifestSchema.parse({
  ...base,
  id: 'book-crm',
  name: 'Book CRM',
  capabilities: ['inbound', 'crm', 'journey'],
  webhook: { ...webhook, path: 'app' },
  limits: { ...limits, batch: 100 },
});
export const SIGN = manifestSchema.parse({
  ...base,
  id: 'book-sign',
  name: 'Book Sign',
  capabilities: ['inbound', 'sign'],
  webhook: { ...webhook, path: 'install' },
  limits: { ...limits, batch: 1 },
});
