const WIDTH = 24;
/** On a terminal the line is drawn again so often at most; elsewhere a line is written so often. */
const DRAW_MS = 100;
const LINE_MS = 10_000;

export interface Bar {
  step(what: string, done: number, of: number): void;
  /** Leaves an empty line for what comes next. */
  end(): void;
}

/** How far something long is, on the standard error: one line that is drawn again on a terminal, a line now and then elsewhere, nothing where `quiet`. */
export function progressBar(quiet: boolean, out: { isTTY?: boolean; write(text: string): unknown } = process.stderr, now: () => number = Date.now): Bar {
  const terminal = out.isTTY === true;
  let next = terminal ? 0 : now() + LINE_MS;
  return {
    step(what, done, of) {
      if (quiet || now() < next) return;
      next = now() + (terminal ? DRAW_MS : LINE_MS);
      const share = of === 0 ? 1 : Math.min(1, done / of);
      const full = Math.round(share * WIDTH);
      const counted = `${done.toLocaleString('en')} of ${of.toLocaleString('en')}`;
      out.write(terminal ? `\r\u001b[K[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${what} ${counted}` : `${what}: ${counted}\n`);
    },
    end: () => void (!quiet && terminal && out.write('\r\u001b[K')),
  };
}
