export interface DiffLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
  /** Line numbers, from 1, in the text before and after. */
  before: number | null;
  after: number | null;
}

/** Cells of the comparison beyond which the middle is shown as replaced outright: time and memory stay bounded for any two texts. */
const CELLS = 4_000_000;

/** Two texts compared line by line: the longest common subsequence, after the equal head and tail are set aside. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const middle = compare(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const kinds: DiffLine['kind'][] = [...Array<'same'>(head).fill('same'), ...middle, ...Array<'same'>(tail).fill('same')];
  return number(kinds, old, now);
}

function compare(old: string[], now: string[]): DiffLine['kind'][] {
  if (old.length * now.length > CELLS) return [...old.map(() => 'gone' as const), ...now.map(() => 'new' as const)];
  const common = commonLengths(old, now);
  const kinds: DiffLine['kind'][] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      kinds.push('same');
      i++;
      j++;
    } else if (j >= now.length || (i < old.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) {
      kinds.push('gone');
      i++;
    } else {
      kinds.push('new');
      j++;
    }
  }
  return kinds;
}

/** `[i][j]`: how many lines `old` from i and `now` from j have in common, in order. */
function commonLengths(old: string[], now: string[]): Uint32Array[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    const [row, below] = [table[i], table[i + 1]];
    if (!row || !below) continue;
    for (let j = now.length - 1; j >= 0; j--) row[j] = old[i] === now[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
  }
  return table;
}

function number(kinds: DiffLine['kind'][], old: string[], now: string[]): DiffLine[] {
  let [i, j] = [0, 0];
  return kinds.map((kind) => {
    const text = (kind === 'new' ? now[j] : old[i]) ?? '';
    return { kind, text, before: kind === 'new' ? null : ++i, after: kind === 'gone' ? null : ++j };
  });
}
