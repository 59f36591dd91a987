import * as z from 'zod';

const MOST_SENDS = 10_000;
const DAY_MINUTES = 1440;

/** `ceiling` under the policies of a send rule. */
export const ceiling = z
  .strictObject({
    sends: z
      .number()
      .int()
      .min(1)
      .max(MOST_SENDS)
      .optional()
      .describe('So many envelopes, within the minutes below. When more deals enter at once, all of them are held for a review.'),
    minutes: z.number().int().min(1).max(DAY_MINUTES).optional(),
    firstRun: z
      .number()
      .int()
      .min(1)
      .max(MOST_SENDS)
      .optional()
      .describe('So many on the first day of a rule that is new or starts otherwise than before. What comes after waits for a review.'),
  })
  .describe('How much the rule may send by itself before a person has to look. What is left out is the default of the server. Whoever presses Send is never held.');
