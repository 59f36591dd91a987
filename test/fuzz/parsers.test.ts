import fc from 'fast-check';
import { describe, it } from 'vitest';
import { rowsOf } from '#connectors/salesforce/bulk-csv';
import { readOutboundMessage } from '#connectors/salesforce/outbound-message';
import { readAnswers } from '#core/capture-answers';
import { readImportFile, readImportRow } from '#core/capture-import';
import { parseCapturePage } from '#core/capture-parse';
import { carriedTouches, touchOfVisit } from '#core/capture-touch';
import { compile } from '#core/mapping/expression';
import { sendLanguages } from '#core/mapping/languages';
import { parseMapping } from '#core/mapping/parse';
import { readTimestamp, timestampQuery } from '#core/proof-timestamp';
import { readAsk } from '#core/report-ask';
import { cleanText, pageOf, readTime, readTouches } from '#core/touch';
import { parseBody } from '#http/requests';
import { projectFile } from '#lib/root';
import { isPublicAddress } from '#lib/public-address';
import { anyJson, anyText, mutated, mutatedXml } from '../contract/odd.ts';
import { copes, fuzz, spoiled } from './runs.ts';

const NOW = 1_767_693_620_000;
const lines = (...all: string[]) => all.join('\n');
/** What YAML makes something of, whether it was meant or not. */
const YAML_BITS = fc.oneof(
  anyText,
  fc.constantFrom(
    '&a ',
    '*a',
    '<<: *a',
    '!!binary x',
    '!!js/function x',
    '{',
    '[',
    '? ',
    '|',
    '>-',
    '---\n',
    '\t',
    '#',
    "'",
    '"',
    '- - - ',
    ': ',
    '%TAG ! x\n',
    '${{ }}',
    '0x1F',
    '1e999',
    '~',
    'yes',
  ),
);
const MAPPINGS = {
  send: lines(
    'version: 1',
    'rules:',
    '  - id: contract',
    '    when: { stage: contractsent }',
    '    if: deal.amount > 1000',
    '    template: order-form',
    '    subject: "\'Order for \' + deal.name"',
  ),
  writeback: lines(
    'version: 1',
    'rules:',
    '  - id: status',
    '    on: [sent, completed]',
    '    record: deal',
    '    set:',
    '      esign_status: \'"sent"\'',
    '      esign_sent_at: envelope.sentAt',
  ),
  journey: lines('version: 1', 'rules:', '  - id: signed', '    on: [completed]', '    for: signers', '    if: envelope.attempt == 0', '    list: { add: customers }'),
};
const PAGE = projectFile('mappings/consent/capture.yaml');

describe('a file of rules', () => {
  for (const kind of ['send', 'writeback', 'journey'] as const)
    it(`(${kind}) is read, or every fault is told`, () => {
      fuzz(fc.oneof(spoiled(MAPPINGS[kind], YAML_BITS), anyText), (text) => {
        const parsed = parseMapping(kind, text);
        return parsed.ok || parsed.faults.length > 0;
      });
    });

  it('may hold any expression: it compiles or says why', () => {
    const { condition } = sendLanguages(null);
    const bits = fc.oneof(
      anyText,
      fc.constantFrom(
        'deal',
        '.',
        'amount',
        '(',
        ')',
        '[',
        ']',
        '+',
        '-',
        '*',
        '/',
        '%',
        '==',
        '<',
        '&&',
        '||',
        '!',
        '?',
        ':',
        '1',
        '1e308',
        '"a"',
        "'",
        'true',
        'null',
        'has(',
        'size(',
        'in',
        '{',
        '}',
        ',',
        'r"\\',
        'b"',
        '.map(x, ',
        '.matches("(a+)+$")',
      ),
    );
    const texts = fc.oneof(
      fc.array(bits, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.constantFrom('(', '[', '!', '-', 'a.', '{"a":').chain((part) => fc.integer({ min: 1, max: 2000 }).map((times) => part.repeat(times))),
    );
    fuzz(texts, (text) => {
      const compiled = compile(text, condition);
      return compiled.ok || compiled.issues.length > 0;
    });
  });

  it('of YAML that grows when it is read is refused, and not unfolded', () => {
    const bomb = lines(
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghij'.charAt(index)}`).join(',')}]`),
      'version: 1',
      'rules: *j',
    );
    fuzz(spoiled(bomb, YAML_BITS), (text) => {
      parseMapping('send', text);
    });
    const deep = ['['.repeat(30_000), '{a: '.repeat(15_000), '- '.repeat(30_000), `${'a:\n'.repeat(200)}`];
    for (const text of deep) {
      parseMapping('send', text);
      parseCapturePage(text);
    }
  });
});

describe('what visitors and their browsers send', () => {
  const parsed = parseCapturePage(PAGE);
  it('a page is read, or every fault is told', () =>
    fuzz(fc.oneof(spoiled(PAGE, YAML_BITS), anyText), (text) => ((read) => read.ok || read.faults.length > 0)(parseCapturePage(text))));

  it('a form is read, whatever its fields are called and hold', () => {
    if (!parsed.ok) throw new Error('The page that ships is good.');
    const names = fc.oneof(fc.constantFrom('name', 'email', 'company', 'phone', 'website_url', 'f-note', 'c-newsletter', '__proto__', 'constructor'), anyText);
    fuzz(fc.dictionary(names, anyText), (form) => {
      const { answers } = readAnswers(parsed.page, form);
      return answers.email.length <= 100_000;
    });
  });

  it('touchpoints are read, or told to be none', () => {
    const one = {
      source: 'newsletter',
      medium: 'email',
      campaign: 'spring',
      page: 'https://example.com/?utm_source=x',
      referrer: 'https://example.com/',
      at: '2026-01-01T00:00:00Z',
      clicks: { gclid: 'x' },
    };
    fuzz(fc.oneof(anyJson, mutated([one, one]), mutated(one)), (value) => typeof readTouches(value, NOW).ok === 'boolean');
    fuzz(anyText, (text) => {
      carriedTouches(text);
      cleanText(text);
      pageOf(text);
      readTime(text);
    });
    fuzz(fc.tuple(fc.webUrl({ withQueryParameters: true, withFragments: true }), anyText), ([url, referrer]) => void touchOfVisit(new URL(url), referrer, NOW));
  });

  it('a body is an object, or refused', () =>
    fuzz(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        anyJson.map((value) => Buffer.from(JSON.stringify(value))),
      ),
      (body) => copes(() => parseBody(body), 'request.malformed'),
    ));
});

describe('files and answers of others', () => {
  const CSV = lines(
    'email,text,version,wording_file,captured_at,time_zone,source,evidence',
    'ada@example.com,newsletter,1,,2026-01-01T10:00:00+01:00,Europe/Berlin,"a, fair",form 12',
    '"ben@example.com",newsletter,1,"a ""b""",2026-01-01,UTC,x,y',
  );
  const bits = fc.oneof(anyText, fc.constantFrom('"', '""', ',', ';', '\r\n', '\n', '\r', '\ufeff', '\0', '=cmd()', ','.repeat(3000)));
  const context = { texts: [], now: NOW, file: 'a.csv', wording: () => null };

  it('an import is read row by row, or its faults are told', () => {
    fuzz(fc.oneof(spoiled(CSV, bits), anyText), (text) => {
      const file = readImportFile(text, 'csv');
      return !file.ok || file.rows.every((row) => readImportRow(row, context).ok || true);
    });
    const rows = [{ email: 'ada@example.com', text: 'newsletter', version: 1, captured_at: '2026-01-01T10:00:00Z', source: 'a fair' }];
    fuzz(
      fc.oneof(anyJson, mutated(rows)).map((value) => JSON.stringify(value)),
      (text) => {
        const file = readImportFile(text, 'json');
        return !file.ok || file.rows.every((row) => readImportRow(row, context).ok || true);
      },
    );
  });

  it('a CSV of a CRM is read', () => fuzz(fc.oneof(spoiled('"Id","Name"\n"1","a ""b"""\n', bits), anyText), (text) => copes(() => rowsOf(text))));

  it('an Outbound Message is read, or said to be none', () => {
    const text = projectFile('connectors/salesforce/samples/several-opportunities.xml');
    fuzz(
      fc.oneof(
        mutatedXml(text).map((xml) => Buffer.from(xml)),
        fc.uint8Array({ maxLength: 300 }),
      ),
      (body) => copes(() => readOutboundMessage(body), 'delivery.malformed'),
    );
  });

  it('a time stamp is read, or said to be none', () => {
    const [digest, nonce] = [Buffer.alloc(32, 1), Buffer.alloc(8, 2)];
    const query = timestampQuery(digest, nonce);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(query.length - 1).chain((at) => fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.from(query).fill(byte, at, at + 1))),
    );
    fuzz(bytes, (answer) => {
      try {
        readTimestamp(Buffer.from(answer), digest, nonce);
        return false;
      } catch (error) {
        return error instanceof RangeError;
      }
    });
  });

  it('a report is asked for, or refused', () =>
    fuzz(fc.record({ by: anyText, model: anyText, from: anyText, to: anyText }, { requiredKeys: [] }), (asked) => copes(() => readAsk(asked, NOW))));

  it('an address leads into the internet, or is refused', () => fuzz(fc.oneof(anyText, fc.ipV4(), fc.ipV6()), (text) => typeof isPublicAddress(text) === 'boolean'));
});
