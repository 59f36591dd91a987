import * as z from 'zod';
import { ACT_STATUSES, CONSENT_CHANNELS, CONSENT_TYPES, LEGAL_BASES, type ConsentHow, type LegalBasis } from '#core/consent';
import type { ConsentGiven } from '#core/fact';
import type { ConsentTextId } from '#core/ids';
import type { ConsentChannel, ConsentType } from '#core/consent';
import { readTime } from '#core/touch';

const short = z.string().trim().min(1).max(200);
/** A clock may be a little wrong; what lies further ahead has not happened. */
const AHEAD_MS = 5 * 60_000;

/** A consent act as a program or a file tells it. A wording is named where there was one; without it the act says itself what it is about. */
export const actInput = z.strictObject({
  text: short.optional(),
  version: z.number().int().positive().optional(),
  locale: short.optional(),
  type: z.enum(CONSENT_TYPES).optional(),
  purpose: short.nullish(),
  channel: z.enum(CONSENT_CHANNELS).nullish(),
  status: z.enum(ACT_STATUSES),
  capturedAt: z.union([z.string().max(64), z.number()]),
  expiresAt: z.union([z.string().max(64), z.number()]).nullish(),
  jurisdiction: short.nullish(),
  basis: z.enum(LEGAL_BASES).optional(),
  evidence: z.record(short, z.union([z.string().max(500), z.number(), z.boolean(), z.null()])).default({}),
  evidenceUri: z.url().max(500).nullish(),
});
export type ActInput = z.output<typeof actInput>;

/** A published wording, as far as an act needs it. */
export interface KnownText {
  id: ConsentTextId;
  name: string;
  version: number;
  locale: string;
  hash: string;
  type: ConsentType;
  purpose: string | null;
  channel: ConsentChannel | null;
  jurisdiction: string | null;
  valid_from: number;
}
export type ActReading = { ok: true; act: ConsentGiven } | { ok: false; path: string; say: string };

const MOST_EVIDENCE = 20;
const BASIS: Record<ConsentType, LegalBasis> = {
  contract: 'contract',
  terms: 'contract',
  'privacy-notice': 'legal-obligation',
  'electronic-records': 'consent',
  marketing: 'consent',
};

interface Brought {
  how: ConsentHow;
  source: string;
  now: number;
}
const no = (path: string, say: string): ActReading => ({ ok: false, path, say });

/** What it is worth to the ledger, or why nothing. `texts` are all that are published. */
export function readAct(input: ActInput, texts: readonly KnownText[], brought: Brought): ActReading {
  const times = timesOf(input, brought.now);
  if (typeof times === 'string') return no(times === FOREVER ? 'expiresAt' : 'capturedAt', times);
  if (Object.keys(input.evidence).length > MOST_EVIDENCE) return no('evidence', `At most ${MOST_EVIDENCE} members are taken.`);
  const text = input.text === undefined ? null : findVersion(input, texts, times.capturedAt);
  if (text === undefined) return no('text', sayMissing(input, texts));
  const topic = text ?? topicOf(input);
  if (topic === null) return no('type', 'Name the text that was shown, or say by type (and for marketing by purpose and channel) what it is about.');
  if (text && input.type !== undefined && input.type !== text.type) return no('type', `The text "${text.name}" is of the type ${text.type}.`);
  if (!text && input.status === 'granted') return no('text', 'A grant needs the text that the person agreed to. Publish it first, then name it.');
  return { ok: true, act: { ...actOf(input, text, topic, brought), ...times } };
}

const FOREVER = 'This is no time with an offset.';

/** When the person acted and until when it holds, or what is wrong with that. */
function timesOf({ capturedAt: captured, expiresAt: expires }: ActInput, now: number): { capturedAt: number; expiresAt: number | null } | string {
  const capturedAt = readTime(captured);
  if (capturedAt === null) return 'Say when the person acted, with an offset: 2026-03-01T09:30:00+01:00. A time without one may be any of forty moments.';
  if (capturedAt > now + AHEAD_MS) return 'This lies in the future. Say when the person acted.';
  if (expires === undefined || expires === null) return { capturedAt, expiresAt: null };
  const expiresAt = readTime(expires);
  return expiresAt === null ? FOREVER : { capturedAt, expiresAt };
}

function actOf(input: ActInput, text: KnownText | null, { type, purpose, channel }: Topic, { how, source }: Brought): Omit<ConsentGiven, 'capturedAt' | 'expiresAt'> {
  return {
    type,
    purpose,
    channel,
    status: input.status,
    text: text && { id: text.id, name: text.name, version: text.version, hash: text.hash },
    locale: text?.locale ?? input.locale ?? null,
    jurisdiction: input.jurisdiction ?? text?.jurisdiction ?? null,
    basis: input.basis ?? BASIS[type],
    how,
    source,
    envelope: null,
    documentHash: null,
    evidence: input.evidence,
    evidenceUri: input.evidenceUri ?? null,
  };
}

type Topic = Pick<ConsentGiven, 'type' | 'purpose' | 'channel'>;

function topicOf({ type, purpose = null, channel = null }: ActInput): Topic | null {
  if (type === undefined) return null;
  return type === 'marketing' ? { type, purpose, channel } : { type, purpose: null, channel: null };
}

/** The version that was named, else the newest that was in force when the person acted. */
function findVersion({ text, version, locale }: ActInput, texts: readonly KnownText[], at: number): KnownText | undefined {
  const named = texts.filter((one) => one.name === text && (locale === undefined || one.locale === locale));
  const fitting = named.filter((one) => (version === undefined ? one.valid_from <= at : one.version === version));
  return fitting.sort((a, b) => b.version - a.version)[0];
}

function sayMissing({ text, version, locale }: ActInput, texts: readonly KnownText[]): string {
  const named = texts.filter((one) => one.name === text);
  if (named.length === 0) return `There is no text named "${text ?? ''}". Published are: ${[...new Set(texts.map(({ name }) => name))].join(', ') || 'none'}.`;
  const there = named.map((one) => `${one.locale} ${one.version}`).join(', ');
  return `The text "${text ?? ''}" has no version ${version ?? 'of that time'}${locale === undefined ? '' : ` in ${locale}`}. There are: ${there}.`;
}
