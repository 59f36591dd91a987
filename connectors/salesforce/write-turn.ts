import type { InstallId } from '#core/ids';

const turns = new Map<InstallId, Promise<unknown>>();

/**
 * Runs the writes to one org one after another. Those of an envelope, its recipients and its opportunity lock each other's rows, and their account's, and an org's
 * triggers lock more: side by side they cost UNABLE_TO_LOCK_ROW and are sent again. Two hundred records a call are fast enough in one row.
 */
export function inTurn<T>(install: InstallId, work: () => Promise<T>): Promise<T> {
  const before = turns.get(install) ?? Promise.resolve();
  const mine = before.then(work, work);
  turns.set(install, mine);
  const leave = (): void => void (turns.get(install) === mine && turns.delete(install));
  mine.then(leave, leave);
  return mine;
}
