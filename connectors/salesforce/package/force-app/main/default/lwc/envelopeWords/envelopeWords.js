const WORDS = {
  requested: 'Requested',
  sent: 'Sent',
  viewed: 'Viewed',
  partially_signed: 'Partially signed',
  completed: 'Completed',
  declined: 'Declined',
  voided: 'Voided',
  expired: 'Expired',
  failed: 'Failed',
  waiting: 'Waiting',
  bounced: 'Address not reached',
  signed: 'Signed',
};
const GOOD_STORY = ['requested', 'sent', 'viewed', 'partially_signed', 'completed'];
const ENDED_BADLY = ['declined', 'voided', 'expired', 'failed'];

/** A status of an envelope or of a recipient as people read it. */
export const wordFor = (status) => WORDS[status] ?? status;

/** Whether nothing can change the envelope any more. */
export const isFinal = (status) => status === 'completed' || ENDED_BADLY.includes(status);

/** Whether the envelope ended without everybody's signature. */
export const endedBadly = (status) => ENDED_BADLY.includes(status);

/** Steps of the path to show: the story that goes well, with the end that it has had instead. */
export function pathOf(status) {
  const steps = endedBadly(status) ? [...GOOD_STORY.slice(0, -1), status] : GOOD_STORY;
  return steps.map((value) => ({ value, label: wordFor(value) }));
}
