import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { id18, isId } from '#connectors/salesforce/ids';
import { moment } from '#connectors/salesforce/moment';
import { containing, datetime, idList, query, quoted } from '#connectors/salesforce/soql';
import { Problem } from '#core/problem';
import { json, openWire } from './wire.ts';

const RUNS = { numRuns: 1000 };
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom("'", '\\', '"', '%', '_', '\n', '\r', '\0', '\u2028', '\ud800', "' OR Id != null OR Name = '", 'x', ' '), { maxLength: 12 })
    .map((parts) => parts.join('')),
);
/** Reads a literal as Salesforce does: the text it stands for, and what is left behind it. */
function readLiteral(soql: string): { text: string; rest: string } {
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', "'": "'", '"': '"', '\\': '\\', '%': '%', _: '_' };
  expect(soql.startsWith("'")).toBe(true);
  let text = '';
  for (let at = 1; at < soql.length; at++) {
    const char = soql.charAt(at);
    if (char === "'") return { text, rest: soql.slice(at + 1) };
    if (char !== '\\') text += char;
    else {
      const stands = named[soql.charAt(++at)];
      if (stands === undefined) throw new Error('An escape that SOQL does not know.');
      text += stands;
    }
  }
  throw new Error('A literal without an end.');
}
const asStored = (text: string) => text.replace(/\p{Cs}/gu, '\ufffd').replace(/[^\P{Cc}\n\r\t\b\f]/gu, ' ');

describe('a text in a query', () => {
  test('ends where its literal ends, and stands for itself', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(readLiteral(`${quoted(text)} AND IsDeleted = false`)).toEqual({ text: asStored(text), rest: ' AND IsDeleted = false' });
      }),
      RUNS,
    );
  });
  test('as a pattern too, with no joker of its own', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const literal = containing(text);
        expect(readLiteral(literal)).toEqual({ text: `%${asStored(text)}%`, rest: '' });
        const jokers = literal.slice(2, -2).replace(/\\[^]/g, '');
        expect(jokers).not.toMatch(/[%_]/);
      }),
      RUNS,
    );
  });
  test('can be sent: no half of a surrogate pair is left', () => fc.assert(fc.property(anyText, (text) => encodeURIComponent(quoted(text)).length > 0)));
});

describe('ids', () => {
  const short = fc.stringMatching(/^[A-Za-z0-9]{15}$/);
  test('have the suffix that Salesforce documents', () => {
    expect(id18('0017F00002aBcDe')).toBe('0017F00002aBcDeQAK');
    expect(id18('001000000000001')).toBe('001000000000001AAA');
    expect(id18('001A0000006Vm9r')).toBe('001A0000006Vm9rIAC');
  });
  test('of both lengths are the same', () => {
    fc.assert(
      fc.property(short, (id) => {
        const long = id18(id);
        return isId(id) && isId(long) && id18(long) === long && long.startsWith(id);
      }),
      RUNS,
    );
  });
  test('whose case was lost on the way are none', () => {
    fc.assert(
      fc.property(short, (id) => {
        const long = id18(id);
        const flipped = long.slice(0, 15).replace(/[a-z]/i, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())) + long.slice(15);
        return flipped === long || !isId(flipped);
      }),
      RUNS,
    );
  });
  test.each(['', '0017F00002aBcD', '0017F00002aBcDeQA', "0017F00002aBcDe'--", '0017F00002aBcDeQAK ', '0017F00002aBcDeqae'])('%j is none', (text) => {
    expect(isId(text)).toBe(false);
    expect(() => id18(text)).toThrow(Problem);
  });
  test('are texts', () => expect([null, 5, {}, undefined].some(isId)).toBe(false));
  test('in a list stand once each, and an empty list finds nobody', () => {
    expect(idList(['0017F00002aBcDe', '0017F00002aBcDeQAK'])).toBe("('0017F00002aBcDeQAK')");
    expect(idList([])).toBe("('000000000000000AAA')");
    expect(() => idList(["x' OR Id != '"])).toThrow(Problem);
  });
});

test('times are read as REST and SOAP write them, and written as SOQL reads them', () => {
  const at = Date.UTC(2026, 2, 1, 10, 0, 5);
  for (const text of ['2026-03-01T10:00:05.000+0000', '2026-03-01T10:00:05.000Z', '2026-03-01T12:00:05+02:00']) expect(moment(text)).toBe(at);
  for (const text of ['', 'yesterday', '2026-03-01', '2026-13-01T10:00:05Z', null, 5]) expect(moment(text)).toBeNull();
  expect(datetime(at)).toBe('2026-03-01T10:00:05.000Z');
});

describe('a query', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  });
  async function wireOf(answer: Parameters<typeof openWire>[0]) {
    const wire = await openWire(answer);
    ends.push(wire.close);
    return wire;
  }

  test('is followed page by page, at the path that the answer names', async () => {
    const wire = await wireOf((_seen, response, count) =>
      json(
        response,
        200,
        count < 3 ? { done: false, nextRecordsUrl: `/services/data/v67.0/query/01g-${count}`, records: [{ Id: count }] } : { done: true, records: [{ Id: count }] },
      ),
    );
    expect(await query<{ Id: number }>(wire.callTo(), "SELECT Id FROM Task WHERE Subject = 'a&b+c'")).toEqual([{ Id: 1 }, { Id: 2 }, { Id: 3 }]);
    expect(wire.seen.map(({ url }) => url)).toEqual([
      '/services/data/v67.0/query?q=SELECT%20Id%20FROM%20Task%20WHERE%20Subject%20%3D%20%27a%26b%2Bc%27',
      '/services/data/v67.0/query/01g-1',
      '/services/data/v67.0/query/01g-2',
    ]);
  });
  test('whose pages do not end is given up', async () => {
    const wire = await wireOf((_seen, response) => json(response, 200, { done: false, nextRecordsUrl: '/services/data/v67.0/query/01g-1', records: [] }));
    await expect(query(wire.callTo(), 'SELECT Id FROM Task')).rejects.toMatchObject({ code: 'vendor.odd-answer' });
    expect(wire.seen).toHaveLength(25);
  });
  test('asks the recycle bin too where it is told to', async () => {
    const wire = await wireOf((_seen, response) => json(response, 200, { done: true, records: [] }));
    await query(wire.callTo(), 'SELECT Id FROM Task', true);
    expect(wire.seen[0]?.url).toContain('/queryAll?');
  });
  test.each([[null], [[]], [{}], [{ records: {} }], [{ records: [], done: false }], [{ records: [], done: false, nextRecordsUrl: 'https://elsewhere.example.com/' }]])(
    'answered by %j is odd',
    async (answer) => {
      const wire = await wireOf((_seen, response) => json(response, 200, answer));
      await expect(query(wire.callTo(), 'SELECT Id FROM Task')).rejects.toMatchObject({ code: 'vendor.odd-answer' });
    },
  );
  test('longer than an address may be is not sent', async () => {
    const wire = await wireOf((_seen, response) => json(response, 200, {}));
    await expect(query(wire.callTo(), `SELECT Id FROM Task WHERE Subject = ${quoted('ä'.repeat(3000))}`)).rejects.toMatchObject({ code: 'internal.bug' });
    expect(wire.seen).toEqual([]);
  });
});
