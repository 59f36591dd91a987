/** One measured number. `goal` is null where a figure only gives context. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  goal: string | null;
  ok: boolean | null;
}
/** A bench measures, and may say what it is doing meanwhile. */
export type Bench = (say: (line: string) => void) => Promise<Figure[]>;

const rounded = (value: number): number => Number(value.toPrecision(Math.abs(value) >= 1000 ? 5 : 3));

export const shown = (name: string, value: number, unit: string): Figure => ({ name, value: rounded(value), unit, goal: null, ok: null });
export const atLeast = (name: string, value: number, unit: string, goal: number): Figure => ({ name, value: rounded(value), unit, goal: `>= ${goal}`, ok: value >= goal });
export const atMost = (name: string, value: number, unit: string, goal: number): Figure => ({ name, value: rounded(value), unit, goal: `<= ${goal}`, ok: value <= goal });

/** The value below which `part` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Figures as a table for people. */
export function table(figures: readonly Figure[]): string {
  const verdict = ({ ok }: Figure) => (ok === null ? '' : ok ? 'yes' : 'NO');
  const rows = [['name', 'value', 'unit', 'goal', 'ok'], ...figures.map((figure) => [figure.name, String(figure.value), figure.unit, figure.goal ?? '', verdict(figure)])];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
