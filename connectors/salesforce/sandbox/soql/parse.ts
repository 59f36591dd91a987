import { cursorOf, type Cursor } from './cursor.ts';
import { malformed } from './tokens.ts';

export interface Path {
  kind: 'path';
  names: string[];
  at: number;
}
export interface Literal {
  kind: 'string' | 'number' | 'boolean' | 'null' | 'date' | 'datetime' | 'day';
  text: string;
  at: number;
}
export type Condition =
  | { kind: 'and' | 'or'; of: Condition[] }
  | { kind: 'not'; of: Condition }
  | { kind: 'compare'; path: Path; operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like'; literal: Literal }
  | { kind: 'in'; path: Path; not: boolean; literals: Literal[] }
  | { kind: 'in-query'; path: Path; not: boolean; query: Query };
export interface Query {
  text: string;
  count: boolean;
  select: (Path | { kind: 'children'; query: Query })[];
  from: { name: string; at: number };
  where: Condition | null;
  order: { path: Path; descending: boolean; nullsLast: boolean }[];
  limit: number | null;
  offset: number;
}

const DAY = /^(TODAY|YESTERDAY|TOMORROW|LAST_N_DAYS:\d+|NEXT_N_DAYS:\d+)$/i;
const AFTER_FROM = /^(WHERE|ORDER|LIMIT|OFFSET|WITH|GROUP|HAVING|FOR|USING|ALL)$/i;
const MOST_OFFSET = 2000;

/** @throws ApiFault MALFORMED_QUERY */
export function parseQuery(text: string): Query {
  const cursor = cursorOf(text);
  const query = readQuery(cursor);
  if (cursor.peek().kind !== 'end') throw cursor.unexpected(cursor.peek());
  return query;
}

function readQuery(cursor: Cursor): Query {
  const { text } = cursor;
  cursor.needWord('SELECT');
  const count = cursor.isWord('COUNT') && cursor.peek(1).text === '(' && cursor.peek(2).text === ')';
  if (count) for (let token = 0; token < 3; token++) cursor.next();
  const select = count ? [] : list(cursor, readSelected);
  cursor.needWord('FROM');
  const from = cursor.next();
  if (from.kind !== 'word') throw cursor.unexpected(from);
  if (cursor.peek().kind === 'word' && !AFTER_FROM.test(cursor.peek().text)) throw cursor.unexpected(cursor.peek());
  const where = cursor.takeWord('WHERE') ? readCondition(cursor) : null;
  if (cursor.takeWord('WITH')) cursor.next();
  const order = readOrder(cursor);
  const limit = cursor.takeWord('LIMIT') ? whole(cursor) : null;
  const at = cursor.peek().at;
  const offset = cursor.takeWord('OFFSET') ? whole(cursor) : 0;
  if (offset > MOST_OFFSET) throw malformed(text, at, `Maximum SOQL offset allowed is ${MOST_OFFSET}`);
  return { text, count, select, from: { name: from.text, at: from.at }, where, order, limit, offset };
}

function readSelected(cursor: Cursor): Path | { kind: 'children'; query: Query } {
  if (!cursor.takeSign('(')) return readPath(cursor);
  const query = readQuery(cursor);
  cursor.needSign(')');
  return { kind: 'children', query };
}

function readPath(cursor: Cursor): Path {
  const token = cursor.next();
  if (token.kind !== 'word' || token.text.includes(':') || token.text.endsWith('.')) throw cursor.unexpected(token);
  // Functions other than COUNT() are not spoken here.
  if (cursor.isSign('(')) throw cursor.unexpected(cursor.peek());
  return { kind: 'path', names: token.text.split('.'), at: token.at };
}

function list<T>(cursor: Cursor, read: (cursor: Cursor) => T): T[] {
  const items = [read(cursor)];
  while (cursor.takeSign(',')) items.push(read(cursor));
  return items;
}

function readOrder(cursor: Cursor): Query['order'] {
  if (!cursor.takeWord('ORDER')) return [];
  cursor.needWord('BY');
  return list(cursor, () => {
    const path = readPath(cursor);
    const descending = cursor.takeWord('DESC');
    if (!descending) cursor.takeWord('ASC');
    const nulls = cursor.takeWord('NULLS');
    const nullsLast = nulls && cursor.takeWord('LAST');
    if (nulls && !nullsLast) cursor.needWord('FIRST');
    return { path, descending, nullsLast };
  });
}

function whole(cursor: Cursor): number {
  const token = cursor.next();
  if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw cursor.unexpected(token);
  return Number(token.text);
}

/** AND and OR are not mixed without parentheses; Salesforce refuses that. */
function readCondition(cursor: Cursor): Condition {
  const first = readTerm(cursor);
  for (const kind of ['and', 'or'] as const) {
    if (!cursor.isWord(kind.toUpperCase())) continue;
    const of = [first];
    while (cursor.takeWord(kind.toUpperCase())) of.push(readTerm(cursor));
    if (cursor.isWord('AND') || cursor.isWord('OR')) throw cursor.unexpected(cursor.peek());
    return { kind, of };
  }
  return first;
}

function readTerm(cursor: Cursor): Condition {
  if (cursor.takeWord('NOT')) return { kind: 'not', of: readTerm(cursor) };
  if (cursor.takeSign('(')) {
    const inner = readCondition(cursor);
    cursor.needSign(')');
    return inner;
  }
  return readComparison(cursor, readPath(cursor));
}

function readComparison(cursor: Cursor, path: Path): Condition {
  if (cursor.takeWord('LIKE')) return { kind: 'compare', path, operator: 'like', literal: readLiteral(cursor) };
  const not = cursor.takeWord('NOT');
  if (cursor.takeWord('IN')) return readIn(cursor, path, not);
  const sign = cursor.next();
  if (not || sign.kind !== 'sign' || !/^([=<>]|<=|>=|!=|<>)$/.test(sign.text)) throw cursor.unexpected(sign);
  const operator = sign.text === '<>' ? '!=' : (sign.text as '=' | '!=' | '<' | '<=' | '>' | '>=');
  return { kind: 'compare', path, operator, literal: readLiteral(cursor) };
}

function readIn(cursor: Cursor, path: Path, not: boolean): Condition {
  cursor.needSign('(');
  const inner: Condition = cursor.isWord('SELECT') ? { kind: 'in-query', path, not, query: readQuery(cursor) } : { kind: 'in', path, not, literals: list(cursor, readLiteral) };
  cursor.needSign(')');
  return inner;
}

function readLiteral(cursor: Cursor): Literal {
  const token = cursor.next();
  const { kind, at } = token;
  if (kind === 'string' || kind === 'number' || kind === 'date' || kind === 'datetime') return { kind, text: token.text, at };
  if (kind === 'word' && /^(true|false)$/i.test(token.text)) return { kind: 'boolean', text: token.text.toLowerCase(), at };
  if (kind === 'word' && /^null$/i.test(token.text)) return { kind: 'null', text: 'null', at };
  if (kind === 'word' && DAY.test(token.text)) return { kind: 'day', text: token.text.toUpperCase(), at };
  throw cursor.unexpected(token);
}
