import { malformed, tokensOf, type Token } from './tokens.ts';

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
  const tokens = tokensOf(text);
  let place = 0;
  const peek = (): Token => tokens[place] ?? { kind: 'end', text: '<EOF>', at: text.length };
  const next = (): Token => {
    const token = peek();
    place++;
    return token;
  };
  const unexpected = (token: Token) => malformed(text, token.at, `unexpected token: '${token.text}'`);
  const isWord = (word: string) => peek().kind === 'word' && peek().text.toUpperCase() === word;
  const isSign = (sign: string) => peek().kind === 'sign' && peek().text === sign;
  const take = (holds: boolean): boolean => {
    if (holds) place++;
    return holds;
  };
  const need = (holds: boolean): void => {
    if (!take(holds)) throw unexpected(peek());
  };

  const query = readQuery();
  if (peek().kind !== 'end') throw unexpected(peek());
  return query;

  function readQuery(): Query {
    need(isWord('SELECT'));
    const count = isWord('COUNT') && tokens[place + 1]?.text === '(' && tokens[place + 2]?.text === ')';
    if (count) place += 3;
    const select = count ? [] : list(() => readSelected());
    need(isWord('FROM'));
    const from = next();
    if (from.kind !== 'word') throw unexpected(from);
    if (peek().kind === 'word' && !AFTER_FROM.test(peek().text)) throw unexpected(peek());
    const where = take(isWord('WHERE')) ? readCondition() : null;
    if (take(isWord('WITH'))) next();
    const order = readOrder();
    const limit = take(isWord('LIMIT')) ? whole() : null;
    const at = peek().at;
    const offset = take(isWord('OFFSET')) ? whole() : 0;
    if (offset > MOST_OFFSET) throw malformed(text, at, `Maximum SOQL offset allowed is ${MOST_OFFSET}`);
    return { text, count, select, from: { name: from.text, at: from.at }, where, order, limit, offset };
  }

  function readSelected(): Path | { kind: 'children'; query: Query } {
    if (!take(isSign('('))) return readPath();
    const query = readQuery();
    need(isSign(')'));
    return { kind: 'children', query };
  }

  function readPath(): Path {
    const token = next();
    if (token.kind !== 'word' || token.text.includes(':') || token.text.endsWith('.')) throw unexpected(token);
    // Functions other than COUNT() are not spoken here.
    if (isSign('(')) throw unexpected(peek());
    return { kind: 'path', names: token.text.split('.'), at: token.at };
  }

  function list<T>(read: () => T): T[] {
    const items = [read()];
    while (take(isSign(','))) items.push(read());
    return items;
  }

  function readOrder(): Query['order'] {
    if (!take(isWord('ORDER'))) return [];
    need(isWord('BY'));
    return list(() => {
      const path = readPath();
      const descending = isWord('DESC');
      take(isWord('ASC') || isWord('DESC'));
      const nulls = take(isWord('NULLS'));
      const nullsLast = nulls && isWord('LAST');
      if (nulls) need(isWord('FIRST') || isWord('LAST'));
      return { path, descending, nullsLast };
    });
  }

  function whole(): number {
    const token = next();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw unexpected(token);
    return Number(token.text);
  }

  /** AND and OR are not mixed without parentheses; Salesforce refuses that. */
  function readCondition(): Condition {
    const first = readTerm();
    for (const kind of ['and', 'or'] as const) {
      if (!isWord(kind.toUpperCase())) continue;
      const of = [first];
      while (take(isWord(kind.toUpperCase()))) of.push(readTerm());
      if (isWord('AND') || isWord('OR')) throw unexpected(peek());
      return { kind, of };
    }
    return first;
  }

  function readTerm(): Condition {
    if (take(isWord('NOT'))) return { kind: 'not', of: readTerm() };
    if (take(isSign('('))) {
      const inner = readCondition();
      need(isSign(')'));
      return inner;
    }
    return readComparison(readPath());
  }

  function readComparison(path: Path): Condition {
    if (take(isWord('LIKE'))) return { kind: 'compare', path, operator: 'like', literal: readLiteral() };
    const not = take(isWord('NOT'));
    if (take(isWord('IN'))) return readIn(path, not);
    const sign = next();
    if (not || sign.kind !== 'sign' || !/^([=<>]|<=|>=|!=|<>)$/.test(sign.text)) throw unexpected(sign);
    const operator = sign.text === '<>' ? '!=' : (sign.text as '=' | '!=' | '<' | '<=' | '>' | '>=');
    return { kind: 'compare', path, operator, literal: readLiteral() };
  }

  function readIn(path: Path, not: boolean): Condition {
    need(isSign('('));
    const inner: Condition = isWord('SELECT') ? { kind: 'in-query', path, not, query: readQuery() } : { kind: 'in', path, not, literals: list(readLiteral) };
    need(isSign(')'));
    return inner;
  }

  function readLiteral(): Literal {
    const token = next();
    const { kind, at } = token;
    if (kind === 'string' || kind === 'number' || kind === 'date' || kind === 'datetime') return { kind, text: token.text, at };
    if (kind === 'word' && /^(true|false)$/i.test(token.text)) return { kind: 'boolean', text: token.text.toLowerCase(), at };
    if (kind === 'word' && /^null$/i.test(token.text)) return { kind: 'null', text: 'null', at };
    if (kind === 'word' && DAY.test(token.text)) return { kind: 'day', text: token.text.toUpperCase(), at };
    throw unexpected(token);
  }
}
