import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { localeFor, nameDeal } from '#core/capture';
import { accentFault, accentOnDark, contrast } from '#core/capture-accent';
import { readAnswers } from '#core/capture-answers';
import { readCsv } from '#core/capture-csv';
import { parseCapturePage } from '#core/capture-parse';
import { touchOfVisit } from '#core/capture-touch';
import { readTouches } from '#core/touch';

const TEXT = readFileSync(new URL('../../mappings/consent/capture.yaml', import.meta.url), 'utf8');
function shipped() {
  const parsed = parseCapturePage(TEXT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.page;
}
const colour = fc.integer({ min: 0, max: 0xffffff }).map((number) => `#${number.toString(16).padStart(6, '0')}`);

describe('a page', () => {
  test('the shipped one is good', () => {
    expect(shipped()).toMatchObject({ slug: 'newsletter', then: 'thanks' });
  });

  test.each([
    ['slug: newsletter', 'slug: ../admin', 'slug', 2],
    ["accent: '#0b5fa5'", "accent: '#ffd400'", 'brand.accent', 14],
    ['origins: []', 'origins: [https://a.example.com/path]', 'origins[0]', 27],
    ['origins: []', "origins: ['*']", 'origins[0]', 27],
    ['then: thanks', 'then: { sign: { rule: x } }', 'then', 29],
    ['recordDeclined: true', 'prechecked: true', 'consents[1].prechecked', 25],
    ['{ en: Your work, de: Ihre Tätigkeit }', '{ en: Your work }', 'fields.more[0].label', 20],
    ['text: newsletter', 'text: privacy-notice', 'consents[1].text', 25],
  ])('%s → %s is a fault with its place', (before, after, path, line) => {
    const parsed = parseCapturePage(TEXT.replace(before, after));
    if (parsed.ok) throw new Error('It was taken.');
    expect(parsed.faults).toMatchObject([{ level: 'error', path, line }]);
  });

  test('no text whatever makes the reader throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCapturePage(text)));
    fc.assert(fc.property(fc.integer({ min: 0, max: TEXT.length }), fc.string({ maxLength: 5 }), (at, more) => void parseCapturePage(TEXT.slice(0, at) + more + TEXT.slice(at))));
  });
});

describe('an accent', () => {
  test('that is taken can be read, on light and on dark', () => {
    fc.assert(
      fc.property(colour, (accent) => {
        const fault = accentFault(accent);
        if (fault === null) expect(contrast(accent, '#ffffff')).toBeGreaterThanOrEqual(4.5);
        else expect(accentFault(/such as (#[0-9a-f]{6})/.exec(fault)?.[1] ?? '')).toBeNull();
        expect(contrast(accentOnDark(accent), '#14181d')).toBeGreaterThanOrEqual(4.5);
      }),
    );
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  });
});

describe('answers', () => {
  test('nothing that a form holds makes them throw, and a good answer has an address and every required box', () => {
    const page = shipped();
    const names = fc.constantFrom('name', 'email', 'company', 'f-job', 'c-privacy-notice', 'c-newsletter', 'website_url', '__proto__');
    fc.assert(
      fc.property(fc.dictionary(names, fc.oneof(fc.string(), fc.emailAddress())), (form) => {
        const { answers, faults } = readAnswers(page, form);
        if (faults.length > 0) return;
        expect(answers.email).toMatch(/^[^\s@]+@[^\s@]+\.[^\s@]+$/);
        expect(answers.ticked).toContain('privacy-notice');
        expect(form.website_url ?? '').toBe('');
      }),
    );
  });
});

test('the language is the one asked for, else the one the browser likes best, else the first', () => {
  const page = shipped();
  expect(localeFor(page, 'de', 'en')).toBe('de');
  expect(localeFor(page, 'xx', 'fr;q=1, de;q=0.8, en;q=0.9')).toBe('en');
  expect(localeFor(page, undefined, 'de-CH')).toBe('de');
  expect(localeFor(page, undefined, 'ja, de;q=0')).toBe('en');
  fc.assert(fc.property(fc.string(), fc.string(), (asked, accepted) => ['en', 'de'].includes(localeFor(page, asked, accepted))));
});

test('a deal is named by who asks; what they typed cannot name more holes', () => {
  expect(nameDeal('Inquiry of {company}', { name: 'Ann', company: '{name} & Co' })).toBe('Inquiry of {name} & Co');
  expect(nameDeal('Inquiry of {company}', { name: 'Ann', company: '' })).toBe('Inquiry of Ann');
});

test('cells survive being written and read', () => {
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const cell = fc.string().map((text) => text.replaceAll('\r', ''));
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }), (rows) => {
      const text = rows.map((row) => row.map(quote).join(',')).join('\r\n');
      // The first line tells the separator.
      fc.pre(!(rows[0] ?? []).some((one) => one.includes(';') || one.includes('\n')));
      expect(readCsv(text).map(({ cells }) => cells)).toEqual(rows);
    }),
  );
});

test('whatever stands in an address, the touchpoint made of it is one that the ledger takes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('utm_source', 'utm_campaign', 'gclid', 'x'), fc.string()), fc.string(), (query, referrer) => {
      const url = new URL(`https://forms.example.com/c/ten_1/newsletter?${new URLSearchParams(query).toString()}`);
      const touch = touchOfVisit(url, referrer, 1_780_000_000_000);
      if (touch !== null) expect(readTouches([touch], 1_780_000_000_000).ok).toBe(true);
    }),
  );
});
