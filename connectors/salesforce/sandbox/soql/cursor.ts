import { malformed, tokensOf, type Token } from './tokens.ts';

/** A place among the tokens of a query. */
export interface Cursor {
  text: string;
  /** The token at the place, or one further on. */
  peek(ahead?: number): Token;
  /** The token at the place, which moves on. */
  next(): Token;
  isWord(word: string): boolean;
  isSign(sign: string): boolean;
  /** Moves on where this is the token; says whether it was. */
  takeWord(word: string): boolean;
  takeSign(sign: string): boolean;
  /** Moves on. @throws ApiFault MALFORMED_QUERY where this is not the token */
  needWord(word: string): void;
  needSign(sign: string): void;
  /** The fault of a token that does not belong there. */
  unexpected(token: Token): Error;
}

/** @throws ApiFault MALFORMED_QUERY */
export function cursorOf(text: string): Cursor {
  const tokens = tokensOf(text);
  let place = 0;
  const peek = (ahead = 0): Token => tokens[place + ahead] ?? { kind: 'end', text: '<EOF>', at: text.length };
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
  return {
    text,
    peek,
    next() {
      const token = peek();
      place++;
      return token;
    },
    isWord,
    isSign,
    takeWord: (word) => take(isWord(word)),
    takeSign: (sign) => take(isSign(sign)),
    needWord: (word) => need(isWord(word)),
    needSign: (sign) => need(isSign(sign)),
    unexpected,
  };
}
