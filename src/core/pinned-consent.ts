import type { ConsentChannel, ConsentTopic, ConsentType, LegalBasis } from '#core/consent';
import type { ConsentTextId } from '#core/ids';
import { sha256 } from '#lib/hmac';

/** A version of a wording, as it is put into an envelope. */
export interface ShownText {
  id: ConsentTextId;
  name: string;
  version: number;
  type: ConsentType;
  purpose: string | null;
  channel: ConsentChannel | null;
  locale: string;
  jurisdiction: string | null;
  wording: string;
  /** SHA-256 of the normalised wording, hexadecimal. */
  hash: string;
}

/** A checkbox of a template tied to the wording that stands beside it. Pinned at send: what is published later changes nothing of an envelope that is out. */
export interface PinnedConsent {
  role: string;
  /** Labels in the template: the checkbox, and the field that carries the wording's hash through the signature. */
  checkbox: string;
  hash: string;
  /** Where a field of the template shows the wording: its label, and the words that have to come back in it. */
  wording?: { label: string; words: string };
  text: { id: ConsentTextId; name: string; version: number; hash: string };
  topic: ConsentTopic;
  locale: string;
  jurisdiction: string | null;
}

/** On what each kind of agreement rests. A privacy notice informs, and nothing is agreed to by having read it. */
export const BASIS_OF: Record<ConsentType, LegalBasis> = {
  contract: 'contract',
  terms: 'contract',
  'electronic-records': 'consent',
  'privacy-notice': 'legal-obligation',
  marketing: 'consent',
};

/** Hash of the words alone: a form may break its lines where it has room. */
export function hashWords(text: string): string {
  return sha256(text.normalize('NFC').replace(/\s+/g, ' ').trim());
}

/** Texts are in the order of their first publication; of each locale there is one. The locale asked for, else its language alone, else the first. */
export function pickText(texts: readonly ShownText[], name: string, locale: string): ShownText | undefined {
  const named = texts.filter((text) => text.name === name);
  const asked = locale.trim().replaceAll('_', '-').toLowerCase();
  const [language = ''] = asked.split('-');
  const of = (wanted: string) => named.find((text) => text.locale.toLowerCase() === wanted);
  return of(asked) ?? of(language) ?? named[0];
}

/** What a provider tells of a completed envelope's form. */
export interface SignedForm {
  /** Every field of every signer by its label, as signed. `ticked` is what a checkbox of that label says. */
  answers: { role: string; label: string; value: string; ticked: boolean }[];
  /** Who signed in each role. `method` is how the provider made sure of them, such as `mail-link`; `email` is null where it does not say. */
  signers: { role: string; email: string | null; method: string; at: number | null }[];
  /** SHA-256 of the signed document, hexadecimal. */
  documentHash: string;
}
