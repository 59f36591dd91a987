/** How the credit for one result is shared among the touchpoints that led to it. */
export const MODELS = ['first', 'last', 'linear', 'position', 'decay'] as const;
export type Model = (typeof MODELS)[number];

/** Days after which a touchpoint counts half under `decay`. */
export const HALF_LIFE_DAYS = 7;
/** What the first and the last touchpoint get under `position`; those between share the rest. */
export const POSITION_ENDS = 0.4;
const HALF_LIFE_MS = HALF_LIFE_DAYS * 86_400_000;

/** A touchpoint as models see it. `place` tells apart what happened in one moment: the lower one was told first. */
export interface Timed {
  at: number;
  place: number;
}

/**
 * The share of each touchpoint, in the order in which they are given, though that order changes nothing. Shares sum to 1; of no touchpoint there are none.
 */
export function weigh(model: Model, touches: readonly Timed[]): number[] {
  const order = touches.map((_, index) => index).sort((a, b) => inTime(touches[a], touches[b]));
  const shares = sharesInOrder(
    model,
    order.map((index) => touches[index]?.at ?? 0),
  );
  const weights = new Array<number>(touches.length).fill(0);
  order.forEach((index, place) => (weights[index] = shares[place] ?? 0));
  return weights;
}

function inTime(a: Timed | undefined, b: Timed | undefined): number {
  return a && b ? a.at - b.at || a.place - b.place : 0;
}

/** `times` run from the earliest to the latest. */
function sharesInOrder(model: Model, times: readonly number[]): number[] {
  const count = times.length;
  switch (model) {
    case 'first':
      return times.map((_, index) => (index === 0 ? 1 : 0));
    case 'last':
      return times.map((_, index) => (index === count - 1 ? 1 : 0));
    case 'linear':
      return times.map(() => 1 / count);
    case 'position':
      if (count < 3) return times.map(() => 1 / count);
      return times.map((_, index) => (index === 0 || index === count - 1 ? POSITION_ENDS : (1 - 2 * POSITION_ENDS) / (count - 2)));
    case 'decay': {
      // Counted back from the latest touchpoint: from the signature it would be the same shares, but a long wait would round them all to nothing.
      const latest = times.at(-1) ?? 0;
      const halved = times.map((at) => 2 ** ((at - latest) / HALF_LIFE_MS));
      const sum = halved.reduce((a, b) => a + b, 0);
      return halved.map((one) => one / sum);
    }
  }
}

/** Whole units by weight, which sum to `total` exactly: what rounding leaves over goes to the largest remainders, the earlier first. Without weights nobody gets any. */
export function allot(total: number, weights: readonly number[]): number[] {
  if (weights.length === 0) return [];
  const exact = weights.map((weight) => total * weight);
  const whole = exact.map((one) => Math.floor(one));
  const left = total - whole.reduce((a, b) => a + b, 0);
  const byRemainder = weights
    .map((_, index) => index)
    .sort((a, b) => (exact[b] ?? 0) - (whole[b] ?? 0) - ((exact[a] ?? 0) - (whole[a] ?? 0)) || (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  for (let given = 0; given < Math.abs(left); given++) {
    const index = byRemainder[given % byRemainder.length] ?? 0;
    whole[index] = (whole[index] ?? 0) + Math.sign(left);
  }
  return whole;
}
