import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import type { AttributionId, TouchId } from '#core/ids';
import { LIMITS } from '#core/mapping/limits';
import { readMoney, type Money } from '#core/money';
import { cleanText, pageOf, readTime, type Touchpoint } from '#core/touch';

export type Via = 'capture' | 'script' | 'crm' | 'api';
/** A touchpoint with its place in the ledger. */
export interface KnownTouch extends Touchpoint {
  id: TouchId;
  /** Its place in the ledger: tells apart what happened in one moment. */
  place: number;
  via: Via;
}
/** A touchpoint as it was frozen. `id` is null where no ledger knows it: the names of the mapping told it, or a person corrected it. */
export interface FrozenTouch extends Touchpoint {
  id: TouchId | null;
  via: Via | 'correction';
}
/** What an attribution row holds. It names no person. */
export interface FrozenAttribution {
  first: FrozenTouch | null;
  last: FrozenTouch | null;
  /** Every touchpoint until then, earliest first. `hash` is SHA-256 of the canonical JSON of what they say; `count` may be above the number of `ids`, which is bounded. */
  chain: { count: number; ids: TouchId[]; hash: string };
  /** First and last touch by the names of the mapping, as they travel with the envelope. */
  names: Record<string, string>;
  /** The deal's amount at send, where the mapping names it. */
  value: Money | null;
  deal: string;
  rule: string;
  template: string;
  /** The CRM's id of the deal's owner. */
  owner: string | null;
  /** How many people have to sign. */
  recipients: number;
  /** Of a row at signature: the row at send. */
  sent?: AttributionId;
}

/** So many touchpoints are named in one row; a person with more keeps the first and the newest of them there, and all in the ledger. */
export const CHAIN_IDS = 5_000;

export const inOrder = (a: KnownTouch, b: KnownTouch): number => a.at - b.at || a.place - b.place;

/** First, last and whole chain of what happened until a moment. */
export function chainUntil(touches: readonly KnownTouch[], until: number): Pick<FrozenAttribution, 'first' | 'last' | 'chain'> {
  const chain = touches.filter(({ at }) => at <= until).sort(inOrder);
  const [first] = chain;
  const named = first && chain.length > CHAIN_IDS ? [first, ...chain.slice(1 - CHAIN_IDS)] : chain;
  const last = chain.at(-1);
  return {
    first: first ? frozen(first) : null,
    last: last ? frozen(last) : null,
    chain: { count: chain.length, ids: named.map(({ id }) => id), hash: hashChain(chain) },
  };
}

function frozen(touch: KnownTouch): FrozenTouch {
  const { place, ...rest } = touch;
  void place;
  return rest;
}

/** SHA-256 of what the touchpoints of a chain say, in their order. */
export function hashChain(chain: readonly KnownTouch[]): string {
  return sha256(canonicalJson(chain.map(frozen)));
}

const ENDS = ['first', 'last'] as const;
type End = (typeof ENDS)[number];
/** What a touchpoint's parts are called in a mapping, behind `first_` or `last_`. */
const TOLD = { source: 'source', medium: 'medium', campaign: 'campaign', campaign_id: 'campaignId', term: 'term', content: 'content' } as const;
const SEEN = { landing_page: 'landingPage', referrer: 'referrer' } as const;
/** Names that are known without any mapping, since touchpoints have them. */
export const TOUCH_NAMES: readonly string[] = ENDS.flatMap((end) => [...Object.keys(TOLD), ...Object.keys(SEEN), 'at'].map((name) => `${end}_${name}`));

/** First and last touchpoint under the names that mappings use; what is not known is absent. */
export function namesOf({ first, last }: Pick<FrozenAttribution, 'first' | 'last'>): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [end, touch] of [['first', first] as const, ['last', last] as const]) {
    if (!touch) continue;
    for (const [name, part] of Object.entries({ ...TOLD, ...SEEN })) if (touch[part]) names[`${end}_${name}`] = [...touch[part]].slice(0, LIMITS.attributionChars).join('');
    if (touch.dated !== false) names[`${end}_at`] = new Date(touch.at).toISOString();
  }
  return names;
}

const says = (names: Readonly<Record<string, string>>, end: End): boolean => Object.keys(TOLD).some((name) => names[`${end}_${name}`]);

/**
 * The names that a plan carries: what the CRM says holds. A first or last touch of which it says nothing is taken from the ledger as a whole, never half of one and half of another.
 */
export function fillNames(crm: Readonly<Record<string, string>>, known: Readonly<Record<string, string>>): Record<string, string> {
  const names = { ...crm };
  for (const end of ENDS) {
    if (says(crm, end)) continue;
    const told = Object.entries(known).filter(([name]) => name.startsWith(`${end}_`));
    // A time of which nobody knows what happened then would be the time of something else.
    if (told.length > 0) delete names[`${end}_at`];
    for (const [name, value] of told) names[name] = value;
  }
  return names;
}

/** The touchpoints that a CRM's fields tell, by the names of the mapping. */
export function touchesOfNames(names: Readonly<Record<string, string>>, readAt: number): Touchpoint[] {
  return ENDS.flatMap((end) => {
    if (!says(names, end)) return [];
    const time = readTime(names[`${end}_at`]);
    const touch: Touchpoint = time === null ? { at: readAt, dated: false } : { at: Math.min(time, readAt), ...(time > readAt ? { claimedAt: time } : {}) };
    for (const [name, part] of Object.entries(TOLD)) if (names[`${end}_${name}`]) touch[part] = cleanText(names[`${end}_${name}`]);
    for (const [name, part] of Object.entries(SEEN)) if (pageOf(names[`${end}_${name}`])) touch[part] = pageOf(names[`${end}_${name}`]);
    return [touch];
  });
}

/** Where the ledger knows nothing of a person, the names that went with the envelope still tell the ends of the chain. */
export function withNames(chain: Pick<FrozenAttribution, 'first' | 'last' | 'chain'>, names: Readonly<Record<string, string>>, at: number): typeof chain {
  if (chain.first) return chain;
  const told = Object.fromEntries(ENDS.map((end) => [end, touchesOfNames(Object.fromEntries(Object.entries(names).filter(([name]) => name.startsWith(`${end}_`))), at)[0]]));
  const first = told.first ?? told.last;
  const last = told.last ?? told.first;
  return { ...chain, first: first ? { ...first, id: null, via: 'crm' } : null, last: last ? { ...last, id: null, via: 'crm' } : null };
}

export const valueOf = (names: Readonly<Record<string, string>>): Money | null => readMoney(names.value, names.currency);

/** What a person may correct: the ends of the chain. */
export interface AttributionCorrection {
  first?: Touchpoint | undefined;
  last?: Touchpoint | undefined;
}

/** The content of a correcting row. Of a single touchpoint both ends are one, so what corrects one end corrects the other. */
export function corrected(before: FrozenAttribution, { first, last }: AttributionCorrection): FrozenAttribution {
  const made = (touch: Touchpoint | undefined): FrozenTouch | undefined => touch && { ...touch, id: null, via: 'correction' };
  const single = before.chain.count <= 1 && canonicalJson(before.first) === canonicalJson(before.last);
  const other = single ? (made(first) ?? made(last)) : undefined;
  return { ...before, first: made(first) ?? other ?? before.first, last: made(last) ?? other ?? before.last };
}

/** The touchpoints that share the credit: the frozen ends, and what lies between them. Two ends that are the same are one touchpoint. */
export function creditedOf({ first, last, chain }: FrozenAttribution, known: ReadonlyMap<TouchId, KnownTouch>): { at: number; place: number; touch: Touchpoint }[] {
  if (!first || !last) return [];
  const between = chain.ids.slice(1, -1).flatMap((id) => known.get(id) ?? []);
  const whole = canonicalJson(first) === canonicalJson(last) ? [first] : [first, ...between, last];
  // The frozen order holds, whatever time a correction names: the first touch stays the first.
  let latest = first.at;
  return whole.map((touch, place) => ({ at: (latest = Math.max(latest, touch.at)), place, touch }));
}
