import { ENVELOPE_STATUSES } from '#core/envelope';

/** A property that the product makes in an account and writes to. */
export interface OwnProperty {
  name: string;
  label: string;
  description: string;
  type: 'string' | 'number' | 'datetime' | 'enumeration';
  options?: readonly string[];
}
export const GROUP = { name: 'countersign', label: 'Countersign' } as const;

const STATUSES = [...ENVELOPE_STATUSES, 'blocked'];
const CONSENT = ['granted', 'declined', 'withdrawn'];
const touch = (which: 'first' | 'last'): OwnProperty[] => {
  const word = which === 'first' ? 'First' : 'Last';
  return [
    {
      name: `esign_${which}_touch_source`,
      label: `${word} touch: source`,
      type: 'string',
      description: `Where the ${which} touch came from, as it stood when the envelope was sent. Never overwritten.`,
    },
    {
      name: `esign_${which}_touch_medium`,
      label: `${word} touch: medium`,
      type: 'string',
      description: `Medium of the ${which} touch when the envelope was sent. Never overwritten.`,
    },
    {
      name: `esign_${which}_touch_campaign`,
      label: `${word} touch: campaign`,
      type: 'string',
      description: `Campaign of the ${which} touch when the envelope was sent. Never overwritten.`,
    },
    { name: `esign_${which}_touch_at`, label: `${word} touch: time`, type: 'datetime', description: `When the ${which} touch was. Never overwritten.` },
  ];
};

/** Everything that `prepare` makes, by HubSpot's object name: the ground on which the shipped mappings are checked. */
export const OWN_PROPERTIES: Record<'deals' | 'contacts', OwnProperty[]> = {
  deals: [
    { name: 'esign_status', label: 'Signature status', type: 'enumeration', options: STATUSES, description: 'Where the envelope of this deal stands.' },
    { name: 'esign_envelope_id', label: 'Envelope', type: 'string', description: 'The envelope in Countersign.' },
    { name: 'esign_envelope_url', label: 'Envelope page', type: 'string', description: 'Opens the envelope in Countersign.' },
    { name: 'esign_template', label: 'Signature template', type: 'string', description: 'Template that the envelope was made from.' },
    { name: 'esign_waiting_for', label: 'Waiting for', type: 'string', description: 'Roles whose turn it is to sign.' },
    { name: 'esign_signed_count', label: 'Signatures so far', type: 'number', description: 'How many recipients have signed.' },
    { name: 'esign_reason', label: 'Signature note', type: 'string', description: 'Why it was blocked, declined, voided or failed.' },
    { name: 'esign_sent_at', label: 'Sent for signature', type: 'datetime', description: 'When the envelope went out.' },
    { name: 'esign_viewed_at', label: 'First viewed', type: 'datetime', description: 'When a recipient first opened it.' },
    { name: 'esign_completed_at', label: 'Signed by all', type: 'datetime', description: 'When the last signature was given.' },
    { name: 'esign_closed_at', label: 'Signature closed', type: 'datetime', description: 'When it was completed, declined, voided or expired.' },
    { name: 'esign_expires_at', label: 'Signature expires', type: 'datetime', description: 'When the envelope expires unless signed.' },
    ...touch('first'),
    ...touch('last'),
  ],
  contacts: [
    {
      name: 'esign_journey',
      label: 'Signature journey',
      type: 'enumeration',
      options: ['sent', 'viewed', 'signed', 'declined', 'expired', 'voided'],
      description: 'Enrol workflows on this property.',
    },
    {
      name: 'esign_last_status',
      label: 'Last signature status',
      type: 'enumeration',
      options: STATUSES,
      description: 'Status of the last envelope that this contact was part of.',
    },
    { name: 'esign_last_envelope_id', label: 'Last envelope', type: 'string', description: 'The last envelope that this contact was part of.' },
    { name: 'esign_last_change_at', label: 'Last signature change', type: 'datetime', description: 'When the status last changed.' },
    {
      name: 'esign_consent_status',
      label: 'Marketing consent',
      type: 'enumeration',
      options: CONSENT,
      description: 'What this contact last said about marketing. The proof lies in Countersign.',
    },
    { name: 'esign_consent_scope', label: 'Marketing consent: scope', type: 'string', description: 'What it is about: type, channel and purpose.' },
    { name: 'esign_consent_region', label: 'Marketing consent: region', type: 'string', description: 'The jurisdiction whose law was applied.' },
    { name: 'esign_consent_version', label: 'Marketing consent: wording', type: 'string', description: 'Name and version of the wording that was shown.' },
    { name: 'esign_consent_evidence_uri', label: 'Marketing consent: evidence', type: 'string', description: 'Where the proof lies.' },
  ],
};
