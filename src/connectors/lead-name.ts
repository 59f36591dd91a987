/** A name as people write it, in the two parts that CRMs keep: the last word is the last name, and a single word is one. */
export function namesOf(name: string): { first: string; last: string } {
  const words = name.trim().split(/\s+/);
  const last = words.pop() ?? '';
  return { first: words.join(' '), last };
}
