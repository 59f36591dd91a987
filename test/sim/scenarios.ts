import type { Base } from './base.ts';
import { moveDeal } from './crm.ts';
import type { Weather } from './network.ts';
import { planOf, type Happening, type Plan } from './plan.ts';
import { act } from './sign.ts';
import { simulate } from './simulate.ts';
import { FAIR } from './base.ts';
import type { Stage } from './story.ts';

/** A story with a purpose: what it came to in words, and what in it should not be. */
export interface Outcome {
  say: string;
  faults: string[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const directed = (happenings: Happening[], weather: Partial<Weather> = {}): Plan => ({ ...planOf(1, 0), happenings, weather: { ...FAIR, ...weather }, pauseMs: 0, afterMs: 0 });
const enter = (at: number, deal: string): Happening => ({ at, do: 'move', tenant: 0, deal, stage: 'contract' });
const deed = (at: number, what: 'view' | 'sign', deal: string): Happening => ({ at, do: what, tenant: 0, deal });
const broken = (violations: { invariant: string; say: string }[]) => violations.map(({ invariant, say }) => `${invariant}: ${say}`);

/** R4: the CRM is away for an hour while three deals are signed; every state is written once it is back, and nothing had to be looked at by a person. */
export async function crmAway(base: Base): Promise<Outcome> {
  const deals = ['deal-1', 'deal-2', 'deal-3'];
  const away: Happening = { at: 2 * MINUTE, do: 'outage', side: 'crm', tenant: 0, ms: HOUR };
  const signed = deals.flatMap((deal, n) => [deed(5 * MINUTE + n, 'view', deal), deed(10 * MINUTE + n, 'sign', deal), deed(40 * MINUTE + n, 'sign', deal)]);
  const told = await simulate(base, directed([...deals.map((deal, n) => enter(n, deal)), away, ...signed]));
  const replayed = told.lines.filter((line) => line.includes('a person')).length;
  const faults = [
    ...broken(told.violations),
    ...(replayed > 0 ? [`A person had to act ${replayed} times.`] : []),
    ...(told.envelopes === deals.length ? [] : [`${told.envelopes} envelopes of ${deals.length}.`]),
  ];
  return {
    say: `CRM away for an hour: ${told.envelopes} envelopes, ${told.calls.get('crm-ada write') ?? 0} writes asked for, ${told.faults.get('outage') ?? 0} of its calls in vain.`,
    faults,
  };
}

const DEALS = 300;
const LOST = [0, 0.1, 0.5, 1];

/** R7: with some of the webhooks lost, and with all of them, one round of asking brings everything in place; asking costs at most 0.02 calls an envelope. */
async function webhooksLost(base: Base, lost: number): Promise<Outcome> {
  let asked = { crm: 0, sign: 0 };
  const callsOf = ({ network }: Stage) => ({ crm: network.calls.get('crm-ada changes') ?? 0, sign: network.calls.get('sign-ada changes') ?? 0 });
  const read = { count: 0, behind: 0 };
  const direct = (stage: Stage) => {
    const crm = stage.crms.get('crm-ada');
    const sign = stage.signs.get('sign-ada');
    if (!crm || !sign) return;
    for (let n = 4; n <= DEALS; n++) {
      crm.deals.set(`deal-${n}`, { id: `deal-${n}`, stage: 'new', enteredAt: base.start, changedAt: 0, fields: { name: `ada deal ${n}`, amount: 10, source: 'ada-newsletter' } });
      crm.contacts.set(`contact-${n}`, { email: `signer${n}@ada.example.com`, name: `ada Signer ${n}` });
    }
    const { scheduler } = stage;
    scheduler.after(MINUTE, () => [...crm.deals.keys()].forEach((id) => moveDeal(crm, stage.send, id, 'contract', scheduler.now())), null);
    scheduler.after(2 * HOUR + 5 * MINUTE, () => sign.envelopes.forEach((envelope) => act(sign, stage.send, envelope, 'view', scheduler.now())), null);
    scheduler.after(2 * HOUR + 6 * MINUTE, () => (asked = callsOf(stage)), null);
    // One cycle of asking an account lasts an hour here.
    scheduler.after(
      3 * HOUR + 10 * MINUTE,
      () => {
        const now = callsOf(stage);
        read.count = now.sign - asked.sign;
        void base.disk.query<{ id: string }>("select id from envelopes where status <> 'viewed'").then((behind) => (read.behind = behind.length));
      },
      null,
    );
  };
  const told = await simulate(base, directed([{ at: 3 * HOUR + 11 * MINUTE, do: 'view', tenant: 1, deal: 'deal-1' }], { lost }), null, direct);
  const each = read.count / DEALS;
  const polled = told.calls.get('sign-ada status') ?? 0;
  const faults = [
    ...broken(told.violations),
    ...(told.envelopes === DEALS ? [] : [`${told.envelopes} envelopes of ${DEALS}.`]),
    ...(read.behind === 0 ? [] : [`${read.behind} envelopes were not as the provider had them after one cycle.`]),
    ...(each <= 0.02 ? [] : [`${each.toFixed(3)} calls an envelope.`]),
    ...(polled === 0 ? [] : [`${polled} envelopes were polled one by one.`]),
  ];
  return {
    say: `${lost * 100} % of webhooks lost: ${told.envelopes} envelopes, ${read.count} list calls in a cycle, ${each.toFixed(3)} an envelope, ${polled} polled one by one.`,
    faults,
  };
}

export const SCENARIOS: Record<string, (base: Base) => Promise<Outcome>> = {
  'R4 CRM away': crmAway,
  ...Object.fromEntries(LOST.map((lost) => [`R7 ${lost * 100} % lost`, (base: Base) => webhooksLost(base, lost)])),
};
