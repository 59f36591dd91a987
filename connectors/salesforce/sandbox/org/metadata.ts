export type Value = string | number | boolean | null;
export type Values = Record<string, Value>;
export type FieldType =
  | 'id'
  | 'string'
  | 'picklist'
  | 'combobox'
  | 'reference'
  | 'double'
  | 'currency'
  | 'percent'
  | 'int'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'email'
  | 'phone'
  | 'url'
  | 'textarea'
  | 'base64';

export interface FieldDef {
  name: string;
  label: string;
  type: FieldType;
  /** Longest text; 0 where the type has no length. */
  length: number;
  precision: number;
  scale: number;
  create: boolean;
  update: boolean;
  /** Must be given when a record is made, and never be emptied. */
  required: boolean;
  values: string[];
  /** Whether a picklist takes nothing but its values. */
  restricted: boolean;
  externalId: boolean;
  unique: boolean;
  caseSensitive: boolean;
  /** Objects that a reference may lead to. */
  refs: string[];
  /** What the reference is called on the way to the parent, such as `Account` or `Envelope__r`. */
  relation: string | null;
  /** What it is called on the way to the children, such as `OpportunityLineItems`. */
  children: string | null;
  /** Deletes the children with the parent. */
  masterDetail: boolean;
  /** Value of a new record. */
  default: Value;
  /** Auto number's prefix. */
  autoNumber: string | null;
  /** Only there where the org has several currencies. */
  multiCurrency: boolean;
  /** Brought by the package, so that its namespace stands before the name. */
  packaged: boolean;
  /** Only there where Data Protection and Privacy is enabled. */
  privacy: boolean;
}

export interface ObjectDef {
  name: string;
  label: string;
  plural: string;
  keyPrefix: string;
  fields: FieldDef[];
  packaged: boolean;
  /** Only there where Data Protection and Privacy is enabled. */
  privacy: boolean;
  /** Platform events are published, never read. */
  event: boolean;
  create: boolean;
  update: boolean;
  delete: boolean;
}

type More = Partial<FieldDef>;
const LENGTH: Partial<Record<FieldType, number>> = { id: 18, string: 255, picklist: 255, combobox: 255, reference: 18, email: 80, phone: 40, url: 255, textarea: 32_000 };
const NUMBERS: Partial<Record<FieldType, [precision: number, scale: number]>> = { double: [18, 2], currency: [18, 2], percent: [3, 0], int: [8, 0] };

/**
 * A field in short. `type` may carry a length (`string:120`) or what it refers to (`reference>Contact,Lead`). Of `access`, `c` is for create, `u` for update and
 * `!` for required.
 */
export function field(name: string, label: string, type: string, access = 'cu', more: More = {}): FieldDef {
  const [, kind = 'string', length, refs] = /^(\w+)(?::(\d+))?(?:>(.+))?$/.exec(type) ?? [];
  const fieldType = kind as FieldType;
  const [precision, scale] = NUMBERS[fieldType] ?? [0, 0];
  return {
    name,
    label,
    type: fieldType,
    length: Number(length ?? LENGTH[fieldType] ?? 0),
    precision,
    scale,
    create: access.includes('c'),
    update: access.includes('u'),
    required: access.includes('!'),
    values: [],
    restricted: false,
    externalId: false,
    unique: false,
    caseSensitive: false,
    refs: refs?.split(',') ?? [],
    relation: fieldType === 'reference' ? relationOf(name) : null,
    children: null,
    masterDetail: false,
    default: fieldType === 'boolean' ? false : null,
    autoNumber: null,
    multiCurrency: false,
    packaged: false,
    privacy: false,
    ...more,
  };
}

const relationOf = (name: string): string => (name.endsWith('__c') ? name.replace(/c$/, 'r') : name.replace(/Id$/, ''));

const userField = (name: string, label: string) => field(name, label, 'reference>User', '');
const SYSTEM = (): FieldDef[] => [
  field('IsDeleted', 'Deleted', 'boolean', ''),
  field('CreatedDate', 'Created Date', 'datetime', ''),
  userField('CreatedById', 'Created By ID'),
  field('LastModifiedDate', 'Last Modified Date', 'datetime', ''),
  userField('LastModifiedById', 'Last Modified By ID'),
  field('SystemModstamp', 'System Modstamp', 'datetime', ''),
];

/** An object with the fields that every object has. `access`: `c`reate, `u`pdate and `d`elete over the API. */
export function object(name: string, label: string, keyPrefix: string, access: string, fields: FieldDef[], more: Partial<ObjectDef> = {}): ObjectDef {
  const without = new Set(more.event ? ['IsDeleted', 'LastModifiedDate', 'LastModifiedById', 'SystemModstamp'] : fields.map((known) => known.name));
  return {
    name,
    label,
    plural: label.endsWith('y') ? `${label.slice(0, -1)}ies` : `${label}s`,
    keyPrefix,
    fields: [field('Id', `${label} ID`, 'id', ''), ...SYSTEM().filter((known) => !without.has(known.name)), ...fields],
    packaged: false,
    privacy: false,
    event: false,
    create: access.includes('c'),
    update: access.includes('u'),
    delete: access.includes('d'),
    ...more,
  };
}

export const currency = (): FieldDef =>
  field('CurrencyIsoCode', 'Currency ISO Code', 'picklist:3', 'cu', { multiCurrency: true, restricted: true, values: ['EUR', 'USD', 'GBP', 'CHF'], default: 'EUR' });
export const owner = (): FieldDef => field('OwnerId', 'Owner ID', 'reference>User', 'cu');
