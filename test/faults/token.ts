import { atMost, shown } from '../bench/figures.ts';
import { databaseFaults, storyFaults, type Faults } from './books.ts';
import type { Fault } from './fault.ts';
import { onStage, quiet } from './stage.ts';
import { createStories } from './stories.ts';

const TOKENS = /\/oauth\/(?:[\w-]+\/)?token$/;
const PATIENCE_MS = 60_000;

/** R11: the process is killed after the vendor has given a new token and before it is stored. It comes back by itself, and asks no person. */
export const token: Fault = ({ rounds, engine, say }) => {
  let armed: (() => void) | null = null;
  let grants = 0;
  let together = 0;
  let most = 0;
  const through = async (request: Request, land: () => Promise<Response>): Promise<Response> => {
    if (!TOKENS.test(new URL(request.url).pathname)) return land();
    grants += 1;
    most = Math.max(most, ++together);
    const answer = await land();
    together -= 1;
    // The vendor has changed its mind about the old token; the answer is on its way and never arrives.
    armed?.();
    return answer;
  };
  return onStage({ engine, front: { through } }, async (stage) => {
    const stories = createStories(stage.front.sandbox, Math.random);
    const faults: Faults = [];
    const before = grants;
    let longestMs = 0;
    for (let round = 1; round <= rounds; round++) {
      const killed = new Promise<void>((resolve) => {
        armed = () => {
          armed = null;
          process.kill(stage.processes[0]?.pid ?? 0, 'SIGKILL');
          resolve();
        };
      });
      stage.front.sandbox.hubspot.expireTokens();
      stories.begin(1);
      await Promise.race([killed, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
      await stage.processes[0]?.kill();
      const begun = performance.now();
      await stage.startAll();
      await stage.until('the story to go on', () => stories.unfinished() === undefined, PATIENCE_MS).catch((error: unknown) => faults.push(`round ${round}: ${String(error)}`));
      longestMs = Math.max(longestMs, performance.now() - begun);
      const { state } = await stage.look((db) => db.selectFrom('installs').select('state').where('id', '=', stage.seeded.crm.id).executeTakeFirstOrThrow());
      if (state !== 'active') faults.push(`round ${round}: the account is "${state}"`);
      say(`${round} of ${rounds}: killed between grant and commit, ${grants - before} grants so far`);
    }
    faults.push(...(await quiet(stage, stories)), ...storyFaults(stories), ...(await stage.look(databaseFaults)));
    stories.stop();
    return {
      faults,
      figures: [
        shown('kills between a token and its commit', rounds, 'kills'),
        atMost('grants, two a kill where nothing loops', (grants - before) / rounds, 'grants a kill', 3),
        atMost('grants at the same time', most, 'grants', 1),
        shown('from the start to the end of the story, the longest', longestMs / 1000, 's'),
      ],
    };
  });
};
