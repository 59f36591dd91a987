import type { DealPurpose } from '#core/fact';
import type { Snapshot } from '#core/records';

/**
 * What makes two sends the same send. A stage: this entry into it, by the CRM's own time of entry, however often and by whomever it was heard.
 * A person's request: its key. A retry: the envelope that expired, and which attempt follows.
 */
export function intentOf(purpose: DealPurpose, { deal }: Snapshot, last: { intent: string; attempt: number } | null): string {
  switch (purpose.kind) {
    case 'stage':
      return `stage|${deal.id}|${deal.pipeline}|${deal.stage}|${deal.enteredAt ?? 'once'}`;
    case 'request':
      return `request|${deal.id}|${purpose.key}`;
    case 'retry':
      return `${last?.intent ?? ''}|again-${(last?.attempt ?? 0) + 1}`;
  }
}
