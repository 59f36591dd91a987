import { groupBy } from '#lib/group';
import { allot, weigh, type Model } from '#core/attribution-models';
import { creditedOf, type FrozenAttribution, type KnownTouch } from '#core/frozen-attribution';
import type { EnvelopeId, TouchId } from '#core/ids';
import type { Money } from '#core/money';
import { ENDINGS, STOPS, stopOf, type Ending, type EnvelopeStory, type Stop } from '#core/report-story';
import type { Touchpoint } from '#core/touch';

export const REPORT_BY = ['source', 'medium', 'campaign', 'template', 'owner'] as const;
export type ReportBy = (typeof REPORT_BY)[number];

/** One envelope that went out, as the ledgers tell it. */
export interface ReportedEnvelope {
  envelope: EnvelopeId;
  sentAt: number;
  sent: FrozenAttribution;
  signed: { at: number; data: FrozenAttribution } | null;
  story: EnvelopeStory;
}
/** How long something took, in milliseconds; null of none. */
export interface Spread {
  count: number;
  medianMs: number | null;
  p90Ms: number | null;
}
export interface Times {
  /** From the first touch until the envelope went out. */
  touchToSend: Spread;
  sendToView: Spread;
  viewToSign: Spread;
}
export interface ReportRow extends Times {
  /** Empty where nobody knows. */
  key: string;
  sent: number;
  viewed: number;
  signed: number;
  /** Share of the signed value by the model, one amount a currency. */
  value: Money[];
}
export interface Report {
  by: ReportBy;
  model: Model;
  rows: ReportRow[];
  total: Omit<ReportRow, 'key'>;
  stops: Record<Stop, Record<Ending, number>>;
}

/** Everything that a report says, from frozen rows and facts alone. */
export function buildReport(ask: { by: ReportBy; model: Model }, envelopes: readonly ReportedEnvelope[], touches: readonly KnownTouch[]): Report {
  const known = new Map(touches.map((touch) => [touch.id, touch] as const));
  const values = groupBy(
    envelopes.flatMap((one) => sharesOf(ask, one, known)),
    ({ key }) => key,
  );
  const groups = groupBy(envelopes, (one) => keyOf(ask.by, one.sent, one.sent.first));
  const rows = [...new Set([...groups.keys(), ...values.keys()])].map((key) => ({
    key,
    ...figures(groups.get(key) ?? []),
    value: sums((values.get(key) ?? []).map(({ money }) => money)),
  }));
  return {
    ...ask,
    rows: rows.sort((a, b) => b.signed - a.signed || b.sent - a.sent || (a.key < b.key ? -1 : 1)),
    total: { ...figures(envelopes), value: sums(envelopes.flatMap(({ signed }) => signed?.data.value ?? [])) },
    stops: stopsOf(envelopes),
  };
}

function keyOf(by: ReportBy, frozen: FrozenAttribution, touch: Touchpoint | null): string {
  switch (by) {
    case 'template':
      return frozen.template;
    case 'owner':
      return frozen.owner ?? '';
    case 'campaign':
      return touch?.campaign ?? touch?.campaignId ?? '';
    case 'source':
    case 'medium':
      return touch?.[by] ?? '';
  }
}

/** Who gets how much of an envelope's value. What no touchpoint can be credited with goes to nobody by name, so that every sum is the whole. */
function sharesOf({ by, model }: { by: ReportBy; model: Model }, { signed }: ReportedEnvelope, known: ReadonlyMap<TouchId, KnownTouch>): { key: string; money: Money }[] {
  if (!signed?.data.value) return [];
  const { data } = signed;
  const { minor, currency } = signed.data.value;
  const credited = by === 'template' || by === 'owner' ? [] : creditedOf(data, known);
  if (credited.length === 0) return [{ key: keyOf(by, data, null), money: { minor, currency } }];
  const shares = allot(minor, weigh(model, credited));
  return credited.flatMap(({ touch }, index) => {
    const share = shares[index] ?? 0;
    return share === 0 ? [] : [{ key: keyOf(by, data, touch), money: { minor: share, currency } }];
  });
}

/** One amount a currency, by its code. */
export function sums(amounts: readonly Money[]): Money[] {
  const byCurrency = groupBy(amounts, ({ currency }) => currency);
  return [...byCurrency].map(([currency, some]) => ({ minor: some.reduce((sum, { minor }) => sum + minor, 0), currency })).sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

function figures(envelopes: readonly ReportedEnvelope[]): Omit<ReportRow, 'key' | 'value'> {
  return {
    sent: envelopes.length,
    viewed: envelopes.filter(({ story, signed }) => story.viewedAt !== null || signed !== null).length,
    signed: envelopes.filter(({ signed }) => signed !== null).length,
    touchToSend: spreadOf(envelopes.flatMap(({ sent, sentAt }) => (sent.first && sent.first.dated !== false ? span(sent.first.at, sentAt) : []))),
    sendToView: spreadOf(envelopes.flatMap(({ sentAt, story }) => span(sentAt, story.viewedAt))),
    viewToSign: spreadOf(envelopes.flatMap(({ story, signed }) => (signed ? span(story.viewedAt, signed.at) : []))),
  };
}

/** Clocks of two vendors may differ by seconds; what would have ended before it began took no time. */
const CLOCKS_MS = 60_000;

function span(from: number | null, to: number | null): number[] {
  if (from === null || to === null || to < from - CLOCKS_MS) return [];
  return [Math.max(0, to - from)];
}

/** The median, and what nine of ten did not exceed (nearest rank). */
export function spreadOf(spans: readonly number[]): Spread {
  const sorted = spans.toSorted((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return { count, medianMs: null, p90Ms: null };
  const at = (index: number): number => sorted[index] ?? 0;
  return { count, medianMs: Math.round((at(Math.floor((count - 1) / 2)) + at(Math.floor(count / 2))) / 2), p90Ms: at(Math.ceil(0.9 * count) - 1) };
}

function stopsOf(envelopes: readonly ReportedEnvelope[]): Report['stops'] {
  const none = () => Object.fromEntries(ENDINGS.map((ending) => [ending, 0])) as Record<Ending, number>;
  const stops = Object.fromEntries(STOPS.map((stop) => [stop, none()])) as Report['stops'];
  for (const { story, signed } of envelopes) {
    const stopped = signed ? null : stopOf(story);
    if (stopped) stops[stopped.stop][stopped.ending] += 1;
  }
  return stops;
}
