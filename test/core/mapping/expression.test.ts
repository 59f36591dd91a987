import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, type Issue } from '#core/mapping/expression';
import { createLanguage } from '#core/mapping/language';
import { LIMITS } from '#core/mapping/limits';
import { Problem } from '#core/problem';

const language = createLanguage({
  deal: { one: { dealname: 'text', amount: 'number', discount: 'number', country: 'text', note: 'text', vip: 'bool', closedate: 'text' } },
  company: { one: { name: 'text' } },
  open: { one: null },
  lines: { many: { name: 'text', quantity: 'number' } },
  waitingFor: { texts: true },
});
const bound = language.bind({
  deal: { dealname: 'Pilot', amount: 1200.5, country: 'NO', closedate: '2026-03-31T23:30:00Z', note: '' },
  open: { anything: 'x' },
  lines: [
    { name: 'Seats', quantity: 3 },
    { name: null, quantity: 2 },
  ],
  waitingFor: ['Customer', 'Legal'],
});
const value = (text: string): unknown => evaluate(text, language, bound, 'here');
const issues = (text: string): Issue[] => {
  const compiled = compile(text, language);
  return compiled.ok ? [] : compiled.issues;
};
const refused = (text: string): string => issues(text)[0]?.say ?? 'accepted';

describe('values', () => {
  it.each([
    ['deal.amount', 1200.5],
    ['deal.amount * 2', 2401],
    ['2 * 3', 6],
    ['size(lines)', 2],
    ['lines[0].name', 'Seats'],
    ['sum(lines.map(line, line.quantity))', 5],
    ['join(lines.map(line, text(line.quantity) + " × " + line.name), ", ")', '3 × Seats, 2 × '],
    ['lines.filter(line, line.quantity > 2)[0].name', 'Seats'],
    ['lines.exists(line, line.name == "Seats")', true],
    ['join(waitingFor, " and ")', 'Customer and Legal'],
    ['deal.country in ["NO", "SE"]', true],
    ['deal.dealname.startsWith("Pi")', true],
    ['deal["dealname"]', 'Pilot'],
    ['IF(deal.amount > 1000, "large", "small")', 'large'],
    ['deal.vip ? "yes" : "no"', 'no'],
  ])('%s gives %j', (text, expected) => expect(value(text)).toEqual(expected));

  it('whole numbers of CEL, which are BigInt, leave as numbers', () => {
    for (const text of ['1', 'size(lines)', 'true ? 7 : 8', 'coalesce(deal.discount, 3)']) expect(typeof value(text)).toBe('number');
  });
});

describe('functions', () => {
  it.each([
    ['money(1234567.891, "eur")', 'EUR 1,234,567.89'],
    ['money(1.005, "USD")', 'USD 1.01'],
    ['money(-12, "JPY")', 'JPY -12'],
    ['money(5, "")', '5.00'],
    ['date(deal.closedate, "iso")', '2026-03-31'],
    ['date(deal.closedate, "long")', '31 March 2026'],
    ['date("2026-03-09", "us")', '03/09/2026'],
    ['date("2026-03-09", "eu")', '09/03/2026'],
    ['date("2026-03-31T23:30:00-05:00", "iso")', '2026-04-01'],
    ['DATEVALUE("2026-03-09T10:00:00Z")', '2026-03-09'],
    ['addDays("2026-02-27", 3)', '2026-03-02'],
    ['text(3.0)', '3'],
    ['TEXT(true)', 'true'],
    ['UPPER("straße")', 'STRASSE'],
    ['lower("ÅB")', 'åb'],
    ['trim("  a ")', 'a'],
    ['shorten("abcdef", 4)', 'abc…'],
    ['LEFT("abc", 4)', 'abc'],
    ['VALUE("12.50")', 12.5],
    ['round(2.345, 2)', 2.35],
    ['coalesce(deal.note, company.name, "none")', 'none'],
    ['BLANKVALUE(deal.discount, 0)', 0],
    ['ISBLANK("  ")', true],
    ['join(["a", deal.note, "b"], "-")', 'a-b'],
  ])('%s gives %j', (text, expected) => expect(value(text)).toEqual(expected));

  it('a branch that is not taken cannot fail', () => {
    expect(value('IF(isBlank(deal.discount), 1, deal.amount - deal.discount)')).toBe(1);
    expect(value('coalesce(deal.dealname, date("no date", "iso"))')).toBe('Pilot');
  });
  it.each([
    'money(1, "EURO")',
    'date("31.3.2026", "iso")',
    'date("2026-13-45", "iso")',
    'addDays("9999-12-31", 1)',
    'round(1.0, 99)',
    'shorten("a", 0)',
    'VALUE("twelve")',
    'join(lines.map(l, l.quantity), "")',
  ])('%s fails by name and not by chance', (text) => expect(() => value(text)).toThrow(Problem));
});

describe('what is empty', () => {
  it.each([
    ['deal.note', null],
    ['deal.discount', null],
    ['company.name', null],
    ['open.nothing', null],
    ['deal.note == null', true],
    ['deal.note == ""', false],
    ['deal.vip', false],
    ['!deal.vip', true],
    ['deal.discount > 0', false],
    ['deal.discount <= 0', false],
    ['deal.note < "b"', false],
    ['deal.note + "!"', '!'],
    ['"Dear " + deal.note', 'Dear '],
    ['deal.note + company.name', ''],
    ['money(deal.discount, "EUR")', ''],
    ['date(deal.note, "iso")', ''],
    ['UPPER(deal.note)', ''],
    ['number(deal.note)', null],
    ['deal.note.contains("a")', false],
    ['size(deal.note)', 0],
    ['isBlank(deal.note) && isBlank(company.name)', true],
  ])('%s gives %j', (text, expected) => expect(value(text)).toEqual(expected));

  it.each(['deal.amount + deal.discount', 'deal.discount + deal.discount', 'deal.discount * 2', '-deal.discount', '2 - deal.discount'])('%s fails: a blank is not zero', (text) =>
    expect(() => value(text)).toThrow(/empty/),
  );
});

describe('types', () => {
  it.each([
    ['deal.amount + deal.dealname', /do not go together: number \+ text/],
    ['deal.amount == "1"', /never equal/],
    ['UPPER(deal.amount)', /number/],
    ['deal.amount && true', /Expected yes or no; this is a number/],
    ['deal.dealname ? 1 : 2', /Expected yes or no/],
    ['!deal.amount', /yes/],
    ['-deal.dealname', /Expected a number/],
    ['deal.amount.contains("1")', /Expected a text/],
    ['coalesce(deal.amount, "a")', /same kind/],
    ['IF("a", 1, 2)', /condition/],
    ['deal', /whole record/],
    ['lines', /list/],
    ['deal == null', /whole record/],
    ['lines.map(l, l.name)', /join/],
    ['"a" +', /ends too early/],
  ])('%s is refused', (text, say) => expect(refused(text)).toMatch(say));

  it('a misspelt name is met with the name that was meant, each in its place', () => {
    expect(issues('deal.dealnmae + compny.name')).toEqual([
      { say: '"deal" has no field "dealnmae".', offset: 0, suggestion: 'dealname' },
      { say: 'There is no "compny" here. A text of its own needs quotes: "compny".', offset: 16, suggestion: 'company' },
    ]);
    expect(issues('lines.all(l, l.quantty > 1)')[0]).toMatchObject({ suggestion: 'quantity', offset: 13 });
    expect(issues('moeny(1, "EUR")')[0]).toMatchObject({ suggestion: 'money' });
    expect(issues('date(deal.closedate, "lonng")')[0]).toMatchObject({ suggestion: 'long' });
    expect(issues('signed')[0]).toMatchObject({ suggestion: '"signed"' });
  });
});

describe('guards', () => {
  it.each([
    ['deal.dealname.matches("(a+)+$")', /Regular expressions/],
    ['lines.map(a, lines.map(b, lines.map(c, 1)))', /loop inside a loop|inside a loop/],
    ['join(lines.map(a, join(lines.map(b, b.name), "")), "")', /inside a loop/],
    ['size([1].map(a, [2].filter(b, true)))', /inside a loop|list/],
    ['cel.bind(x, "aa", x + x)', /no function/],
    ['lines + lines', /list/],
    ['size([lines, lines])', /list/],
    ['join(lines.map(l, waitingFor), "")', /list/],
    ['{"a": 1}', /Maps/],
    ['b"abc"', /Bytes/],
    ['timestamp("2026-01-01T00:00:00Z")', /no function/],
    ['type(deal)', /no function/],
    ['has(deal.note)', /isBlank/],
    ['deal["deal" + "name"]', /written out/],
    [`${'('.repeat(40)}1${')'.repeat(40)}`, /too large/],
    [Array.from({ length: 400 }, () => '1').join(' + '), /too large/],
    [`size([${Array.from({ length: 60 }, () => '1').join(',')}])`, /too large/],
    [`"${'x'.repeat(LIMITS.expressionChars)}"`, /longer than/],
  ])('%.60s is refused', (text, say) =>
    expect(
      issues(text)
        .map((issue) => issue.say)
        .join(' '),
    ).toMatch(say),
  );

  it('no prototype can be reached', () => {
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'get', 'size']) {
      expect(refused(`deal.${name}`)).not.toBe('accepted');
      for (const text of [`open.${name}`, `open["${name}"]`]) if (issues(text).length === 0) expect(value(text)).toBeNull();
    }
    expect(evaluate('open.constructor', language, language.bind({ open: { constructor: 'mine' } }), 'here')).toBe('mine');
  });

  it('texts over the bound are refused, read or made, and only where they are used', () => {
    const long = language.bind({ deal: { note: 'x'.repeat(LIMITS.textChars + 1), dealname: 'y'.repeat(LIMITS.textChars) } });
    expect(() => evaluate('deal.note', language, long, 'here')).toThrow(/longer than 8000/);
    expect(() => evaluate('deal.dealname + "z"', language, long, 'here')).toThrow(/longer than 8000/);
    expect(evaluate('deal.country', language, long, 'here')).toBeNull();
  });

  it('lists over the bound are refused where they are used', () => {
    const many = language.bind({ lines: Array.from({ length: LIMITS.listItems + 1 }, () => ({ name: 'a' })) });
    expect(() => evaluate('size(lines)', language, many, 'here')).toThrow(/more than 200/);
    expect(evaluate('deal.country', language, many, 'here')).toBeNull();
  });

  it.each(['1 / 0', '1.0 / 0.0', '9223372036854775807 + 1', 'lines[9].name', 'number("x")'])('%s fails as a problem that names its place and no value', (text) => {
    try {
      value(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      expect(error).toMatchObject({ code: 'mapping.failed', facts: { path: 'here' } });
    }
  });

  it('any text compiles or is refused with a place in it, without a throw', () => {
    const token = fc.constantFrom(
      'deal',
      '.',
      'amount',
      'lines',
      'map',
      '(',
      ')',
      'l',
      ',',
      '[',
      ']',
      '"a"',
      '1',
      '+',
      '==',
      '?',
      ':',
      '&&',
      '!',
      'join',
      'size',
      'IF',
      'coalesce',
      'null',
      'in',
      '{',
      '}',
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const compiled = compile(text, language);
        if (!compiled.ok) return compiled.issues.length > 0 && compiled.issues.every(({ offset, say }) => offset >= 0 && offset <= text.length && say !== '');
        try {
          const result = compiled.expression.run(bound);
          return result === null || ['string', 'number', 'boolean'].includes(typeof result);
        } catch (error) {
          return error instanceof Error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('what is accepted as a type comes out as that type, whatever the record holds', () => {
    const anything = fc.oneof(fc.string({ maxLength: 10 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
    const expressions = [
      'deal.dealname + deal.note',
      'UPPER(deal.note)',
      'money(deal.amount, "EUR")',
      'join([deal.note, deal.country], " ")',
      'deal.amount > deal.discount',
      'deal.vip',
      'text(deal.amount)',
    ];
    fc.assert(
      fc.property(
        fc.record({ dealname: anything, note: anything, country: anything, amount: anything, discount: anything, vip: anything }),
        fc.constantFrom(...expressions),
        (deal, text) => {
          const compiled = compile(text, language);
          if (!compiled.ok) return false;
          try {
            const result = compiled.expression.run(language.bind({ deal }));
            return typeof result === (compiled.expression.kind === 'bool' ? 'boolean' : 'string');
          } catch (error) {
            return error instanceof Error && /number field/.test(error.message);
          }
        },
      ),
    );
  });
});
