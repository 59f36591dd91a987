import type { Child } from 'hono/jsx';

const WIDTH = 600;
const HEIGHT = 120;

export interface Step {
  label: string;
  count: number;
}

/** How many of those before come to each step, as a band that narrows. The same figures stand below it as text. */
export function Funnel({ id, title, steps }: { id: string; title: string; steps: Step[] }) {
  const [first] = steps;
  if (!first || first.count === 0) return null;
  const width = WIDTH / steps.length;
  const share = (count: number): number => count / first.count;
  const say = steps.map(({ label, count }) => `${label} ${count}, ${percent(count, first.count)}`).join('; ');
  return (
    <figure class="chart">
      <svg class="funnel" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={`${id}-title ${id}-say`}>
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-say`}>{say}</desc>
        {steps.map(({ count }, index) => {
          const next = steps[index + 1]?.count ?? count;
          return <polygon class={`band step-${index}`} points={band(index * width, (index + 1) * width, share(count), share(next))} />;
        })}
      </svg>
      <ol class="funnel-steps">
        {steps.map(({ label, count }) => (
          <li>
            <b class="figure">{count}</b> {label} <span class="soft">{percent(count, first.count)}</span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

/** As high as its share for most of its width, and then down to the next one's. */
function band(from: number, to: number, share: number, next: number): string {
  const slope = from + (to - from) * 0.72;
  const top = (part: number): number => round((HEIGHT * (1 - Math.max(part, 0.015))) / 2);
  const bottom = (part: number): number => round(HEIGHT - top(part));
  const points = [
    [from, top(share)],
    [slope, top(share)],
    [to - 2, top(next)],
    [to - 2, bottom(next)],
    [slope, bottom(share)],
    [from, bottom(share)],
  ];
  return points.map(([x, y]) => `${round(x ?? 0)},${y ?? 0}`).join(' ');
}

export interface Bar {
  label: Child;
  /** The label as text. */
  name: string;
  amount: number;
  say: string;
}

/** Amounts beside each other, the largest as long as there is room. */
export function Bars({ title, bars }: { title: string; bars: Bar[] }) {
  const most = Math.max(...bars.map(({ amount }) => amount), 0);
  if (most <= 0) return null;
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <ul class="bars">
        {bars.map(({ label, name, amount, say }) => (
          <li>
            <span class="bar-name">{label}</span>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img">
              <title>{`${name}: ${say}`}</title>
              <rect class="track" width="100" height="10" />
              <rect class="bar" width={String(round((Math.max(amount, 0) / most) * 100))} height="10" />
            </svg>
            <span class="bar-say">{say}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
export const percent = (count: number, of: number): string => (of === 0 ? '–' : `${Math.round((count / of) * 100)} %`);
