import type { Flow } from '#flow/flow';

/** Tries to give something back while the database does not answer, and the pause between two. */
const TRIES = 10;
const PAUSE_MS = 1_000;

/** Gives back what a turn held. Where the database is gone just then, as soon as it answers again: a lease would keep its lane closed for minutes. */
export async function giveBack({ clock, log }: Pick<Flow, 'clock' | 'log'>, release: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await release();
    } catch (error) {
      if (tries >= TRIES) throw error;
      log.warn({ err: error }, 'a lane could not be given back yet');
      await clock.sleep(PAUSE_MS);
    }
  }
}
