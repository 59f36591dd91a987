/** A number with its noun: `1 gap`, `2 gaps`. */
export const counted = (count: number, noun: string, nouns = `${noun}s`): string => `${count} ${count === 1 ? noun : nouns}`;
