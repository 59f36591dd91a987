import { isObject } from '#lib/json';

/** A property that HubSpot would not take. */
export interface FieldFault {
  field: string;
  /** HubSpot's own, such as `PROPERTY_DOESNT_EXIST` or `INVALID_OPTION`. */
  code: string;
  message: string;
}
/** One error of HubSpot's, whole answer or item of a 207. Every field of its body is optional, so each has a default here. */
export interface Refusal {
  status: number;
  category: string;
  message: string;
  policy: string;
  faults: FieldFault[];
  /** Records that it speaks of; none where it does not say. */
  ids: string[];
  scopes: string[];
}

/** Codes that hold for every record, whatever the value. */
const ABSENT = new Set(['PROPERTY_DOESNT_EXIST', 'READ_ONLY_VALUE', 'PROPERTY_READ_ONLY', 'CALCULATED_PROPERTY']);
export const isForAll = (fault: FieldFault): boolean => ABSENT.has(fault.code);

/** Reads a body that may be text, JSON text, an object or nothing. */
export function refusalOf(status: number, body: unknown): Refusal {
  const error = asObject(body);
  const errors = Array.isArray(error.errors) ? error.errors.filter(isObject) : [];
  const message = text(error.message);
  return {
    status,
    category: text(error.category) || text(error.errorType) || text(error.status),
    message: message.slice(0, 300),
    policy: text(error.policyName),
    faults: uniqueFaults([...embeddedFaults(message), ...errors.flatMap(faultsOf), ...faultsOf(error)]),
    ids: texts(context(error).ids ?? context(error).id),
    scopes: errors.flatMap((item) => texts(context(item).requiredGranularScopes ?? context(item).requiredScopes)),
  };
}

/** `Property values were not valid: [{"name":"…","error":"…","message":"…"}]`: the list is inside the sentence [mem]. */
function embeddedFaults(message: string): FieldFault[] {
  const start = message.indexOf('[{');
  if (start < 0) return [];
  try {
    const list: unknown = JSON.parse(message.slice(start));
    if (!Array.isArray(list)) return [];
    return list.filter(isObject).map((item) => ({ field: text(item.name), code: text(item.error), message: text(item.message) }));
  } catch {
    return [];
  }
}

function faultsOf(error: Record<string, unknown>): FieldFault[] {
  const about = context(error);
  return texts(about.propertyName ?? about.properties).map((field) => ({ field, code: text(error.code) || text(error.subCategory), message: text(error.message) }));
}

function uniqueFaults(faults: FieldFault[]): FieldFault[] {
  const byField = new Map<string, FieldFault>();
  for (const fault of faults) if (fault.field !== '' && !byField.has(fault.field)) byField.set(fault.field, fault);
  return [...byField.values()];
}

function asObject(body: unknown): Record<string, unknown> {
  if (isObject(body)) return body;
  if (typeof body !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
const context = (error: Record<string, unknown>): Record<string, unknown> => (isObject(error.context) ? error.context : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
