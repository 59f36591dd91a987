const LOOK_MS = 500;

/** Calls `stop` once, when somebody ends this process: by a signal, or by ending the npm that started it, whose shell takes the signal and passes it on to nobody. */
export function onceAskedToStop(stop: () => void): void {
  let asked = false;
  const ask = (): void => {
    if (!asked) stop();
    asked = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, ask);
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) ask();
  }, LOOK_MS).unref();
}
