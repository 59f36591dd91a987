import { ApiFault, fault } from '../org/faults.ts';

export interface Token {
  kind: 'word' | 'string' | 'number' | 'date' | 'datetime' | 'sign' | 'end';
  text: string;
  at: number;
}

const PATTERN =
  /\s+|'((?:[^'\\]|\\.)*)'|(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))|(\d{4}-\d{2}-\d{2})(?![\w:])|([+-]?\d+(?:\.\d+)?)|([A-Za-z][\w.]*(?::\d+)?)|(<=|>=|!=|<>|[=<>(),])/y;
const ESCAPES: Record<string, string> = { n: '\n', N: '\n', r: '\r', R: '\r', t: '\t', T: '\t', b: '\b', f: '\f' };

/** @throws ApiFault MALFORMED_QUERY */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < text.length) {
    const at = PATTERN.lastIndex;
    const match = PATTERN.exec(text);
    if (!match) throw malformed(text, at, `unexpected token: '${text.charAt(at)}'`);
    const [, string, datetime, date, number, word, sign] = match;
    if (string !== undefined) tokens.push({ kind: 'string', text: unescape(text, string, at), at });
    else if (datetime !== undefined) tokens.push({ kind: 'datetime', text: datetime, at });
    else if (date !== undefined) tokens.push({ kind: 'date', text: date, at });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at });
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: text.length });
  return tokens;
}

/** `\%` and `\_` keep their backslash: only LIKE knows what they mean. */
function unescape(query: string, raw: string, at: number): string {
  return raw.replace(/\\(.)/gs, (_, letter: string) => {
    if (letter === '%' || letter === '_') return `\\${letter}`;
    if (/['"\\]/.test(letter)) return letter === '\\' ? '\\\\' : letter;
    const known = ESCAPES[letter];
    if (known === undefined) throw malformed(query, at, `Illegal escape sequence '\\${letter}'`);
    return known;
  });
}

/** The text itself, once LIKE's two escapes need not be told apart any more. */
export const plain = (text: string): string => text.replace(/\\([\\%_])/g, '$1');

/** Salesforce shows the line and points at the place. */
export function pointed(text: string, at: number, say: string): string {
  return `\n${text}\n${' '.repeat(at)}^\nERROR at Row:1:Column:${at + 1}\n${say}`;
}
export const malformed = (text: string, at: number, say: string): ApiFault => new ApiFault(400, fault('MALFORMED_QUERY', pointed(text, at, say)));
