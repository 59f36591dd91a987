import { isObject } from '#lib/json';
import { ApiFault, fault } from '../org/faults.ts';
import { bodyOf, ok, type Answer, type Ask, type Caller } from './exchange.ts';

const MOST = 25;
const MOST_READS = 5;
type Perform = (caller: Caller, request: { method: string; url: string; headers: Record<string, string>; body: unknown }) => Answer;
interface Part {
  method: string;
  url: string;
  referenceId: string;
  body: unknown;
  headers: Record<string, string>;
}

/** Up to 25 requests in one, which may refer to the answers of those before them. `perform` does one. */
export function composite(perform: Perform): (caller: Caller, ask: Ask) => Answer {
  return (caller, ask) => {
    const { allOrNone, compositeRequest } = bodyOf(ask);
    const parts = partsOf(compositeRequest);
    const together = allOrNone === true;
    const undone = halted('The transaction was rolled back since another operation in the same transaction failed.');
    const run = (under: Caller) => runAll(perform, under, parts, together ? undone : null);
    if (!together) return shown(parts, run(caller));
    const answers = caller.write((tx) => {
      const done = run({ ...caller, write: (work) => work(tx) });
      if (done.every(({ status }) => status < 300)) return done;
      tx.rollback();
      return done.map((answer) => (answer.status >= 300 ? answer : undone));
    });
    return shown(parts, answers);
  };
}

function runAll(perform: Perform, caller: Caller, parts: Part[], undone: Answer | null): Answer[] {
  const answers = new Map<string, Answer>();
  let failed = false;
  return parts.map((part) => {
    const answer = undone && failed ? undone : one(perform, caller, part, answers);
    answers.set(part.referenceId, answer);
    failed ||= answer.status >= 300;
    return answer;
  });
}

function one(perform: Perform, caller: Caller, part: Part, answers: Map<string, Answer>): Answer {
  const missing: string[] = [];
  const body = filled(part.body, answers, missing);
  const url = String(filled(part.url, answers, missing));
  if (missing.length > 0) return halted(`Invalid reference specified. No value for ${missing.join(', ')} found`);
  return perform(caller, { method: part.method, url, headers: part.headers, body });
}

const halted = (message: string): Answer => ({ status: 400, body: [{ errorCode: 'PROCESSING_HALTED', message }] });

function shown(parts: Part[], answers: Answer[]): Answer {
  return ok({
    compositeResponse: parts.map(({ referenceId }, at) => ({
      body: answers[at]?.body ?? null,
      httpHeaders: answers[at]?.headers ?? {},
      httpStatusCode: answers[at]?.status ?? 500,
      referenceId,
    })),
  });
}

function partsOf(given: unknown): Part[] {
  const refuse = (say: string) => new ApiFault(400, fault('INVALID_INPUT', say));
  if (!Array.isArray(given) || given.length === 0) throw refuse('The compositeRequest member is missing');
  if (given.length > MOST) throw new ApiFault(400, fault('LIMIT_EXCEEDED', `Limit of ${MOST} subrequests exceeded`));
  const parts = given.map((part: unknown): Part => {
    if (!isObject(part) || typeof part.method !== 'string' || typeof part.url !== 'string' || typeof part.referenceId !== 'string')
      throw refuse('method, url and referenceId are required');
    if (!/^[A-Za-z]\w*$/.test(part.referenceId))
      throw refuse(`Provided referenceId ('${part.referenceId}') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').`);
    const headers = Object.fromEntries(Object.entries(isObject(part.httpHeaders) ? part.httpHeaders : {}).map(([name, value]) => [name.toLowerCase(), String(value)]));
    return { method: part.method, url: part.url, referenceId: part.referenceId, body: part.body, headers };
  });
  if (new Set(parts.map(({ referenceId }) => referenceId)).size < parts.length) throw refuse('Duplicate referenceId');
  if (parts.filter(({ url }) => /\/(query|queryAll|composite\/sobjects)\b/.test(url)).length > MOST_READS)
    throw new ApiFault(400, fault('LIMIT_EXCEEDED', `Limit of ${MOST_READS} query or sObject Collections operations exceeded`));
  return parts;
}

/** Puts values in the place of `@{ref.path}`; those that have none are added to `missing`. */
function filled(given: unknown, answers: Map<string, Answer>, missing: string[]): unknown {
  if (typeof given === 'string') {
    return given.replace(/@\{(\w+)\.([^}]+)\}/g, (_, ref: string, path: string) => {
      const answer = answers.get(ref);
      const value = answer && answer.status < 300 ? valueAt(answer.body, path) : undefined;
      if (value === undefined || value === null || typeof value === 'object') missing.push(`${ref}.${path}`);
      return String(value);
    });
  }
  if (Array.isArray(given)) return given.map((item) => filled(item, answers, missing));
  if (isObject(given)) return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, filled(value, answers, missing)]));
  return given;
}

function valueAt(body: unknown, path: string): unknown {
  return path
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter(Boolean)
    .reduce<unknown>((at, key) => (Array.isArray(at) ? (at as unknown[])[Number(key)] : isObject(at) ? at[key] : undefined), body);
}
