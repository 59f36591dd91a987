import { isObject } from '#lib/json';

export interface OrgError {
  /** Salesforce's own, such as `INVALID_FIELD`; empty where it gave none. */
  code: string;
  message: string;
  fields: string[];
}
/** What Salesforce refused, whole answer or one record of a collection, whose status is 200. */
export interface Refusal {
  status: number;
  errors: OrgError[];
}

/** No answer of sense holds more. */
const MOST_ERRORS = 20;
const LONGEST_MESSAGE = 4000;
const LONGEST_WORDS = 300;
/** Say only that another record of the same request failed. */
const FOLLOWS = new Set(['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'PROCESSING_HALTED']);

/** Reads a body that may be a list, one error, JSON text, XML, a proxy's page or nothing. */
export function refusalOf(status: number, body: unknown): Refusal {
  const parsed = typeof body === 'string' ? parse(body) : body;
  const list = Array.isArray(parsed) ? parsed : [parsed];
  const errors = list.filter(isObject).slice(0, MOST_ERRORS).map(errorOf);
  const told = errors.filter(({ code, message }) => code !== '' || message !== '');
  return { status, errors: [...told.filter(({ code }) => !FOLLOWS.has(code)), ...told.filter(({ code }) => FOLLOWS.has(code))] };
}

/** Single requests say `errorCode`, collections `statusCode`, the token endpoint `error`. */
function errorOf(error: Record<string, unknown>): OrgError {
  const fields = Array.isArray(error.fields) ? error.fields.filter((field) => typeof field === 'string') : [];
  return {
    code: text(error.errorCode) || text(error.statusCode) || text(error.error),
    message: (text(error.message) || text(error.error_description)).slice(0, LONGEST_MESSAGE),
    fields: fields.slice(0, MOST_ERRORS),
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // Some gateways of Salesforce's answer in XML whatever was asked for.
    const code = /<errorCode>([A-Z_]{1,80})<\/errorCode>/.exec(body)?.[1];
    return code === undefined ? null : { errorCode: code, message: /<message>([^<]{1,300})<\/message>/.exec(body)?.[1] ?? '' };
  }
}

/**
 * The org's message as it may be shown: on one line, without the query that it quotes (which holds values of records) and without addresses,
 * since what is shown is kept for long and names no person.
 */
export function orgWords(message: string): string {
  const afterQuery = message.replace(/^[^]*ERROR at Row:\d+:Column:\d+/, '');
  const line = afterQuery
    .replace(/[^\s"'<>:;,()]+@[^\s"'<>:;,()]+/g, '[address]')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.\s]+$/, '');
  return line.length > LONGEST_WORDS ? `${line.slice(0, LONGEST_WORDS)}…` : line;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
