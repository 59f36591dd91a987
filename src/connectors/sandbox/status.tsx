const WRONG = ['declined', 'blocked', 'failed', 'expired', 'voided'];
/** How a signature's status looks: good, bad, or under way. */
const toneOf = (status: string): string => (status === 'completed' ? 'fine' : WRONG.includes(status) ? 'wrong' : '');

/** A name out of the API as people read it. */
export const spoken = (value: string): string => value.charAt(0).toUpperCase() + value.slice(1).replaceAll('_', ' ');

/** Nothing where there is no status. */
export function StatusTag({ status }: { status: unknown }) {
  return typeof status === 'string' ? <span class={`tag ${toneOf(status)}`}>{spoken(status)}</span> : null;
}
