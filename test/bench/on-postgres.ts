import { contest, figuresOf, ratioOf } from './contest.ts';
import { atLeast, shown, type Bench, type Figure } from './figures.ts';
import { withPostgres } from './postgres-places.ts';
import { pinLoad } from './servers.ts';

const GOALS: Record<number, number> = { 64: 0.6 };

/** P6: one process on PostgreSQL beside a bare server on the same one, in databases of their own. */
export const onPostgres: Bench = (say) => {
  pinLoad();
  return withPostgres(async (fresh) => {
    const figures: Figure[] = [];
    for (const connections of [16, 64]) {
      say(`${connections} connections`);
      const turns = await contest({ product: { kind: 'product', database: fresh }, 'bare server': { kind: 'floor on PostgreSQL', database: fresh } }, connections);
      const name = `of the bare server's rate, ${connections} connections`;
      const ratio = ratioOf(turns.product, turns['bare server']);
      const goal = GOALS[connections];
      figures.push(goal === undefined ? shown(name, ratio, 'x') : atLeast(name, ratio, 'x', goal), ...figuresOf(turns, connections));
    }
    return figures;
  });
};
