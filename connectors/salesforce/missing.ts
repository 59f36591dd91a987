import { Problem } from '#core/problem';

const FIX = 'assign the permission set Countersign Integration to the user that is connected';

/** The org lacks an object that our package brings, or hides it from the user. It looks the same from outside, so both remedies are named. */
export function missing(object: string): Problem {
  const say = `The connected user sees no ${object} in this org. Install the Countersign package, and ${FIX}. It is looked at again by itself; no new connection is needed.`;
  return new Problem('feature.unsupported', { say, facts: { object } });
}

/** Fields that our package brings are hidden, or may not be written. */
export function hidden(object: string, fields: readonly string[]): Problem {
  const some = fields.slice(0, 8).join(', ');
  const more = fields.length > 8 ? ` and ${fields.length - 8} more` : '';
  const say = `The connected user may not see or write ${some}${more} of ${object}. Update the Countersign package to its newest version, and ${FIX}. It is looked at again by itself; no new connection is needed.`;
  return new Problem('feature.unsupported', { say, facts: { object, fields: fields.length } });
}
