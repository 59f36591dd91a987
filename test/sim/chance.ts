/**
 * Chance by name: what happens to a message follows from the seed and from which message it is, never from how many were drawn before. So a story from which
 * something is taken away stays otherwise the same, and can be shortened.
 */
export interface Chance {
  /** In [0, 1), always the same for one name. */
  of(...name: (string | number)[]): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number, ...name: (string | number)[]): number;
  pick<T>(from: readonly T[], ...name: (string | number)[]): T;
}

export function createChance(seed: number): Chance {
  const of = (...name: (string | number)[]): number => mix(hash(name.join('|'), seed));
  return {
    of,
    between: (least, most, ...name) => least + Math.floor(of(...name) * (most - least + 1)),
    pick(from, ...name) {
      const picked = from[Math.floor(of(...name) * from.length)];
      if (picked === undefined) throw new Error('There is nothing to pick from.');
      return picked;
    },
  };
}

/** FNV-1a, begun with the seed. */
function hash(text: string, seed: number): number {
  let state = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

/** Mulberry32's last step: neighbouring states give numbers far apart. */
function mix(state: number): number {
  let mixed = (state + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}
