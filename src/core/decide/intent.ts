import type { DealPurpose } from '#core/fact';
import type { Snapshot } from '#core/records';

/** The send that a request asks for. */
export const requestIntent = (deal: string, key: string): string => `request|${deal}|${key}`;

/**
 * What makes two sends the same send. A stage: this entry into it, by the CRM's own time of entry, however often and by whomever it was heard.
 * A person's request: its key. A retry: the envelope that expired, and which attempt follows.
 */
export function intentOf(purpose: DealPurpose, { deal }: Snapshot, last: { intent: string; attempt: number } | null): string {
  switch (purpose.kind) {
    case 'stage':
    case 'held':
      return `stage|${deal.id}|${deal.pipeline}|${deal.stage}|${deal.enteredAt ?? 'once'}`;
    case 'request':
      return requestIntent(deal.id, purpose.key);
    case 'retry':
      return `${last?.intent ?? ''}|again-${(last?.attempt ?? 0) + 1}`;
  }
}
