import { contest, figuresOf, ratioOf, type Racer } from './contest.ts';
import { atLeast, type Bench, type Figure } from './figures.ts';
import { pinLoad } from './servers.ts';

const GOALS: Record<number, number> = { 16: 3, 64: 5 };
const OF_UNSAFE = 2;
const RACERS = { product: { kind: 'product' }, naive: { kind: 'naive' }, 'naive, NORMAL': { kind: 'naive, NORMAL' } } as const satisfies Record<string, Racer>;

/** P2: the same events against what most would write, one commit an event, durable and as better-sqlite3 has it where nobody asks. */
export const naive: Bench = async (say) => {
  pinLoad();
  const figures: Figure[] = [];
  for (const connections of [16, 64]) {
    say(`${connections} connections`);
    const turns = await contest(RACERS, connections);
    figures.push(
      atLeast(`of node:http with one commit an event, ${connections} connections`, ratioOf(turns.product, turns.naive), 'x', GOALS[connections] ?? 0),
      atLeast(`of the same at synchronous NORMAL, ${connections} connections`, ratioOf(turns.product, turns['naive, NORMAL']), 'x', OF_UNSAFE),
      ...figuresOf(turns, connections),
    );
  }
  return figures;
};
