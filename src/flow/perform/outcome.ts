import type { Fact } from '#core/fact';
import type { MappingId } from '#core/ids';
import type { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import type { JsonObject } from '#lib/json';
import type { OutboxEffect } from '#store/outbox';
import { problemOf } from '#flow/weather';

/** What became of one effect. */
export interface Outcome {
  effect: OutboxEffect;
  result: { done: true; remote: string | null; cancelled?: boolean } | { done: false; problem: Problem };
  /** What was asked, for the receipt's hash. */
  asked: unknown;
  detail?: JsonObject;
  mapping?: MappingId | null;
  /** What is known now: it goes on the line. */
  facts?: Fact[];
  /** Fields that the CRM refused while the others landed. */
  left?: { field: string; value: FieldValue; problem: Problem }[];
  /** Data to keep instead, once what names people is of no more use. */
  scrubbed?: string;
}

export function failed(effect: OutboxEffect, error: unknown, asked: unknown = null): Outcome {
  return { effect, result: { done: false, problem: problemOf(error) }, asked };
}

export function dataOf<Data>(effect: OutboxEffect): Data {
  return JSON.parse(effect.data) as Data;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
const LOST_PAUSE_MS = 2_000;
/**
 * With the longest pause reached after ten attempts, and the shortest draw each time, this is over two hours of a vendor's absence. With 24, and pauses drawn from nothing upwards,
 * a vendor's absence of one hour made dead letters: effects on one record go along with the first of them that is due, so the shortest of their draws counts for all.
 */
const ATTEMPTS = 36;

/** A record that is locked for longer than so many attempts is not locked for a moment: asked for every two seconds it would use up a day's calls by itself. */
const LOCKED_ATTEMPTS = 10;

/** When to try again, half of the pause being left to chance; null once it is time for a person to look. A vendor's named pause is obeyed exactly. */
export function retryAt(problem: Problem, attempts: number, now: number, random: () => number): number | null {
  const { code, retryAfterMs: named } = problem;
  if (named !== undefined && (code !== 'vendor.locked' || attempts <= LOCKED_ATTEMPTS)) return now + named;
  if (code === 'vendor.rate-limited') return now + LONGEST_PAUSE_MS / 60;
  if (attempts >= ATTEMPTS) return null;
  // What got lost on the way may still be at work there: looking at once would find nothing.
  const least = code === 'vendor.lost-reply' ? LOST_PAUSE_MS : 0;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  return now + least + Math.ceil((pause / 2) * (1 + random()));
}
