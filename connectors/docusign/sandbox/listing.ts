import { lastModified } from './rendering.ts';
import { DAY_MS, type SandboxState, type StoredEnvelope } from './state.ts';

const TRANSACTION_MS = 7 * DAY_MS;
const MOST = 1000;

export type Listing = { ok: true; page: StoredEnvelope[]; start: number; total: number } | { ok: false; message: string };

/** The vendor's envelope search, as far as its filters are used here. */
export function listEnvelopes(state: SandboxState, query: Record<string, string>, now: number): Listing {
  const names = (name: string) => (query[name] ?? '').split(',').flatMap((one) => (one.trim() ? [one.trim()] : []));
  const ids = names('envelope_ids');
  const transactions = names('transaction_ids');
  const from = Date.parse(query['from_date'] ?? '');
  if (Number.isNaN(from) && ids.length === 0 && transactions.length === 0)
    return {
      ok: false,
      message:
        "The request contained at least one invalid parameter. Query parameter 'from_date' must be set to a valid DateTime, or 'envelope_ids' or 'transaction_ids' must be specified.",
    };
  const found = state.envelopes.filter((one) => matches(one, query, { ids, transactions, statuses: names('status'), from }, now));
  const key = { created: (one: StoredEnvelope) => one.createdAt, last_modified: lastModified }[query['order_by'] ?? ''] ?? ((one: StoredEnvelope) => one.statusChangedAt);
  const sign = query['order'] === 'desc' ? -1 : 1;
  found.sort((a, b) => sign * (key(a) - key(b)));
  const start = Math.max(0, Number(query['start_position'] ?? '0') || 0);
  const count = Math.min(MOST, Number(query['count'] ?? '') || MOST);
  return { ok: true, page: found.slice(start, start + count), start, total: found.length };
}

interface Asked {
  ids: string[];
  transactions: string[];
  statuses: string[];
  /** NaN where no time was given. */
  from: number;
}
function matches(one: StoredEnvelope, query: Record<string, string>, { ids, transactions, statuses, from }: Asked, now: number): boolean {
  const to = Date.parse(query['to_date'] ?? '');
  const time = (query['from_to_status'] ?? 'changed').toLowerCase() === 'created' ? one.createdAt : one.statusChangedAt;
  const [field, ...value] = (query['custom_field'] ?? '').split('=');
  return [
    ids.length === 0 || ids.includes(one.envelopeId),
    transactions.length === 0 || (one.transactionId !== null && transactions.includes(one.transactionId) && now - one.createdAt < TRANSACTION_MS),
    Number.isNaN(from) || time >= from,
    Number.isNaN(to) || time <= to,
    statuses.length === 0 || statuses.some((status) => status === 'any' || status.toLowerCase() === one.status),
    !query['custom_field'] || one.customFields.some(({ name, value: held }) => name === field && held === value.join('=')),
  ].every(Boolean);
}
