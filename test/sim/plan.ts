import { createChance, type Chance } from './chance.ts';
import { DEEDS, type Deed } from './sign.ts';
import { STAGES, type StageName } from './crm.ts';
import type { Weather } from './network.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** One thing that happens in a story, at a time after its beginning. Tenants and machines by number. */
export type Happening = { at: number } & (
  | { do: 'move'; tenant: number; deal: string; stage: StageName }
  | { do: 'ask'; tenant: number; deal: string; key: string }
  | { do: Deed; tenant: number; deal: string }
  | { do: 'void'; tenant: number; deal: string }
  | { do: 'grant' | 'withdraw'; tenant: number; contact: string }
  | { do: 'crash'; machine: number; steps: number; downMs: number }
  | { do: 'outage' | 'storm' | 'clog'; side: Side; tenant: number; ms: number }
  | { do: 'revoke'; side: Side; tenant: number }
  | { do: 'jump'; machine: number; ms: number }
);
export type Side = 'crm' | 'sign';

/** A whole story before it is told: what happens, and how bad the weather is. The same seed makes the same plan. */
export interface Plan {
  seed: number;
  happenings: Happening[];
  weather: Weather;
  /** How long a process may wait for the database between two uses of it. */
  pauseMs: number;
  /** How long after the last happening the weather turns fair. */
  afterMs: number;
}

const DEALS = ['deal-1', 'deal-2', 'deal-3'] as const;
const DRY: Weather = { lost: 0, repeated: 0, late: 0, forged: 0, lostReply: 0, unavailable: 0, tooMany: 0, torn: 0, slow: 0, refused: 0 };
/** The worst that each may be in a story; each is absent in half of them, so that every mixture comes. */
const WORST: Weather = { lost: 0.5, repeated: 0.4, late: 0.4, forged: 0.2, lostReply: 0.15, unavailable: 0.15, tooMany: 0.1, torn: 0.1, slow: 0.2, refused: 0.15 };

/** Half of all happenings are people's, half of those about one deal: stories that meet themselves find more than stories that pass by. */
export function planOf(seed: number, events: number): Plan {
  const chance = createChance(seed);
  const span = chance.pick([2 * MINUTE, 20 * MINUTE, 90 * MINUTE, 5 * HOUR], 'span');
  const happenings = Array.from({ length: events }, (_, nth): Happening => {
    const bare = happening(chance, nth);
    // Half of the crashes come within seconds of something else, when there is something to lose.
    const near = bare.do === 'crash' && nth > 0 && chance.of('near', nth) < 0.5;
    const at = near
      ? Math.floor(chance.of('at', chance.between(0, nth - 1, 'beside', nth)) * span) + chance.between(0, 4_000, 'soon', nth)
      : Math.floor(chance.of('at', nth) * span);
    return { ...bare, at };
  }).sort((a, b) => a.at - b.at);
  const weather = { ...DRY };
  for (const fault of Object.keys(WORST) as (keyof Weather)[]) if (chance.of('is', fault) < 0.5) weather[fault] = WORST[fault] * chance.of('how', fault);
  return { seed, happenings, weather, pauseMs: chance.pick([0, 0, 20, 2_000], 'pause'), afterMs: chance.pick([0, 0, 90 * MINUTE], 'after') };
}

type Bare = Happening extends infer One ? (One extends { at: number } ? Omit<One, 'at'> : never) : never;

function happening(chance: Chance, nth: number): Bare {
  const n = (name: string) => [name, nth] as const;
  const tenant = chance.of(...n('tenant')) < 0.65 ? 0 : 1;
  const deal = chance.of(...n('which')) < 0.5 ? 'deal-1' : chance.pick(DEALS, ...n('deal'));
  const side = chance.pick(['crm', 'sign'] as const, ...n('side'));
  const machine = chance.between(0, 1, ...n('machine'));
  const draw = chance.of(...n('kind')) * 100;
  // The first brings something about, or the rest would have nothing to go wrong with.
  if (nth === 0 || draw < 22) return { do: 'move', tenant, deal, stage: nth === 0 || chance.of(...n('to')) < 0.7 ? 'contract' : chance.pick(STAGES, ...n('stage')) };
  if (draw < 27) return { do: 'ask', tenant, deal, key: `key-${chance.between(1, 3, ...n('key'))}` };
  if (draw < 60) return { do: chance.pick(DEEDS, ...n('deed')), tenant, deal };
  if (draw < 64) return { do: 'void', tenant, deal };
  if (draw < 74) return { do: chance.of(...n('consent')) < 0.5 ? 'grant' : 'withdraw', tenant, contact: `contact-${deal.slice(5)}` };
  if (draw < 87)
    return {
      do: 'crash',
      machine,
      steps: chance.pick([1, 3, 12, 60, 400], ...n('scale')) * chance.between(1, 6, ...n('steps')),
      downMs: chance.between(500, 10 * MINUTE, ...n('down')),
    };
  if (draw < 94) return { do: chance.pick(['outage', 'storm', 'clog'] as const, ...n('plight')), side, tenant, ms: chance.pick([30_000, 10 * MINUTE, 100 * MINUTE], ...n('ms')) };
  if (draw < 97) return { do: 'revoke', side, tenant };
  const far = chance.pick([2_000, 45_000, 45_000, 10 * MINUTE], ...n('far'));
  return { do: 'jump', machine, ms: chance.between(-far, far, ...n('jump')) };
}

/** A story with some of its happenings, and without some of its weather. */
export const without = (plan: Plan, keep: readonly Happening[], dry: readonly (keyof Weather)[] = []): Plan => ({
  ...plan,
  happenings: [...keep],
  weather: { ...plan.weather, ...Object.fromEntries(dry.map((fault) => [fault, 0])) },
});
