/** A value as a CRM field holds it; dates are ISO 8601 texts. */
export type FieldValue = string | number | boolean | null;
export type Fields = Record<string, FieldValue>;

/**
 * The kinds of CRM record that the product reads or writes. A vendor's own names for them stay in its folder. `envelope` and `recipient` are records of our own,
 * where the CRM has a place for them; the others are the account's.
 */
export const RECORD_TYPES = ['envelope', 'recipient', 'deal', 'contact', 'company', 'lead'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];
export interface RecordRef {
  type: RecordType;
  /** The vendor's id; of our own records, ours: the envelope's, and `<envelope>|<role>`. */
  id: string;
}

export interface Owner {
  id: string;
  name: string;
  email: string;
}
export interface Contact {
  id: string;
  fields: Fields;
  /** Association labels between deal and contact, such as `Signer`; none where the account uses none. */
  labels: string[];
  primary: boolean;
  /** An open lead of the same person, where the CRM keeps leads apart and has one. */
  lead?: string;
}

/** A deal and what stands around it, as read from the CRM at one moment: the whole input of a `send` mapping. */
export interface Snapshot {
  deal: {
    id: string;
    /** As people know it; the id where it has none. */
    name: string;
    fields: Fields;
    pipeline: string;
    stage: string;
    /** When the deal last entered its stage, milliseconds since the epoch; null where the CRM does not say. */
    enteredAt: number | null;
    /** The page of this record for a person. */
    url: string | null;
  };
  contacts: Contact[];
  company: { id: string; fields: Fields } | null;
  lines: { id: string; fields: Fields }[];
  owner: Owner | null;
  readAt: number;
}

export const FIELD_TYPES = ['text', 'number', 'bool', 'date', 'datetime', 'choice'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];
export interface FieldInfo {
  name: string;
  label: string;
  type: FieldType;
  /** Allowed values of a `choice`. */
  options?: string[];
  /** False where the CRM refuses writes (calculated, read-only). */
  writable: boolean;
}
export interface Stage {
  id: string;
  label: string;
  /** Position in the pipeline, from 0. */
  order: number;
  closed: boolean;
  /** What it was called before, as far as that was seen; the latest last. */
  formerly?: string[];
}
export interface Pipeline {
  id: string;
  label: string;
  stages: Stage[];
}
/** What an account has: the ground on which mappings are checked. */
export interface CrmSchema {
  /** By record type, as far as the account has it; `line` is readable in mappings but never written. */
  fields: Record<'deal' | 'contact' | 'company' | 'line', FieldInfo[]> & Partial<Record<RecordType, FieldInfo[]>>;
  pipelines: Pipeline[];
  /** The field of a deal that holds its stage. */
  stageField?: string;
  /** Labels that the account uses between deals and contacts. */
  contactLabels: string[];
  readAt: number;
}

/** A template of an e-sign provider. */
export interface Template {
  id: string;
  name: string;
  roles: { name: string; order: number }[];
  /** Fields that a sender may fill, by label; `role` is whose they are. `open`: the signer may write over it. */
  fields: { label: string; role: string; open?: boolean }[];
  /** Boxes that a signer may tick, where the template has any. */
  checkboxes?: { label: string; role: string }[];
}
