import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What `/metrics` shows. Labels are vendors, kinds and outcomes: never a tenant, of which there is no bound. */
export interface Metrics {
  registry: Registry;
  deliveries: Counter<'vendor' | 'outcome'>;
  notices: Counter<'vendor' | 'outcome'>;
  facts: Counter<'type' | 'outcome'>;
  effects: Counter<'kind' | 'outcome'>;
  messages: Counter<'type' | 'outcome'>;
  calls: Counter<'vendor' | 'status'>;
  callSeconds: Histogram<'vendor'>;
  gaps: Counter<'vendor'>;
  refreshes: Counter<'vendor' | 'outcome'>;
  waiting: Gauge<'queue'>;
  budgetUsed: Gauge<'window'>;
  limiters: Gauge;
  limitsUp: Gauge;
  /** Called before the figures are read: sets those that are looked up rather than counted. */
  beforeScrape: Set<() => void>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    deliveries: new Counter({ name: 'countersign_deliveries_total', help: 'Webhook deliveries by what became of them.', labelNames: ['vendor', 'outcome'], registers }),
    notices: new Counter({ name: 'countersign_notices_total', help: 'Notices by what became of them.', labelNames: ['vendor', 'outcome'], registers }),
    facts: new Counter({ name: 'countersign_facts_total', help: 'Facts by type and outcome.', labelNames: ['type', 'outcome'], registers }),
    effects: new Counter({ name: 'countersign_effects_total', help: 'Effects by kind and outcome.', labelNames: ['kind', 'outcome'], registers }),
    messages: new Counter({ name: 'countersign_messages_total', help: 'Attempts to tell an event to an endpoint, by outcome.', labelNames: ['type', 'outcome'], registers }),
    calls: new Counter({ name: 'countersign_calls_total', help: 'Calls to vendors by status (0: no answer).', labelNames: ['vendor', 'status'], registers }),
    callSeconds: new Histogram({
      name: 'countersign_call_seconds',
      help: 'Time that vendors took to answer.',
      labelNames: ['vendor'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    gaps: new Counter({ name: 'countersign_gaps_total', help: 'Changes that reconciliation found and no webhook had told.', labelNames: ['vendor'], registers }),
    refreshes: new Counter({ name: 'countersign_token_refreshes_total', help: 'Token refreshes by outcome.', labelNames: ['vendor', 'outcome'], registers }),
    waiting: new Gauge({
      name: 'countersign_waiting',
      help: 'Work that waits, by where; inbox_dead and outbox_parked are dead letters, faulty are signed deliveries that could not be read.',
      labelNames: ['queue'],
      registers,
    }),
    budgetUsed: new Gauge({
      name: 'countersign_budget_used_ratio',
      help: "The largest part (0 to 1) of a vendor's window that any one account has used, as last heard by this process.",
      labelNames: ['window'],
      registers,
    }),
    limiters: new Gauge({ name: 'countersign_limiters', help: 'Accounts whose calls are being counted, in memory.', registers }),
    limitsUp: new Gauge({ name: 'countersign_limits_up', help: '1 where calls can be counted, 0 where none is made because they cannot.', registers }),
    beforeScrape: new Set(),
  };
}
