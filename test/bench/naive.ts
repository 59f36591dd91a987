import { measure, type Kind, type Measured } from './contest.ts';
import { atLeast, median, shown, type Bench, type Figure } from './figures.ts';
import { pinLoad } from './servers.ts';

const ROUNDS = 3;
const GOALS: Record<number, number> = { 16: 3, 64: 5 };
const OF_UNSAFE = 2;
const KINDS = ['product', 'naive', 'naive, NORMAL'] as const satisfies Kind[];

/** P2: the same events against what most would write, one commit an event, durable and as better-sqlite3 has it where nobody asks. */
export const naive: Bench = async (say) => {
  pinLoad();
  const figures: Figure[] = [];
  for (const connections of [16, 64]) {
    const rounds: Record<(typeof KINDS)[number], Measured>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const one = {
        product: await measure('product', { connections }),
        naive: await measure('naive', { connections }),
        'naive, NORMAL': await measure('naive, NORMAL', { connections }),
      };
      say(`${connections} connections: ${KINDS.map((kind) => `${kind} ${Math.round(one[kind].perSecond)}/s, ${Math.round(one[kind].cpuUs)} µs`).join('; ')}`);
      rounds.push(one);
    }
    const times = (kind: (typeof KINDS)[number]) => median(rounds.map((one) => one.product.perSecond / one[kind].perSecond));
    figures.push(
      atLeast(`of node:http with one commit an event, ${connections} connections`, times('naive'), 'x', GOALS[connections] ?? 0),
      atLeast(`of the same at synchronous NORMAL, ${connections} connections`, times('naive, NORMAL'), 'x', OF_UNSAFE),
      ...KINDS.map((kind) => shown(`${kind}, ${connections} connections`, median(rounds.map((one) => one[kind].perSecond)), 'events/s')),
      ...KINDS.map((kind) => shown(`${kind}, ${connections} connections, processor an event`, median(rounds.map((one) => one[kind].cpuUs)), 'µs')),
    );
  }
  return figures;
};
