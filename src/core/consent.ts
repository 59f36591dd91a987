/** Contract, disclosure and marketing are different things: none of them ever implies another. */
export const CONSENT_TYPES = ['contract', 'electronic-records', 'privacy-notice', 'terms', 'marketing'] as const;
export type ConsentType = (typeof CONSENT_TYPES)[number];
/** How a person is reached. Only marketing has a channel. */
export const CONSENT_CHANNELS = ['email', 'phone', 'sms', 'post'] as const;
export type ConsentChannel = (typeof CONSENT_CHANNELS)[number];
/** What an act says. `expired` is never an act: it is what a grant becomes. */
export const ACT_STATUSES = ['granted', 'declined', 'withdrawn'] as const;
export type ActStatus = (typeof ACT_STATUSES)[number];
export type ConsentStatus = ActStatus | 'expired';
/** How it was captured. In the first three the person acted; the last two are others' word for it. */
export const CONSENT_HOWS = ['envelope', 'capture', 'api', 'import', 'crm'] as const;
export type ConsentHow = (typeof CONSENT_HOWS)[number];
export const LEGAL_BASES = ['consent', 'contract', 'legal-obligation', 'legitimate-interest', 'none'] as const;
export type LegalBasis = (typeof LEGAL_BASES)[number];

/** What is agreed to. `purpose` and `channel` are null but for marketing; a null there means all of them, as in "unsubscribe from everything". */
export interface ConsentTopic {
  type: ConsentType;
  purpose: string | null;
  channel: ConsentChannel | null;
}
/** One act, as far as the present state rests on it. */
export interface ConsentAct extends ConsentTopic {
  status: ActStatus;
  how: ConsentHow;
  /** When the person acted, milliseconds since the epoch. */
  capturedAt: number;
  /** Place in the ledger: tells apart what was captured in one moment. */
  seq: number;
  expiresAt: number | null;
}
/** What a person must have agreed to before a step may reach them. */
export type ConsentNeed = 'none' | 'not-opted-out' | { channel: ConsentChannel; purpose: string };

const OWN_ACTS: ReadonlySet<ConsentHow> = new Set(['envelope', 'capture', 'api']);

/** Whether an act about `of` also speaks about `topic`: the same type, and each of purpose and channel equal or all. */
export function covers(of: ConsentTopic, topic: ConsentTopic): boolean {
  return of.type === topic.type && (of.purpose === null || of.purpose === topic.purpose) && (of.channel === null || of.channel === topic.channel);
}

/**
 * The act that counts for a topic now; undefined where nobody ever said anything. A withdrawal wins over everything captured before it or in the same moment, and over
 * whatever others say later: only a new act of the person lifts it.
 */
export function decisive<Act extends ConsentAct>(acts: readonly Act[], topic: ConsentTopic): Act | undefined {
  const about = acts.filter((act) => covers(act, topic)).sort(inOrder);
  const withdrawn = about.findLast((act) => act.status === 'withdrawn');
  if (!withdrawn) return about.at(-1);
  return about.findLast((act) => act.capturedAt > withdrawn.capturedAt && act.status !== 'withdrawn' && (act.status === 'declined' || OWN_ACTS.has(act.how))) ?? withdrawn;
}

function inOrder(a: ConsentAct, b: ConsentAct): number {
  return a.capturedAt - b.capturedAt || a.seq - b.seq;
}

export function statusOf(act: ConsentAct, now: number): ConsentStatus {
  return act.status === 'granted' && act.expiresAt !== null && act.expiresAt <= now ? 'expired' : act.status;
}

/** The present state of every topic that was ever spoken of, in the order of first mention. */
export function presentState<Act extends ConsentAct>(acts: readonly Act[], now: number): { topic: ConsentTopic; status: ConsentStatus; act: Act }[] {
  const topics = new Map(acts.map(({ type, purpose, channel }) => [JSON.stringify([type, purpose, channel]), { type, purpose, channel }]));
  return [...topics.values()].flatMap((topic) => {
    const act = decisive(acts, topic);
    return act ? [{ topic, status: statusOf(act, now), act }] : [];
  });
}

/** Whether a step that needs consent may reach the person of these acts now. */
export function isAllowed(need: ConsentNeed, acts: readonly ConsentAct[], now: number): boolean {
  if (need === 'none') return true;
  if (need !== 'not-opted-out') {
    const act = decisive(acts, { type: 'marketing', purpose: need.purpose, channel: need.channel });
    return act !== undefined && statusOf(act, now) === 'granted';
  }
  return presentState(
    acts.filter((act) => act.type === 'marketing'),
    now,
  ).every(({ status }) => status === 'granted' || status === 'expired');
}
