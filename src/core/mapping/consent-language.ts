import type { ConsentGiven } from '#core/fact';
import { createLanguage, type Language } from './language.ts';

/** A consent act as expressions see it; every value is a text, and what is not known is empty. */
export interface ConsentView {
  status: string;
  type: string;
  purpose: string;
  channel: string;
  /** Type, channel and purpose in one: `marketing:email:newsletter`, with `all` for what is not named. A type without them stands alone. */
  scope: string;
  /** The jurisdiction whose law was applied. */
  region: string;
  /** Name and version of the wording: `newsletter 3`. */
  version: string;
  evidence_uri: string;
  /** When the person acted, ISO 8601. */
  at: string;
}

/** The names in the expressions of `consents` in a write-back mapping: `consent` alone. */
export const consentLanguage: Language = createLanguage({
  consent: { one: { status: 'text', type: 'text', purpose: 'text', channel: 'text', scope: 'text', region: 'text', version: 'text', evidence_uri: 'text', at: 'text' } },
});

/** As much of an act as its fields rest on. */
export type ViewedAct = Pick<ConsentGiven, 'type' | 'purpose' | 'channel' | 'status' | 'jurisdiction' | 'capturedAt' | 'evidenceUri'> & {
  text: { name: string; version: number } | null;
};

/** `page`: where the proof lies, for an act that names no place of its own. */
export function viewConsent(act: ViewedAct, page: string): ConsentView {
  const { type, purpose, channel, status, text, jurisdiction, capturedAt, evidenceUri } = act;
  return {
    status,
    type,
    purpose: purpose ?? '',
    channel: channel ?? '',
    scope: type === 'marketing' ? `${type}:${channel ?? 'all'}:${purpose ?? 'all'}` : type,
    region: jurisdiction ?? '',
    version: text ? `${text.name} ${text.version}` : '',
    evidence_uri: evidenceUri ?? page,
    at: new Date(capturedAt).toISOString(),
  };
}
