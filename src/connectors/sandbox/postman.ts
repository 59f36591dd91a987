import { setMaxListeners } from 'node:events';
import type { Clock } from '#lib/clock';
import type { Random } from '#lib/random';
import type { Faults } from '#ports/sandbox';

/** One webhook to send. `build` is called for each attempt, because vendors sign anew and count their attempts. */
export interface Letter {
  url: string;
  build(attempt: number): { headers: Record<string, string>; body: string };
}
export interface Postman {
  post(letter: Letter): void;
  /** Resolves when nothing is on its way any more. */
  quiet(): Promise<void>;
  close(): void;
  /** Deliveries so far, by the status that answered them (0: no answer). */
  answers(): Record<number, number>;
}

/** Sends webhooks over real HTTP: repeats them on refusal after each of `retryMs`, and duplicates, reorders, delays, drops or mis-signs as `faults` says. */
export function createPostman(options: { faults: Faults; random: Random; clock: Clock; retryMs: number[]; spoil: (headers: Record<string, string>) => void }): Postman {
  const { faults, random, clock, retryMs, spoil } = options;
  const stop = new AbortController();
  // Each delivery that waits listens to it, and there may be many.
  setMaxListeners(0, stop.signal);
  const underWay = new Set<Promise<void>>();
  const answers: Record<number, number> = {};
  let held: Letter | null = null;

  const pause = () => clock.sleep(random() * faults.maxPauseMs, stop.signal);
  function track(work: Promise<void>) {
    const tracked: Promise<void> = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }

  async function deliver(letter: Letter): Promise<void> {
    if (random() < faults.delay) await pause();
    for (let attempt = 0; attempt <= retryMs.length && !stop.signal.aborted; attempt++) {
      const { headers, body } = letter.build(attempt);
      if (random() < faults.wrongSignature) spoil(headers);
      const status = await fetch(letter.url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(5000) }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      answers[status] = (answers[status] ?? 0) + 1;
      if (status >= 200 && status < 300) return;
      const wait = retryMs[attempt];
      if (wait !== undefined) await clock.sleep(wait, stop.signal);
    }
  }

  async function releaseHeld(letter: Letter): Promise<void> {
    await pause();
    if (held === letter) {
      held = null;
      await deliver(letter);
    }
  }

  return {
    post(letter) {
      if (stop.signal.aborted || random() < faults.drop) return;
      if (random() < faults.duplicate) track(deliver(letter));
      if (!held && random() < faults.reorder) {
        held = letter;
        return track(releaseHeld(letter));
      }
      track(deliver(letter));
      if (held) {
        const late = held;
        held = null;
        track(deliver(late));
      }
    },
    async quiet() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () => stop.abort(),
    answers: () => ({ ...answers }),
  };
}
